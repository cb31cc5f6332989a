//! What a peer has asked for and not got yet.

use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::Digest;
use std::collections::{BTreeSet, VecDeque};

/// Requests of a peer for one feed, in order, each block once.
///
/// A peer that asks again while the answer is on its way would otherwise get the block twice, and one whose link is
/// slower than its patience would never see the end of the queue.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    queue: VecDeque<(BlockIndex, Digest)>,
    blocks: BTreeSet<BlockIndex>,
}

impl Asked {
    pub(crate) fn push(&mut self, block: BlockIndex, digest: Digest) {
        if self.blocks.insert(block) {
            self.queue.push_back((block, digest));
        }
    }

    pub(crate) fn pop(&mut self) -> Option<(BlockIndex, Digest)> {
        let next = self.queue.pop_front()?;
        self.blocks.remove(&next.0);
        Some(next)
    }

    /// The blocks at the front of the queue, as long as they count up from `next`.
    pub(crate) fn run_from(&self, next: u64) -> impl Iterator<Item = BlockIndex> {
        let numbered = self.queue.iter().zip(next..);
        let run = numbered.take_while(|((block, _), number)| block.get() == *number);
        run.map(|((block, _), _)| *block)
    }

    pub(crate) fn remove(&mut self, block: BlockIndex) {
        if self.blocks.remove(&block)
            && let Some(at) = self.queue.iter().position(|(asked, _)| *asked == block)
        {
            self.queue.remove(at);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
