//! Blocks that are read before their turn.

use crate::asked::Asked;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_v2_feed::{Block, Feed, FeedError, Store};
use std::collections::VecDeque;

/// Blocks that a peer asks for one after the other, read in one piece: a read costs more than a small block.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    /// The number of the first of `blocks`.
    next: u64,
    blocks: VecDeque<Block>,
}

impl ReadAhead {
    /// A held block; with it are read those that the queue goes on with.
    pub(crate) fn block(
        &mut self,
        feed: &mut Feed,
        store: &mut Store,
        block: BlockIndex,
        asked: &Asked,
    ) -> Result<Option<Block>, FeedError> {
        if self.next != block.get() || self.blocks.is_empty() {
            self.next = block.get();
            let end = asked.run_from(block.get() + 1).take(MAX_BLOCKS - 1);
            let end = end.take_while(|next| feed.has(*next)).last();
            self.blocks = match end {
                // What cannot be read together is read one by one, so that one bad block spoils no other.
                Some(end) => feed
                    .neighbours(store, block.get()..end.get() + 1, MAX_BYTES)
                    .unwrap_or_default()
                    .into(),
                None => VecDeque::new(),
            };
        }
        match self.blocks.pop_front() {
            Some(read) => {
                self.next += 1;
                Ok(Some(read))
            }
            None => feed.block(store, block),
        }
    }
}

/// Bytes read together: what a peer that stays away keeps in memory.
const MAX_BYTES: usize = 32 << 10;
/// Blocks read together.
const MAX_BLOCKS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use hyperfeed_merkle::Digest;
    use hyperfeed_storage::{Durability, MemoryFile, MemoryStore, RandomAccess};
    use hyperfeed_v2_crypto::KeyPair;
    use hyperfeed_v2_feed::{Blocks, leaf_hash};

    #[test]
    fn a_block_that_cannot_be_read_spoils_none_of_those_asked_for_with_it() {
        let mut store = Store::open(Box::new(MemoryStore::new())).unwrap();
        let mut file = MemoryFile::new();
        let blocks = Blocks::Attached(Box::new(file.share()));
        let pair = KeyPair::from_seed(&[1; 32]);
        let mut feed = Feed::create_live(&mut store, pair, blocks).unwrap();
        for byte in 0..4 {
            let leaf = leaf_hash(&[byte; 10]);
            feed.stage_append(&mut store, vec![byte; 10].into(), leaf)
                .unwrap();
        }
        feed.seal(&mut store, Durability::Process).unwrap();
        store.commit(Durability::Process).unwrap();
        feed.committed();

        let mut read = |next: u64| {
            let (mut ahead, mut asked) = (ReadAhead::default(), Asked::default());
            for block in next..4 {
                asked.push(BlockIndex::new(block).unwrap(), Digest::NONE);
            }
            let mut found = Vec::new();
            while let Some((block, _)) = asked.pop() {
                let read = ahead.block(&mut feed, &mut store, block, &asked);
                found.push(read.ok().flatten().map(|block| block.data[0]));
            }
            found
        };
        assert_eq!(read(0), [Some(0), Some(1), Some(2), Some(3)]);
        file.truncate(39).unwrap();
        assert_eq!(read(0), [Some(0), Some(1), Some(2), None]);
        assert_eq!(read(2), [Some(2), None]);
    }
}
