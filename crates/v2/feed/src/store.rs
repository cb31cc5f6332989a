use crate::beside::Beside;
use crate::layout::{self, Numbered, PAGE_NODES};
use crate::node_page::NodePage;
use crate::offset_cache::OffsetCache;
use crate::page_cache::PageCache;
use crate::room::Room;
use crate::{FeedError, Slot};
use core::fmt;
use core::ops::ControlFlow;
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::Node;
use hyperfeed_storage::{Batch, Durability, KeyValue};

/// The store of many feeds: a [`KeyValue`], the batch that is being built, a bounded cache, and the catalogue.
///
/// Feeds put into the batch ([`Feed::seal`](crate::Feed::seal)), the caller commits it once for all of them
/// ([`commit`](Self::commit)), and then tells each feed ([`Feed::committed`](crate::Feed::committed)).
pub struct Store {
    pub(crate) kv: Box<dyn KeyValue>,
    pub(crate) batch: Batch,
    /// What comes with the batch.
    pub(crate) beside: Beside,
    /// What one feed is putting together: goes into the batch as a whole or not at all.
    pub(crate) part: Batch,
    pub(crate) part_beside: Beside,
    next_slot: u32,
    cache: PageCache,
    pub(crate) offsets: OffsetCache,
    /// Room for block bytes on their way to a file, kept from commit to commit.
    pub(crate) gathered: Vec<u8>,
    /// Room for blocks that are read.
    pub(crate) room: Room,
    /// The class of a commit that failed, of which nobody knows whether it happened.
    uncertain: Option<Durability>,
    /// Feeds whose removal is in the batch, or committed and not finished.
    pub(crate) removing: Vec<Slot>,
}

impl Store {
    /// Opens the store in `kv`, which may be empty. Finishes removals that were interrupted.
    ///
    /// # Errors
    /// Storage; a meta record of another format.
    pub fn open(kv: Box<dyn KeyValue>) -> Result<Self, FeedError> {
        let next_slot = match kv.get(layout::META)? {
            None => 0,
            Some(meta) => decode_meta(&meta).ok_or(FeedError::Corrupt {
                what: "meta record",
                at: 0,
                why: "unknown format",
            })?,
        };
        let mut removing = Vec::new();
        kv.scan(layout::ALL_REMOVED, &mut |key, _| {
            removing.extend(layout::slot_of(key));
            ControlFlow::Continue(())
        })?;
        let mut store = Self {
            kv,
            batch: Batch::new(),
            beside: Beside::default(),
            part: Batch::new(),
            part_beside: Beside::default(),
            next_slot,
            cache: PageCache::new(),
            offsets: OffsetCache::new(),
            gathered: Vec::new(),
            room: Room::default(),
            uncertain: None,
            removing,
        };
        store.sweep()?;
        Ok(store)
    }

