use core::fmt;
use hyperfeed_flat_tree::NodeIndex;

/// Why a tree cannot grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendError {
    /// The roots handed in are not the full roots of the length.
    Roots {
        /// The length, in blocks.
        length: u64,
    },
    /// More bytes than [`MAX_SIZE`](crate::MAX_SIZE) beneath a node, or in the feed.
    SizeOverflow {
        /// The leaf or root at which they became too many.
        node: NodeIndex,
    },
    /// The feed has as many blocks as can be numbered.
    TooLong,
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Roots { length } => write!(f, "these are not the roots of {length} blocks"),
            Self::SizeOverflow { node } => write!(f, "too many bytes at node {node}"),
            Self::TooLong => f.write_str("too many blocks"),
        }
    }
}

impl core::error::Error for AppendError {}
