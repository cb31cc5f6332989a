//! Blocks of an append, and their hashes.

use bytes::Bytes;
use hyperfeed_types::Hash;
use hyperfeed_v2_feed::leaf_hash;
use hyperfeed_v2_replicate::Leaf;
use std::sync::{Arc, OnceLock};

/// Blocks that are hashed from both ends: by the task that appends them from the front, and by the owner, if it gets
/// to them before they are done, from the back. So one writer has two cores, and an owner that is busy finds the work
/// done.
#[derive(Clone)]
pub(crate) struct Hashing(Arc<[(Bytes, OnceLock<Hash>)]>);

impl Hashing {
    pub(crate) fn new(blocks: impl IntoIterator<Item = Bytes>) -> Self {
        let blocks = blocks.into_iter();
        Self(blocks.map(|block| (block, OnceLock::new())).collect())
    }

    /// Whether it is worth to have the owner help.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.len() > 1 && self.0.iter().map(|(block, _)| block.len()).sum::<usize>() >= SHARED
    }

    /// Hashes what is not hashed, from the front.
    pub(crate) fn hash(&self) {
        for (block, hash) in &*self.0 {
            hash.get_or_init(|| leaf_hash(block));
        }
    }

    /// Hashes what is not hashed, from the back. Waits for one block at most, the one that the other side is at.
    pub(crate) fn into_leaves(self) -> Vec<Leaf> {
        let leaf = |(block, hash): &(Bytes, OnceLock<Hash>)| {
            let hash = *hash.get_or_init(|| leaf_hash(block));
            Leaf::hashed(block.clone(), hash)
        };
        let mut leaves: Vec<Leaf> = self.0.iter().rev().map(leaf).collect();
        leaves.reverse();
        leaves
    }
}

/// Bytes that take about as long to hash as to wake the owner.
const SHARED: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_together_hash_every_block() {
        for count in [0, 1, 2, 3, 100] {
            let blocks: Vec<Bytes> = (0..count).map(|at: u8| vec![at; 3000].into()).collect();
            let hashing = Hashing::new(blocks.clone());
            assert_eq!(hashing.is_shared(), count == 100);
            let owner = hashing.clone();
            let leaves = std::thread::spawn(move || owner.into_leaves());
            hashing.hash();
            let expected: Vec<Leaf> = blocks.into_iter().map(Leaf::new).collect();
            assert_eq!(leaves.join().unwrap(), expected);
        }
    }
}
