use crate::layout::{Numbered, PAGE_NODES};
use crate::{Block, Blocks, Feed, FeedError, Kind, Placed, Proof, Store};
use bytes::Bytes;
use core::ops::Range;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};
use hyperfeed_merkle::{Digest, Node};
use hyperfeed_types::Signature;
use hyperfeed_v2_wire::limits::MAX_FRAME;

impl Feed {
    /// A held block and the hash it must have; `None` if it is not held. Does not hash.
    ///
    /// Blocks read one after the other from an attached file cost no search for their place.
    ///
    /// # Errors
    /// Storage; a held block that is not there.
    pub fn block(
        &mut self,
        store: &mut Store,
        index: BlockIndex,
    ) -> Result<Option<Block>, FeedError> {
        if !self.has(index) {
            return Ok(None);
        }
        let leaf = self.stored(store, NodeIndex::leaf(index))?;
        let (data, next) = self.read(store, index, leaf.size)?;
        if data.len() as u64 != leaf.size {
            return Err(Self::corrupt(
                "block",
                index.get(),
                "has another size than its leaf",
            ));
        }
        self.cursor = next.or(self.cursor);
        Ok(Some(Block {
            data,
            leaf: leaf.hash,
        }))
    }

    /// Where in the attached file the blocks of a run that is held lie, from its front: as many as have `max_bytes`
    /// together, and one at least. `None` if the first of them is not held there. Reads no block.
    ///
    /// For whoever reads the file elsewhere, and in the meantime the feed may change: blocks that turn out to be others
    /// have to be read again with [`block`](Self::block) before they count as damaged.
    ///
    /// # Errors
    /// Storage; a node that is not there.
    pub fn placed(
        &mut self,
        store: &mut Store,
        run: Range<u64>,
        max_bytes: usize,
    ) -> Result<Option<Placed>, FeedError> {
        let offset = match BlockIndex::new(run.start) {
            Some(first) if self.has(first) && self.is_placed(first) => {
                self.offset(store, first.get())?
            }
            _ => return Ok(None),
        };
        let mut placed = Placed {
            first: run.start,
            offset,
            leaves: Vec::new(),
        };
        let mut bytes = 0_usize;
        for index in run.filter_map(BlockIndex::new) {
            if !self.has(index) || !self.is_placed(index) {
                break;
            }
            let leaf = match self.stored(store, NodeIndex::leaf(index)) {
                Err(error) if placed.leaves.is_empty() => return Err(error),
                // That is for the next piece to tell.
                Err(_) => break,
                Ok(leaf) => leaf,
            };
            let size = usize::try_from(leaf.size).unwrap_or(usize::MAX);
            let is_full = bytes.saturating_add(size) > max_bytes && !placed.leaves.is_empty();
            if is_full || size > MAX_FRAME {
                break;
            }
            bytes += size;
            placed.leaves.push((size, leaf.hash));
        }
        self.cursor = Some((placed.end(), offset.saturating_add(bytes as u64)));
        Ok((!placed.leaves.is_empty()).then_some(placed))
    }

    /// The blocks that [`placed`](Self::placed) tells of, read in one piece, whose memory they share. None if there are
    /// none. Does not hash.
    ///
    /// # Errors
    /// Storage; a node that is not there.
    pub fn neighbours(
        &mut self,
        store: &mut Store,
        run: Range<u64>,
        max_bytes: usize,
    ) -> Result<Vec<Block>, FeedError> {
        let Some(placed) = self.placed(store, run, max_bytes)? else {
            return Ok(Vec::new());
        };
        let mut data = vec![0; placed.bytes()];
        if let Blocks::Attached(file) = &self.blocks {
            file.read(placed.offset, &mut data)?;
        }
        let mut data = Bytes::from(data);
        let blocks = placed.leaves.into_iter().map(|(size, leaf)| Block {
            data: data.split_to(size),
            leaf,
        });
        Ok(blocks.collect())
    }

    /// What makes a held block checkable for somebody with this digest; `None` if it is not held.
    ///
    /// # Errors
    /// A static feed that is not finalized has no proofs; storage; a node or a signature that is not there.
    pub fn proof(
        &mut self,
        store: &mut Store,
        index: BlockIndex,
        digest: Digest,
    ) -> Result<Option<Proof>, FeedError> {
        if !self.has(index) {
            return Ok(None);
        }
        if self.record.key.is_none() {
            return Err(FeedError::NotFinalized);
        }
        let Some(plan) = self.tree.proof(NodeIndex::leaf(index), digest) else {
            return Err(Self::corrupt(
                "node",
                index.get() * 2,
                "leaf of a held block is not known",
            ));
        };
        let mut nodes = Vec::with_capacity(plan.nodes.len());
        for node in plan.nodes {
            nodes.push(self.stored(store, node)?);
        }
        let signature = match (self.record.kind, plan.verified_by) {
            (Kind::Live, length) if length > 0 => Some(self.signature_of(store, length)?),
            _ => None,
        };
        Ok(Some(Proof { nodes, signature }))
    }

