/// The generator splitmix64: a seed gives the same sequence for ever, on every platform.
#[derive(Clone, Debug)]
pub(crate) struct SplitMix(u64);

impl SplitMix {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `most`, both included.
    pub(crate) const fn up_to(&mut self, most: usize) -> usize {
        // The remainder is below `most + 1` and so fits; the slight bias does not matter here.
        match (most as u64).checked_add(1) {
            Some(count) => (self.next() % count) as usize,
            None => self.next() as usize,
        }
    }

    pub(crate) const fn coin(&mut self) -> bool {
        self.next() >> 63 == 1
    }
}
