//! How much work a run does.

/// How much work a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sizes {
    Quick,
    Normal,
    Full,
}

impl Sizes {
    /// A count of blocks, fewer in a quick run.
    pub(crate) const fn of(self, blocks: u64) -> u64 {
        match self {
            Self::Quick => blocks.div_ceil(10),
            Self::Normal | Self::Full => blocks,
        }
    }

    /// Length of the feed that stands for a very long one.
    pub(crate) const fn long_feed(self) -> u64 {
        match self {
            Self::Quick => 100_000,
            Self::Normal => 1_000_000,
            Self::Full => 10_000_000,
        }
    }

    /// The option that stands for it.
    pub(crate) const fn option(self) -> Option<&'static str> {
        match self {
            Self::Quick => Some("--quick"),
            Self::Normal => None,
            Self::Full => Some("--full"),
        }
    }
}
