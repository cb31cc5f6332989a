use crate::head::Head;
use crate::layout;
use crate::staging::Staging;
use crate::{Blocks, Feed, FeedError, FeedRecord, Kind, Store};
use hyperfeed_bitfield::Bitfield;
use hyperfeed_merkle::TreeIndex;
use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_crypto::{KeyPair, public_id};
use std::collections::BTreeSet;

impl Feed {
    /// A new live feed that `pair` signs for. Its record and head are put into the batch; the caller commits.
    ///
    /// The secret key is not stored: save it before committing.
    ///
    /// # Errors
    /// The store has the feed; storage.
    pub fn create_live(
        store: &mut Store,
        pair: KeyPair,
        blocks: Blocks,
    ) -> Result<Self, FeedError> {
        let key = pair.key();
        let id = public_id(&key);
        Self::create(store, Kind::Live, Some(key), id, blocks, Some(pair))
    }

    /// A new static feed, known as `local_id` until it is [finalized](Self::stage_finalize). Into the batch.
    ///
    /// # Errors
    /// The store has a feed with this id; storage.
    pub fn create_static(
        store: &mut Store,
        local_id: PublicId,
        blocks: Blocks,
    ) -> Result<Self, FeedError> {
        Self::create(store, Kind::Static, None, local_id, blocks, None)
    }

    /// An empty copy of the feed with this key, live or static: the first proof tells. Into the batch.
    ///
    /// # Errors
    /// The store has the feed; storage.
    pub fn create_clone(
        store: &mut Store,
        key: FeedKey,
        blocks: Blocks,
    ) -> Result<Self, FeedError> {
        let id = public_id(&key);
        Self::create(store, Kind::Unknown, Some(key), id, blocks, None)
    }

    fn create(
        store: &mut Store,
        kind: Kind,
        key: Option<FeedKey>,
        id: PublicId,
        blocks: Blocks,
        pair: Option<KeyPair>,
    ) -> Result<Self, FeedError> {
        if let Some(slot) = store.find(&id)? {
            return Err(FeedError::Exists { slot });
        }
        let record = FeedRecord {
            slot: store.allocate()?,
            kind,
            key,
            id,
            writable: kind != Kind::Unknown,
            attached: blocks.is_attached(),
            alias: None,
        };
        let head = Head::default();
        store.put_record(&record);
        store.part.put(&layout::head(record.slot), &head.encode());
        store.keep_part();
        Ok(Self {
            record,
            unsaved_record: false,
            pair,
            blocks,
            head,
            fresh: true,
            held: Bitfield::new(),
            tree: TreeIndex::new(),
            waiting: BTreeSet::new(),
            distrusted: BTreeSet::new(),
            signed_beyond: None,
            stale: false,
            adopted: Vec::new(),
            cursor: None,
            stage: Staging::default(),
        })
    }
}
