use core::fmt;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};

/// Why a block and its proof do not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// A hash differs from that of the node that is held.
    ChecksumMismatch {
        /// The node.
        node: NodeIndex,
    },
    /// A node is needed that is neither in the proof nor held, or was not handed in as planned.
    MissingNode {
        /// The node.
        node: NodeIndex,
    },
    /// More bytes beneath a node than [`MAX_SIZE`](crate::MAX_SIZE).
    SizeOverflow {
        /// The node.
        node: NodeIndex,
    },
    /// A node lies past the last block that can be numbered.
    TooFar {
        /// The node.
        node: NodeIndex,
    },
    /// The proof vouches for roots that are not made from the block.
    Unbound {
        /// The block.
        block: BlockIndex,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChecksumMismatch { node } => {
                write!(f, "checksum mismatch at node {node}")
            }
            Self::MissingNode { node } => write!(f, "node {node} is missing"),
            Self::SizeOverflow { node } => write!(f, "too many bytes at node {node}"),
            Self::TooFar { node } => write!(f, "node {node} is past the last block"),
            Self::Unbound { block } => {
                write!(
                    f,
                    "the proof of block {block} leads to roots it is not under"
                )
            }
        }
    }
}

impl core::error::Error for VerifyError {}
