//! What is in the blocks: decided by feed and index alone, so that anybody can check any block.

/// The block of a feed at an index: 40 to about 1,000 bytes.
pub(crate) fn block(feed: usize, index: u64) -> Vec<u8> {
    let mut random = mix((feed as u64) << 40 | index);
    let length = 40 + (random % 960) as usize;
    let mut bytes = format!("feed {feed}, block {index}. ").into_bytes();
    while bytes.len() < length {
        random = mix(random);
        bytes.extend_from_slice(&random.to_le_bytes());
    }
    bytes
}

/// SplitMix64's step: a number that looks like chance.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Draws, one after another.
#[derive(Debug, Clone)]
pub(crate) struct Lot(pub(crate) u64);

impl Lot {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = mix(self.0);
        self.0 % end.max(1)
    }
}
