//! Blocks to work with.

use bytes::Bytes;

/// Blocks that differ from each other and compress badly, cheaply made: the bytes of one pseudorandom page, from a
/// place that moves.
#[derive(Debug)]
pub(crate) struct Blocks {
    page: Bytes,
    bytes: usize,
}

impl Blocks {
    pub(crate) fn new(bytes: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let page: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .flatten()
        .take(bytes + SHIFTS)
        .collect();
        Self {
            page: page.into(),
            bytes,
        }
    }

    /// The block of this number. Costs no copy.
    pub(crate) fn get(&self, number: u64) -> Bytes {
        let start = (number % SHIFTS as u64) as usize;
        self.page.slice(start..start + self.bytes)
    }

    /// Blocks of these numbers.
    pub(crate) fn range(&self, numbers: std::ops::Range<u64>) -> impl Iterator<Item = Bytes> {
        numbers.map(|number| self.get(number))
    }
}

const SHIFTS: usize = 4096;
