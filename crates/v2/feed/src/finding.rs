use core::fmt;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};

/// Something stored that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What.
    pub what: Suspect,
    /// Why.
    pub why: &'static str,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suspect {
    /// The bytes of a block, or its leaf.
    Block(BlockIndex),
    /// A node, or one of its children.
    Node(NodeIndex),
    /// What vouches for a length.
    Signature {
        /// In blocks.
        length: u64,
    },
}

impl Finding {
    /// A block whose bytes do not have the [hash](crate::Block::leaf) they must have, or cannot be read.
    #[must_use]
    pub const fn block(block: BlockIndex, why: &'static str) -> Self {
        Self {
            what: Suspect::Block(block),
            why,
        }
    }

    pub(crate) const fn node(node: NodeIndex, why: &'static str) -> Self {
        Self {
            what: Suspect::Node(node),
            why,
        }
    }

    pub(crate) const fn signature(length: u64, why: &'static str) -> Self {
        Self {
            what: Suspect::Signature { length },
            why,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            Suspect::Block(block) => write!(f, "block {block} {}", self.why),
            Suspect::Node(node) => write!(f, "node {node} {}", self.why),
            Suspect::Signature { length } => write!(f, "signature of length {length} {}", self.why),
        }
    }
}
