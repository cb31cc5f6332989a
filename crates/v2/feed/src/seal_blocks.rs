//! Where the bytes of staged blocks go.

use crate::blocks::Gather;
use crate::layout::Numbered;
use crate::stage::Sealed;
use crate::{Blocks, Feed, FeedError, Store};
use hyperfeed_flat_tree::{NodeIndex, full_roots};
use hyperfeed_storage::Durability;
use std::collections::BTreeSet;

impl Feed {
    /// Writes the bytes of staged blocks: into the batch, or to their place in the attached file. Blocks without a
    /// proven place go into the batch, and those that have one now leave the store.
    pub(crate) fn write_blocks(
        &mut self,
        store: &mut Store,
        durability: Durability,
        sealed: &mut Sealed,
    ) -> Result<(), FeedError> {
        let slot = self.record.slot;
        if !self.blocks.is_attached() {
            let appended = (self.head.length..).zip(&self.stage.appended);
            let put = self.stage.put.iter().map(|(block, data)| (*block, data));
            for (block, data) in appended.chain(put) {
                store.part.put(&Numbered::Block.key(slot, block), data);
            }
            return Ok(());
        }
        let placed = self.place_put(store, sealed)?;
        let moved = self.place_waiting(store)?;
        let start = (self.head.length, self.head.byte_length());
        let Blocks::Attached(file) = &mut self.blocks else {
            return Ok(());
        };
        let mut gather = Gather::new(&mut **file, core::mem::take(&mut store.gathered));
        let (mut block, mut offset) = start;
        for data in &self.stage.appended {
            gather.write(offset, data)?;
            block += 1;
            offset = offset.saturating_add(data.len() as u64);
            sealed.cursor = Some((block, offset));
        }
        for (block, offset) in placed {
            if let Some(data) = self.stage.put.get(&block) {
                gather.write(offset, data)?;
                sealed.cursor = Some((block + 1, offset.saturating_add(data.len() as u64)));
            }
        }
        let mut durability = durability;
        for (block, offset) in moved {
            let key = Numbered::Block.key(slot, block);
            let data = store.kv().get(&key)?;
            let data = data.ok_or_else(|| Self::corrupt("block", block, "missing"))?;
            gather.write(offset, &data)?;
            store.part.delete(&key);
            sealed.placed.push(block);
            // It may be durable where it is: it must not be less so where it goes.
            durability = Durability::Power;
        }
        for block in &sealed.waiting {
            if let Some(data) = self.stage.put.get(block) {
                store.part.put(&Numbered::Block.key(slot, *block), data);
            }
        }
        store.gathered = gather.finish(durability)?;
        Ok(())
    }

    /// The staged blocks of peers that have a proven offset, and it; the others are to wait.
    fn place_put(
        &self,
        store: &mut Store,
        sealed: &mut Sealed,
    ) -> Result<Vec<(u64, u64)>, FeedError> {
        let mut placed = Vec::new();
        let mut next = self.cursor;
        for (block, data) in &self.stage.put {
            let offset = match next {
                Some((at, offset)) if at == *block => Some(offset),
                _ => self.proven_offset(store, *block)?,
            };
            match offset {
                Some(offset) => {
                    placed.push((*block, offset));
                    next = Some((block + 1, offset.saturating_add(data.len() as u64)));
                }
                None => sealed.waiting.push(*block),
            }
        }
        Ok(placed)
    }

    /// The waiting blocks whose offset becomes proven by what is staged.
    fn place_waiting(&self, store: &mut Store) -> Result<Vec<(u64, u64)>, FeedError> {
        let mut moved = Vec::new();
        if self.waiting.is_empty() {
            return Ok(moved);
        }
        // A block's offset is a sum over left siblings of its way up: only those under the sibling of a node that
        // becomes proven can be concerned.
        let mut concerned = BTreeSet::new();
        for node in self.stage.nodes.keys().copied() {
            let is_left = node < node.sibling();
            if is_left && self.knows(node) && self.is_proven(node) && !self.was_proven(node) {
                concerned.extend(self.waiting.range(node.sibling().blocks()).copied());
            }
        }
        for block in concerned {
            if let Some(offset) = self.proven_offset(store, block)? {
                moved.push((block, offset));
            }
        }
        Ok(moved)
    }

    /// The byte offset of a block, if a hash covers every size it is made of, with what is staged.
    fn proven_offset(&self, store: &mut Store, block: u64) -> Result<Option<u64>, FeedError> {
        let is_proven = |root: NodeIndex| self.knows(root) && self.is_proven(root);
        if !full_roots(block).all(is_proven) {
            return Ok(None);
        }
        let mut offset = 0u64;
        for root in full_roots(block) {
            let node = self.staged_node(store, root)?;
            let node = node.ok_or_else(|| Self::corrupt("node", root.get(), "missing"))?;
            offset = offset.saturating_add(node.size);
        }
        Ok(Some(offset))
    }
}
