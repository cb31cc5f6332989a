use crate::Node;
use alloc::vec::Vec;
use hyperfeed_types::Hash;

/// What follows from a block and its proof, once the [`anchor`](Self::anchor) is good.
///
/// Store the [`nodes`](Self::nodes), then mark them, in order, in the [`TreeIndex`](crate::TreeIndex).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The leaf, each sibling and parent on the way up, then the roots that were not held before.
    ///
    /// Nodes on the way that were held before come again, for now their size is proven.
    pub nodes: Vec<Node>,
    /// How many of the nodes, the first ones, have a size that a hash covers: all those on the way up.
    ///
    /// The roots after them do not: the roots hash leaves sizes out, and whoever made the proof can have lied. Their
    /// hashes are good. Such a size must not place data; it is proven once a parent or a block beneath comes by.
    pub proven: usize,
    /// What vouches for the nodes.
    pub anchor: Anchor,
}

impl Verified {
    /// The nodes whose size a hash covers.
    #[must_use]
    pub fn proven_nodes(&self) -> &[Node] {
        self.nodes.get(..self.proven).unwrap_or(&self.nodes)
    }

    /// The nodes whose size was taken on trust.
    #[must_use]
    pub fn unproven_nodes(&self) -> &[Node] {
        self.nodes.get(self.proven..).unwrap_or_default()
    }
}

/// What vouches for the nodes of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// A node that is held, with an equal hash. Nothing is left to check.
    Held,
    /// The roots of a length, for which someone has to vouch: check a signature over the hash (a live feed), or that it
    /// equals the key (a static one). Only then do the nodes count.
    Roots {
        /// The length, in blocks.
        length: u64,
        /// The roots hash.
        hash: Hash,
        /// The full roots of the length. Sizes are proven only where said so.
        roots: Vec<Node>,
        /// Nodes of the proof that were not used. Upstream refuses a block that comes with any.
        unread: usize,
    },
}
