use core::ops::Range;

/// Neighbouring bits of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first bit.
    pub start: u64,
    /// How many bits; never 0.
    pub len: u64,
    /// Their value.
    pub value: bool,
}

impl Run {
    /// The bits, from the first to the one past the last.
    #[must_use]
    pub const fn range(&self) -> Range<u64> {
        // Runs lie below `Runs::len_bits`, so that the sum fits.
        self.start..self.start.saturating_add(self.len)
    }
}
