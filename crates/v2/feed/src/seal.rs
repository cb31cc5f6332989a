use crate::head::Head;
use crate::layout::{self, Numbered, PAGE_NODES};
use crate::serve::SIGNATURE_VERSION;
use crate::stage::{Sealed, Stage};
use crate::{Committed, Feed, FeedError, FeedRecord, Store};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::Node;
use hyperfeed_storage::Durability;
use hyperfeed_v2_crypto::KeyPair;

impl Feed {
    /// Turns what is staged into what will be stored: writes the bytes of blocks, and puts nodes, bitmap pages, one
    /// signature over the last length, and the head into the store's batch. Does nothing if nothing is staged.
    ///
    /// Nothing else may be staged until [`committed`](Self::committed) or [`discard_staged`](Self::discard_staged).
    /// If the batch was [dropped](Store::clear_batch) because another feed failed, seal again.
    ///
    /// # Errors
    /// Storage; [`FeedError::Behind`] if a longer signed length turned up after blocks were appended;
    /// [`FeedError::Conflict`]. Discard what is staged then.
    pub fn seal(&mut self, store: &mut Store, durability: Durability) -> Result<(), FeedError> {
        if self.stage.is_empty() {
            return Ok(());
        }
        match self.seal_part(store, durability) {
            Ok(()) => store.keep_part(),
            Err(error) => {
                store.drop_part();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Lets memory follow a commit of what was [sealed](Self::seal), and says what is new.
    pub fn committed(&mut self) -> Committed {
        self.fresh = false;
        let Some(stage) = self.stage.take() else {
            return Committed::default();
        };
        let Some(sealed) = stage.sealed else {
            return Committed::default();
        };
        let old = self.head.length;
        self.head = sealed.head;
        self.cursor = sealed.cursor;
        if let Some(record) = sealed.record {
            self.record = record;
            self.unsaved_record = false;
        }
        if let Some(repaired) = stage.repaired {
            self.held = repaired.held;
            self.tree = repaired.tree;
            for block in repaired.dropped {
                self.waiting.remove(&block.get());
            }
            return Committed::default();
        }
        let appended = match stage.appended.len() as u64 {
            0 => 0..0,
            blocks => old..old + blocks,
        };
        self.held.insert_range(appended.clone());
        let put = stage.put.keys().copied().filter_map(BlockIndex::new);
        let put: Vec<BlockIndex> = put.collect();
        for block in &put {
            self.held.insert(block.get());
        }
        // First what is implied from now on: that costs nothing for each node.
        self.tree.set_contiguous(self.head.contiguous);
        for node in stage.nodes.keys() {
            self.tree.insert(*node);
        }
        for block in sealed.placed {
            self.waiting.remove(&block);
        }
        self.waiting.extend(sealed.waiting);
        if self
            .signed_beyond
            .is_some_and(|length| length <= self.head.length)
        {
            self.signed_beyond = None;
        }
        Committed {
            appended,
            put,
            finalized: stage.finalized.is_some(),
        }
    }

    fn seal_part(&mut self, store: &mut Store, durability: Durability) -> Result<(), FeedError> {
        self.check_unchanged(store)?;
        if self.stage.conflict {
            return Err(FeedError::Behind {
                held: self.head.contiguous,
                signed: self.signed_beyond.unwrap_or(self.head.length),
            });
        }
        if self.stage.repaired.is_some() {
            return self.seal_repair(store);
        }
        let mut sealed = Sealed {
            head: self.next_head()?,
            record: self.next_record(store)?,
            waiting: Vec::new(),
            placed: Vec::new(),
            cursor: self.cursor,
        };
        self.write_blocks(store, durability, &mut sealed)?;
        self.write_nodes(store)?;
        self.write_held(store, &sealed.head);
        self.write_tree(store, &sealed.head);
        self.write_signatures(store, &sealed.head)?;
        self.finish_seal(store, sealed);
        Ok(())
    }

    pub(crate) fn finish_seal(&mut self, store: &mut Store, sealed: Sealed) {
        let slot = self.record.slot;
        store.part.put(&layout::head(slot), &sealed.head.encode());
        if let Some(record) = &sealed.record {
            if record.id != self.record.id {
                store.part.delete(&layout::id(&self.record.id));
            }
            store.put_record(record);
        }
        self.stage.sealed = Some(sealed);
    }

    /// Two handles of one feed would sign different blocks for one index.
    fn check_unchanged(&self, store: &Store) -> Result<(), FeedError> {
        let found = store.kv().get(&layout::head(self.record.slot))?;
        match found {
            Some(record) if record == self.head.encode() => Ok(()),
            None if self.fresh => Ok(()),
            _ => Err(FeedError::Conflict),
        }
    }

    fn next_head(&self) -> Result<Head, FeedError> {
        let mut head = self.head.clone();
        let Stage {
            appender,
            appended,
            anchor,
            put,
            nodes,
            bytes,
            ..
        } = &*self.stage;
        if let Some(anchor) = anchor {
            head.length = anchor.length;
            head.roots.clone_from(&anchor.roots);
            head.signature.clone_from(&anchor.signature);
        }
        // A size that a hash covers replaces what was only claimed.
        for root in &mut head.roots {
            if let Some(node) = nodes.get(&root.index) {
                root.size = node.size;
            }
        }
        if let Some(appender) = appender {
            head.length = appender.length();
            head.roots = appender.roots().to_vec();
            head.contiguous = head.length;
            let sign = |pair: &KeyPair| pair.sign(&appender.roots_hash());
            head.signature = self.pair.as_ref().map(sign);
        } else {
            head.contiguous = self.held.first_unset(head.contiguous);
            for block in put.range(head.contiguous..).map(|(block, _)| *block) {
                if block > head.contiguous {
                    break;
                }
                head.contiguous += 1;
                if self.held.get(head.contiguous) {
                    head.contiguous = self.held.first_unset(head.contiguous);
                }
            }
        }
        let blocks = appended.len() + put.len();
        head.held_blocks = head.held_blocks.saturating_add(blocks as u64);
        head.held_bytes = head.held_bytes.saturating_add(*bytes);
        Ok(head)
    }

    /// The catalogue record, if the commit changes it.
    fn next_record(&self, store: &Store) -> Result<Option<FeedRecord>, FeedError> {
        let slot = self.record.slot;
        let (kind, finalized) = (self.stage.kind, self.stage.finalized);
        if kind.is_none() && finalized.is_none() && !self.unsaved_record {
            return Ok(None);
        }
        // Not the copy in memory: the alias may be newer.
        let record = store.record(slot)?;
        let mut record = record.ok_or(FeedError::NotFound { slot })?;
        record.kind = kind.unwrap_or(self.record.kind);
        record.writable = self.record.writable;
        if let Some((key, id)) = finalized {
            record.key = Some(key);
            record.id = id;
        }
        Ok(Some(record))
    }

    fn write_nodes(&self, store: &mut Store) -> Result<(), FeedError> {
        let mut nodes: Vec<&Node> = self.stage.grown.iter().collect();
        nodes.extend(self.stage.nodes.values());
        nodes.sort_by_key(|node| node.index);
        let slot = self.record.slot;
        let mut current = None;
        for node in nodes {
            let number = node.index.get() / PAGE_NODES;
            let (at, mut page) = match current.take() {
                Some((at, page)) if at == number => (at, page),
                other => {
                    if let Some((at, page)) = other {
                        store.put_page(slot, at, page);
                    }
                    (number, store.page(slot, number)?)
                }
            };
            page.set(node.index.get() % PAGE_NODES, node.size, &node.hash);
            current = Some((at, page));
        }
        if let Some((at, page)) = current {
            store.put_page(slot, at, page);
        }
        Ok(())
    }

    /// Signatures of lengths that are not the current one, as far as a proof may need them.
    ///
    /// A proof of a feed without gaps goes to its current length, always. Only a copy with gaps may know of some node
    /// by an older length alone.
    fn write_signatures(&self, store: &mut Store, head: &Head) -> Result<(), FeedError> {
        let slot = self.record.slot;
        let was_whole = self.head.contiguous == self.head.length;
        if head.contiguous == head.length {
            if !was_whole {
                store.delete_all(&Numbered::Signature.prefix(slot))?;
            }
            return Ok(());
        }
        let current = self
            .head
            .signature
            .iter()
            .map(|signature| (&self.head.length, signature));
        let superseded = current.chain(&self.stage.signatures);
        for (length, signature) in superseded.filter(|(length, _)| **length != head.length) {
            let mut record = vec![SIGNATURE_VERSION];
            record.extend_from_slice(signature.as_bytes());
            store
                .part
                .put(&Numbered::Signature.key(slot, *length), &record);
        }
        Ok(())
    }
}
