use crate::room::Room;
use bytes::Bytes;
use hyperfeed_types::Hash;

/// A stored block, and the hash it must have.
///
/// Reading does not hash: whoever hands the block on does, in a thread of its own, and takes a block with another hash
/// for corrupt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The bytes. See [`into_own_bytes`](Self::into_own_bytes) before you keep them.
    pub data: Bytes,
    /// The leaf hash that the feed has for it.
    pub leaf: Hash,
}

impl Block {
    /// The bytes, to be kept: a small block that was just read shares memory with others, and would keep theirs with it.
    /// Copies a small block.
    #[must_use]
    pub fn into_own_bytes(self) -> Bytes {
        if self.data.len() <= Room::SMALL {
            return Bytes::copy_from_slice(&self.data);
        }
        self.data
    }

    /// Whether the bytes have the hash they must have. Costs the hashing.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        crate::leaf_hash(&self.data) == self.leaf
    }
}
