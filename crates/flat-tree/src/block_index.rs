use core::fmt;

/// The number of a block in its feed, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BlockIndex(u64);

impl BlockIndex {
    /// The first block.
    pub const ZERO: Self = Self(0);
    /// The largest index: its leaf is the largest even [`NodeIndex`](crate::NodeIndex). 2^52 - 1, so that peers that
    /// count in doubles can follow.
    pub const MAX: Self = Self((1 << 52) - 1);

    /// The block with this number; `None` past [`MAX`](Self::MAX).
    #[must_use]
    pub const fn new(index: u64) -> Option<Self> {
        if index <= Self::MAX.0 {
            Some(Self(index))
        } else {
            None
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for BlockIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<BlockIndex> for u64 {
    fn from(index: BlockIndex) -> Self {
        index.0
    }
}
