use crate::expect::load_expected;
use crate::head::Head;
use crate::layout::{self, Numbered};
use crate::staging::Staging;
use crate::{Blocks, Feed, FeedError, FeedRecord, Kind, Slot, Store};
use core::ops::{ControlFlow, Range};
use hyperfeed_bitfield::{Bitfield, PAGE_BYTES, Page};
use hyperfeed_merkle::{TreeHash, TreeIndex};
use hyperfeed_v2_crypto::{KeyPair, SecretKey, Sha256Tree, verify};
use std::collections::BTreeSet;

/// What memory knows of a feed.
struct Loaded {
    head: Head,
    held: Bitfield,
    tree: TreeIndex,
    waiting: BTreeSet<u64>,
    expected: Option<u64>,
}

impl Feed {
    /// Opens a feed of the store. Reads the head, verifies it, and reads the bitmap pages, of which a feed without
    /// gaps has none; no nodes, no blocks.
    ///
    /// Without the secret key a live feed can be read and served. With it, a copy becomes its owner's.
    ///
    /// # Errors
    /// No such feed; a secret key of another feed; blocks in another place than the feed was created with; a head
    /// that does not verify; storage.
    pub fn open(
        store: &mut Store,
        slot: Slot,
        secret: Option<SecretKey>,
        blocks: Blocks,
    ) -> Result<Self, FeedError> {
        let mut record = store.record(slot)?.ok_or(FeedError::NotFound { slot })?;
        if record.attached != blocks.is_attached() {
            return Err(FeedError::WrongBlocks {
                attached: record.attached,
            });
        }
        let stored = record.clone();
        let pair = secret.map(KeyPair::from_secret);
        if let Some(pair) = &pair {
            if record.key != Some(pair.key()) {
                return Err(FeedError::WrongSecret);
            }
            record.kind = Kind::Live;
            record.writable = true;
        }
        let unsaved_record = record != stored;
        let loaded = Loaded::load(store, &record)?;
        let mut feed = Self {
            record,
            unsaved_record,
            pair,
            blocks,
            head: loaded.head,
            fresh: false,
            held: loaded.held,
            tree: loaded.tree,
            waiting: loaded.waiting,
            distrusted: BTreeSet::new(),
            signed_beyond: loaded.expected,
            stale: false,
            adopted: Vec::new(),
            cursor: None,
            stage: Staging::default(),
        };
        feed.cut_stray_bytes()?;
        Ok(feed)
    }

    /// Forgets what is staged and reads from the store what is really there: after a failed seal or commit. What the
    /// failed commit stored all the same, if it did, is adopted, and made durable first.
    ///
    /// Memory stays as it was if this fails; the next `stage_*` call tries again.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn discard_staged(&mut self, store: &mut Store) -> Result<(), FeedError> {
        self.stage.take();
        self.stale = true;
        self.ready(store)
    }

    /// Blocks that a commit stored though it failed, since this was last asked: they are held, and whoever was told of
    /// the failure does not know it.
    pub fn take_adopted(&mut self) -> Vec<Range<u64>> {
        core::mem::take(&mut self.adopted)
    }

    /// Makes sure that memory is what the store has, before anything new is staged. Does nothing unless a commit
    /// failed and [`discard_staged`](Self::discard_staged) failed as well; any `stage_*` call does it, too.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn ready(&mut self, store: &mut Store) -> Result<(), FeedError> {
        if !self.stale {
            return Ok(());
        }
        store.barrier()?;
        let slot = self.record.slot;
        let mut record = store.record(slot)?.ok_or(FeedError::NotFound { slot })?;
        if self.unsaved_record {
            record.kind = Kind::Live;
            record.writable = true;
        }
        let loaded = Loaded::load(store, &record)?;
        let found = loaded.held.runs(0..u64::MAX);
        let found: Vec<Range<u64>> = found.flat_map(|run| self.held.gaps(run)).collect();
        self.adopted.extend(found);
        self.record = record;
        self.head = loaded.head;
        self.held = loaded.held;
        self.tree = loaded.tree;
        self.waiting = loaded.waiting;
        self.signed_beyond = self.signed_beyond.max(loaded.expected);
        self.cursor = None;
        self.fresh = false;
        self.cut_stray_bytes()?;
        self.stale = false;
        Ok(())
    }

    /// Cuts bytes off the attached file that a failed append of ours left behind its end.
    fn cut_stray_bytes(&mut self) -> Result<(), FeedError> {
        let is_whole = self.head.contiguous == self.head.length;
        if let Blocks::Attached(file) = &mut self.blocks
            && self.record.writable
            && is_whole
        {
            let end = self.head.byte_length();
            if file.len()? > end {
                file.truncate(end)?;
            }
        }
        Ok(())
    }
}

