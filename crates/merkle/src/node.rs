use crate::TreeHash;
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_types::Hash;

/// The largest size of a node, in bytes: 2^53 - 1, the largest number that peers that count in doubles can tell.
pub const MAX_SIZE: u64 = (1 << 53) - 1;

/// A node of a feed's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Node {
    /// Where it is.
    pub index: NodeIndex,
    /// Bytes of all blocks beneath.
    pub size: u64,
    /// The hash of the leaf's data, or of the two children.
    pub hash: Hash,
}

impl Node {
    /// The parent of this node and its sibling; `None` if their sizes add up to more than [`MAX_SIZE`].
    pub(crate) fn join<T: TreeHash>(&self, sibling: &Self) -> Option<Self> {
        let size = add_sizes(self.size, sibling.size)?;
        let (left, right) = if self.index < sibling.index {
            (self, sibling)
        } else {
            (sibling, self)
        };
        Some(Self {
            index: self.index.parent(),
            size,
            hash: T::parent(left, right),
        })
    }
}

/// The sum, unless it is more than [`MAX_SIZE`].
pub(crate) fn add_sizes(a: u64, b: u64) -> Option<u64> {
    a.checked_add(b).filter(|sum| *sum <= MAX_SIZE)
}