    /// Makes the batch durable in its class, all or nothing, and starts a new one. Does nothing without a batch.
    ///
    /// # Errors
    /// Storage. The batch and the cache are dropped; feeds that had put something into the batch have to
    /// [discard](crate::Feed::discard_staged) what they have staged: that finds out what is really there.
    pub fn commit(&mut self, durability: Durability) -> Result<(), FeedError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let committed = self.kv.commit(&self.batch, durability);
        self.batch.clear();
        self.beside.records.clear();
        if let Err(error) = committed {
            self.clear_batch();
            self.cache.clear();
            self.offsets.clear();
            self.uncertain = self.uncertain.max(Some(durability));
            return Err(error.into());
        }
        if self.uncertain <= Some(durability) {
            self.uncertain = None;
        }
        if core::mem::take(&mut self.beside.resized) {
            self.offsets.clear();
        }
        for (slot, number, page) in self.beside.pages.drain(..) {
            self.cache.insert(slot, number, page);
        }
        // The removed feeds are out of the catalogue; if their data cannot be deleted now, the next opening tries.
        let _ = self.sweep();
        Ok(())
    }

    /// Drops the batch: what feeds have put into it they have to put again, or discard.
    pub fn clear_batch(&mut self) {
        self.batch.clear();
        self.beside = Beside::default();
        self.removing.clear();
    }

    /// Closes the key-value store; everything committed is durable then, whatever its class was.
    ///
    /// # Errors
    /// Storage.
    pub fn close(&mut self) -> Result<(), FeedError> {
        self.clear_batch();
        Ok(self.kv.close()?)
    }

    /// A slot that no feed has or had. Creating a feed does this by itself.
    ///
    /// # Errors
    /// After 2^32 - 1 feeds.
    pub fn allocate(&mut self) -> Result<Slot, FeedError> {
        let slot = Slot::new(self.next_slot);
        self.next_slot = self
            .next_slot
            .checked_add(1)
            .ok_or(FeedError::OutOfBounds)?;
        self.batch.put(layout::META, &encode_meta(self.next_slot));
        Ok(slot)
    }

    /// Whether something is in the batch.
    #[must_use]
    pub const fn has_batch(&self) -> bool {
        !self.batch.is_empty()
    }

    /// The key-value store beneath.
    #[must_use]
    pub fn kv(&self) -> &dyn KeyValue {
        &*self.kv
    }

    /// The stored node, as committed.
    pub(crate) fn node(&mut self, slot: Slot, index: NodeIndex) -> Result<Option<Node>, FeedError> {
        let (number, place) = (index.get() / PAGE_NODES, index.get() % PAGE_NODES);
        if self.cache.get(slot, number).is_none() {
            let room = self.cache.evict(slot, number);
            let page = self.load_page(slot, number, room)?;
            self.cache.insert(slot, number, page);
        }
        let page = self.cache.get(slot, number);
        let found = page.and_then(|page| page.get(place));
        Ok(found.map(|(size, hash)| Node { index, size, hash }))
    }

    /// A node page, as committed, to change.
    pub(crate) fn page(&self, slot: Slot, number: u64) -> Result<NodePage, FeedError> {
        match self.cache.get(slot, number) {
            Some(page) => Ok(page.clone()),
            None => self.load_page(slot, number, Vec::new()),
        }
    }

    /// Takes what a feed has put together into the batch.
    pub(crate) fn keep_part(&mut self) {
        if self.batch.is_empty() {
            core::mem::swap(&mut self.batch, &mut self.part);
        } else {
            self.batch.append(&self.part);
        }
        self.part.clear();
        self.beside.pages.append(&mut self.part_beside.pages);
        self.beside.records.append(&mut self.part_beside.records);
        self.beside.resized |= core::mem::take(&mut self.part_beside.resized);
    }

    /// Forgets what a feed was putting together.
    pub(crate) fn drop_part(&mut self) {
        self.part.clear();
        self.part_beside = Beside::default();
    }

    /// Puts a changed node page into the part.
    pub(crate) fn put_page(&mut self, slot: Slot, number: u64, page: NodePage) {
        let key = Numbered::Nodes.key(slot, number);
        if page.is_empty() {
            self.part.delete(&key);
        } else {
            self.part.put(&key, page.record());
        }
        self.part_beside.pages.push((slot, number, page));
    }

    /// What a feed is putting together changes sizes that were final.
    pub(crate) fn note_resized(&mut self) {
        self.part_beside.resized = true;
    }

    /// Deletes what starts with a prefix: into the part.
    pub(crate) fn delete_all(&mut self, prefix: &[u8]) -> Result<(), FeedError> {
        let part = &mut self.part;
        self.kv.scan(prefix, &mut |key, _| {
            part.delete(key);
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// Commits nothing but certainty: whatever an earlier commit that failed might still bring back is gone, and what
    /// can be read is durable.
    pub(crate) fn barrier(&mut self) -> Result<(), FeedError> {
        self.offsets.clear();
        self.cache.clear();
        if self.uncertain.is_none() {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.put(layout::META, &encode_meta(self.next_slot));
        self.kv.commit(&batch, Durability::Power)?;
        self.uncertain = None;
        Ok(())
    }

    /// A node page, read into memory that is there already.
    fn load_page(
        &self,
        slot: Slot,
        number: u64,
        mut record: Vec<u8>,
    ) -> Result<NodePage, FeedError> {
        let key = Numbered::Nodes.key(slot, number);
        if !self.kv.get_into(&key, &mut record)? {
            return Ok(NodePage::in_place_of(record));
        }
        NodePage::from_record(record).ok_or(FeedError::Corrupt {
            what: "node page",
            at: number,
            why: "unreadable",
        })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("next_slot", &self.next_slot)
            .field("batch", &self.batch)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

/// Number of the format: the version byte of the meta record.
const FORMAT: u8 = 1;

fn encode_meta(next_slot: u32) -> [u8; 5] {
    let [a, b, c, d] = next_slot.to_be_bytes();
    [FORMAT, a, b, c, d]
}

fn decode_meta(meta: &[u8]) -> Option<u32> {
    let (format, next_slot) = meta.split_first()?;
    let next_slot = u32::from_be_bytes(next_slot.try_into().ok()?);
    (*format == FORMAT).then_some(next_slot)
}
