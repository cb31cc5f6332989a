use hyperfeed_types::Hash;

/// Neighbouring blocks in the attached file of a feed: where they lie, and the hashes they must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The first of them.
    pub first: u64,
    /// Its byte offset in the file. The others follow it without a gap.
    pub offset: u64,
    /// Size in bytes and leaf hash of each.
    pub leaves: Vec<(usize, Hash)>,
}

impl Placed {
    /// The block after the last of them.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first.saturating_add(self.leaves.len() as u64)
    }

    /// Bytes of all of them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.leaves.iter().map(|(size, _)| size).sum()
    }
}
