//! Blocks that a file is too short for.

use crate::{Blocks, Feed, FeedError, Store};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};
use hyperfeed_merkle::Node;

impl Feed {
    /// The held blocks past the end of the attached file, ascending: a loss of power takes bytes that were not synced,
    /// and may leave the commit that speaks of them. Reading them is an error; a repair drops them.
    ///
    /// Asks for the length of the file. Reads nodes only for a feed with gaps, and for what is lost.
    ///
    /// # Errors
    /// Storage.
    pub fn lost_blocks(&self, store: &mut Store) -> Result<Vec<BlockIndex>, FeedError> {
        let mut lost = Vec::new();
        let Blocks::Attached(file) = &self.blocks else {
            return Ok(lost);
        };
        let length = file.len()?;
        if self.is_complete() && self.byte_length() <= length {
            return Ok(lost);
        }
        let runs: Vec<_> = self.held.runs(0..self.head.length).collect();
        // Places ascend with the index: the last blocks are lost first.
        let held = runs.into_iter().rev().flat_map(Iterator::rev);
        for block in held.filter_map(BlockIndex::new) {
            if !self.is_placed(block) {
                continue;
            }
            match self.place(store, block)? {
                Some((_, 0)) => {}
                Some((offset, size)) if offset.saturating_add(size) > length => lost.push(block),
                // Damaged nodes are for a check to find.
                Some(_) | None => break,
            }
        }
        lost.reverse();
        Ok(lost)
    }

    /// Byte offset and size of a block, if the nodes that tell can be read.
    fn place(&self, store: &mut Store, block: BlockIndex) -> Result<Option<(u64, u64)>, FeedError> {
        let mut size = |node| {
            let node = self.lenient(store, node)?;
            Ok::<_, FeedError>(node.map(|node: Node| node.size))
        };
        let mut offset = Some(0u64);
        for root in full_roots(block.get()) {
            offset = offset
                .zip(size(root)?)
                .map(|(sum, size)| sum.saturating_add(size));
        }
        Ok(offset.zip(size(NodeIndex::leaf(block))?))
    }
}
