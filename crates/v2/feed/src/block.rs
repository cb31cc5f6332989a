use bytes::Bytes;
use hyperfeed_types::Hash;

/// A stored block, and the hash it must have.
///
/// Reading does not hash: whoever hands the block on does, in a thread of its own, and takes a block with another hash
/// for corrupt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The bytes.
    pub data: Bytes,
    /// The leaf hash that the feed has for it.
    pub leaf: Hash,
}

impl Block {
    /// Whether the bytes have the hash they must have. Costs the hashing.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        crate::leaf_hash(&self.data) == self.leaf
    }
}