impl Loaded {
    fn load(store: &Store, record: &FeedRecord) -> Result<Self, FeedError> {
        let slot = record.slot;
        let corrupt = |why| Feed::corrupt("head", slot.get().into(), why);
        let kv = store.kv();
        let head = kv
            .get(&layout::head(slot))?
            .ok_or_else(|| corrupt("missing"))?;
        let head = Head::decode(&head).ok_or_else(|| corrupt("unreadable"))?;
        verify_head(record, &head)?;

        let mut held = bitmap(store, Numbered::Held, slot)?;
        held.insert_range(0..head.contiguous);
        let first = held.first_unset(0);
        if held.count() != head.held_blocks || first != head.contiguous {
            return Err(corrupt("counts other blocks than the bitmap"));
        }
        let mut tree = TreeIndex::new();
        for (number, page) in bitmap(store, Numbered::Tree, slot)?.pages() {
            tree.set_page(number, page);
        }
        tree.set_contiguous(head.contiguous);

        let mut waiting = BTreeSet::new();
        if record.attached {
            kv.scan(&Numbered::Block.prefix(slot), &mut |key, _| {
                waiting.extend(layout::number_of(key));
                ControlFlow::Continue(())
            })?;
        }
        let expected = load_expected(store, slot)?.filter(|length| *length > head.length);
        Ok(Self {
            head,
            held,
            tree,
            waiting,
            expected,
        })
    }
}

/// A head must be vouched for as a proof is: by a signature, or by the key itself.
pub(crate) fn verify_head(record: &FeedRecord, head: &Head) -> Result<(), FeedError> {
    if head.length == 0 {
        return Ok(());
    }
    let corrupt = |why| Feed::corrupt("head", record.slot.get().into(), why);
    let hash = Sha256Tree::roots(&head.roots);
    match (record.kind, record.key, &head.signature) {
        (Kind::Live, Some(key), Some(signature)) => {
            verify(&key, &hash, signature).map_err(|_| corrupt("signature does not verify"))
        }
        (Kind::Static, Some(key), None) if key.as_bytes() == hash.as_bytes() => Ok(()),
        (Kind::Static, Some(_), None) => Err(corrupt("roots hash is not the key")),
        // Not finalized: nobody vouches but the store.
        (Kind::Static, None, None) => Ok(()),
        _ => Err(corrupt("not vouched for")),
    }
}

fn bitmap(store: &Store, what: Numbered, slot: Slot) -> Result<Bitfield, FeedError> {
    let mut bits = Bitfield::new();
    let mut damaged = None;
    store.kv().scan(&what.prefix(slot), &mut |key, record| {
        let number = layout::number_of(key);
        match (number, decode_page(record)) {
            // Indices are below 2^53, pages have 2^12.
            (Some(number), Some(page)) if number >> 41 == 0 => bits.set_page(number, page),
            _ => damaged = Some(number.unwrap_or(0)),
        }
        ControlFlow::Continue(())
    })?;
    match damaged {
        None => Ok(bits),
        Some(number) => Err(Feed::corrupt("bitmap page", number, "unreadable")),
    }
}

/// A bitmap page from its record: the version, and the bits unless all are set.
fn decode_page(record: &[u8]) -> Option<Page> {
    let (version, bits) = record.split_first()?;
    if *version != PAGE_VERSION {
        return None;
    }
    match bits.len() {
        0 => Some(Page::Full),
        PAGE_BYTES => Some(Page::Mixed(bits.try_into().ok()?)),
        _ => None,
    }
}

pub(crate) const PAGE_VERSION: u8 = 1;