    /// The block that has a byte of the feed, and the place of the byte in it. `None` past the end, and in a copy also
    /// where the sizes of blocks are not known yet. Costs a node a level.
    ///
    /// # Errors
    /// Storage; a node that is not there.
    pub fn seek(
        &mut self,
        store: &mut Store,
        byte: u64,
    ) -> Result<Option<(BlockIndex, u64)>, FeedError> {
        let mut rest = byte;
        for root in self.head.roots.clone() {
            if !self.was_proven(root.index) {
                return Ok(None);
            }
            if rest < root.size {
                return self.seek_below(store, root, rest);
            }
            rest -= root.size;
        }
        Ok(None)
    }

    fn seek_below(
        &self,
        store: &mut Store,
        root: Node,
        mut rest: u64,
    ) -> Result<Option<(BlockIndex, u64)>, FeedError> {
        let mut at = root.index;
        while let Some((left, right)) = at.children() {
            if !self.was_proven(left) {
                return Ok(None);
            }
            let size = self.stored(store, left)?.size;
            if rest < size {
                at = left;
            } else {
                rest -= size;
                at = right;
            }
        }
        Ok(at.block().map(|block| (block, rest)))
    }

    /// The byte offset of a block in the attached file, from the sizes to its left, whoever vouched for them.
    fn offset(&self, store: &mut Store, block: u64) -> Result<u64, FeedError> {
        if let Some((at, offset)) = self.cursor
            && at == block
        {
            return Ok(offset);
        }
        if block > self.head.contiguous {
            return self.size_of(store, full_roots(block));
        }
        // All to the left is held, so that the sizes there are final.
        let (slot, page) = (self.record.slot, block / PAGE_BLOCKS);
        let start = page * PAGE_BLOCKS;
        let before = match store.offsets.get(slot, page) {
            Some(known) => known,
            None => {
                let offset = self.size_of(store, full_roots(start))?;
                store.offsets.insert(slot, page, offset);
                offset
            }
        };
        let within = full_roots(block).filter(|root| root.blocks().start >= start);
        Ok(before.saturating_add(self.size_of(store, within)?))
    }

    fn size_of(
        &self,
        store: &mut Store,
        nodes: impl Iterator<Item = NodeIndex>,
    ) -> Result<u64, FeedError> {
        let mut sum = 0u64;
        for node in nodes {
            sum = sum.saturating_add(self.stored(store, node)?.size);
        }
        Ok(sum)
    }

    /// A node that has to be there.
    pub(crate) fn stored(&self, store: &mut Store, index: NodeIndex) -> Result<Node, FeedError> {
        let found = store.node(self.record.slot, index)?;
        found.ok_or_else(|| Self::corrupt("node", index.get(), "missing"))
    }

    /// The bytes of a block of this size, and the block after it with its offset if it is in the attached file.
    fn read(
        &self,
        store: &mut Store,
        index: BlockIndex,
        size: u64,
    ) -> Result<(Bytes, Option<(u64, u64)>), FeedError> {
        if !self.is_placed(index) {
            return Ok((self.read_stored(store, index)?, None));
        }
        let offset = self.offset(store, index.get())?;
        let data = self.read_placed(store, index, offset, size)?;
        Ok((data, Some((index.get() + 1, offset.saturating_add(size)))))
    }

    /// Whether a held block is in the attached file.
    pub(crate) fn is_placed(&self, index: BlockIndex) -> bool {
        self.blocks.is_attached() && !self.waiting.contains(&index.get())
    }

    /// The bytes of a block in the store.
    pub(crate) fn read_stored(&self, store: &Store, index: BlockIndex) -> Result<Bytes, FeedError> {
        let key = Numbered::Block.key(self.record.slot, index.get());
        let data = store.kv().get(&key)?;
        data.map(Bytes::from)
            .ok_or_else(|| Self::corrupt("block", index.get(), "missing"))
    }

    /// The bytes of a block in the attached file.
    pub(crate) fn read_placed(
        &self,
        store: &mut Store,
        index: BlockIndex,
        offset: u64,
        size: u64,
    ) -> Result<Bytes, FeedError> {
        let length = match usize::try_from(size) {
            Ok(length) if length <= MAX_FRAME => length,
            _ => {
                return Err(Self::corrupt(
                    "block",
                    index.get(),
                    "larger than any block can be",
                ));
            }
        };
        let mut data = store.room.take(length);
        if let Blocks::Attached(file) = &self.blocks {
            file.read(offset, &mut data)?;
        }
        Ok(data.freeze())
    }

    pub(crate) fn signature_of(&self, store: &Store, length: u64) -> Result<Signature, FeedError> {
        if length == self.head.length
            && let Some(signature) = &self.head.signature
        {
            return Ok(signature.clone());
        }
        let record = store
            .kv()
            .get(&Numbered::Signature.key(self.record.slot, length))?;
        let corrupt = |why| Self::corrupt("signature", length, why);
        match record.as_deref().map(<[u8]>::split_first) {
            Some(Some((&SIGNATURE_VERSION, bytes))) => Ok(Signature::new(bytes)),
            Some(_) => Err(corrupt("unreadable")),
            None => Err(corrupt("missing")),
        }
    }
}

pub(crate) const SIGNATURE_VERSION: u8 = 1;

/// Blocks whose leaves share a node page.
const PAGE_BLOCKS: u64 = PAGE_NODES / 2;
