//! Feeds: creating, opening, closing, listing.

use super::{OpenFeed, Owner, Slot};
use crate::feed_view::FeedView;
use crate::files::NewBlocks;
use crate::shared::Shared;
use crate::unsynced::TrackedFile;
use crate::{Error, ErrorKind, Feed, FeedIdentity, FeedInfo, FeedOptions};
use hyperfeed_storage::Durability;
use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_crypto::{KeyPair, SecretKey, public_id};
use hyperfeed_v2_feed::{self as v2, Blocks, FeedRecord};
use hyperfeed_v2_replicate::SyncState;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Owner {
    pub(crate) fn create_live(
        &mut self,
        core: &Arc<Shared>,
        pair: KeyPair,
        options: FeedOptions,
    ) -> Result<Feed, Error> {
        let id = public_id(&pair.key());
        let identity = FeedIdentity {
            key: Some(pair.key()),
            public_id: id,
            kind: v2::Kind::Live,
            alias: options.alias.clone(),
        };
        let alias = self.free_alias(options.alias)?;
        let (file, made) = self.home.new_blocks(&identity, options.external)?;
        // Before the feed exists: a key without a feed is harmless, a feed without its key is lost.
        self.home.save_secret(&id, pair.secret())?;
        let slot = self
            .replicator
            .create_live(pair, blocks(&file), options.replicate)?;
        self.made(slot, made)?;
        self.enter(slot, file)?;
        self.opened(core, slot, alias)
    }

    pub(crate) fn create_static(
        &mut self,
        core: &Arc<Shared>,
        local_id: PublicId,
        options: FeedOptions,
    ) -> Result<Feed, Error> {
        let identity = FeedIdentity {
            key: None,
            public_id: local_id,
            kind: v2::Kind::Static,
            alias: options.alias.clone(),
        };
        let alias = self.free_alias(options.alias)?;
        let (file, made) = self.home.new_blocks(&identity, options.external)?;
        let slot = self
            .replicator
            .create_static(local_id, blocks(&file), options.replicate)?;
        self.made(slot, made)?;
        self.enter(slot, file)?;
        self.opened(core, slot, alias)
    }

    /// Opens the feed of a key; makes an empty copy, or a writable one with a secret key, if there is none.
    pub(crate) fn open_key(
        &mut self,
        core: &Arc<Shared>,
        key: FeedKey,
        options: FeedOptions,
    ) -> Result<Feed, Error> {
        if let Some(secret) = &options.secret
            && KeyPair::from_secret(secret.clone()).key() != key
        {
            let text =
                "the secret key belongs to another feed: its public half is not the key given";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let id = public_id(&key);
        if let Some(slot) = self.replicator.store().find(&id)? {
            return self.open_slot(core, slot, options);
        }
        if let Some(secret) = options.secret.clone() {
            return self.create_live(core, KeyPair::from_secret(secret), options);
        }
        let identity = FeedIdentity {
            key: Some(key),
            public_id: id,
            kind: v2::Kind::Unknown,
            alias: options.alias.clone(),
        };
        let alias = self.free_alias(options.alias)?;
        let (file, made) = self.home.new_blocks(&identity, options.external)?;
        let slot = self
            .replicator
            .create_clone(key, blocks(&file), options.replicate)?;
        self.made(slot, made)?;
        self.enter(slot, file)?;
        self.opened(core, slot, alias)
    }

    pub(crate) fn open_slot(
        &mut self,
        core: &Arc<Shared>,
        slot: Slot,
        options: FeedOptions,
    ) -> Result<Feed, Error> {
        let alias = match &options.alias {
            Some(alias) if self.replicator.store().by_alias(alias)? != Some(slot) => {
                self.free_alias(options.alias.clone())?
            }
            _ => None,
        };
        if let Some(secret) = &options.secret {
            let record = self.record(slot)?;
            if record.key != Some(KeyPair::from_secret(secret.clone()).key()) {
                let text = "the secret key belongs to another feed";
                return Err(Error::new(ErrorKind::InvalidInput, text));
            }
            self.home.save_secret(&record.id, secret)?;
        }
        if let Some(feed) = self.replicator.feed(slot) {
            let other_secret = options.secret.is_some() && !feed.is_writable();
            if options.external.is_some() || other_secret {
                let text = "the feed is open already; close it to open it with other storage or its secret key";
                return Err(Error::new(ErrorKind::InUse, text));
            }
            // Of an open feed this changes the options only.
            self.replicator
                .open_feed(slot, None, Blocks::InStore, options.replicate)?;
        } else {
            let file = self.load(slot, options)?;
            self.enter(slot, file)?;
        }
        self.opened(core, slot, alias)
    }

    /// Opens a feed of the store by public id, for a peer: without a handle.
    pub(super) fn open_stored(&mut self, id: &PublicId) -> Result<Option<Slot>, Error> {
        let Some(slot) = self.replicator.store().find(id)? else {
            return Ok(None);
        };
        if !self.feeds.contains_key(&slot) {
            let file = self.load(slot, FeedOptions::new())?;
            self.enter(slot, file)?;
            self.idle.insert(slot);
        }
        Ok(Some(slot))
    }

    pub(crate) fn close_feed(&mut self, view: &Arc<FeedView>) {
        let slot = view.slot;
        if !self
            .feeds
            .get(&slot)
            .is_some_and(|open| Arc::ptr_eq(&open.view, view))
        {
            return;
        }
        // What was appended in this turn still counts.
        let now = self.clock.now();
        self.replicator.commit(now);
        self.deliver();
        self.replicator.close_feed(now, slot);
        self.deliver();
        self.feeds.remove(&slot);
        view.close();
    }

    pub(super) fn release(&mut self, view: &Arc<FeedView>) {
        if let Some(open) = self.feeds.get_mut(&view.slot)
            && Arc::ptr_eq(&open.view, view)
        {
            open.handles = open.handles.saturating_sub(1);
            self.idle.insert(view.slot);
        }
    }

    /// Closes feeds that no handle and no connection uses any more.
    pub(super) fn close_idle(&mut self) {
        while let Some(slot) = self.idle.pop_first() {
            let unused = self
                .feeds
                .get(&slot)
                .filter(|open| open.handles == 0 && open.joined.is_empty());
            if let Some(view) = unused.map(|open| Arc::clone(&open.view)) {
                self.close_feed(&view);
            }
        }
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Result<(), Error> {
        let record = self.record(slot)?;
        if let Some(open) = self.feeds.get(&slot) {
            let view = Arc::clone(&open.view);
            self.close_feed(&view);
        }
        self.replicator.remove_feed(self.clock.now(), slot)?;
        self.home.remove(&record)
    }

    pub(crate) fn set_alias(&mut self, slot: Slot, alias: Option<String>) -> Result<(), Error> {
        if let Some(alias) = &alias
            && self.replicator.store().by_alias(alias)? == Some(slot)
        {
            return Ok(());
        }
        let alias = self.free_alias(alias)?;
        Ok(self.replicator.set_alias(slot, alias.as_deref())?)
    }

    pub(crate) fn list(&mut self) -> Result<Vec<FeedInfo>, Error> {
        let records = self.replicator.store().feeds()?;
        Ok(records
            .into_iter()
            .map(|record| self.info(record))
            .collect())
    }

    pub(crate) fn info(&mut self, record: FeedRecord) -> FeedInfo {
        let slot = record.slot;
        let open = self.feeds.contains_key(&slot);
        // A damaged feed is listed with nothing in it; opening it tells what is wrong.
        let loaded = open || self.load(slot, FeedOptions::new()).is_ok();
        let feed = self.replicator.feed(slot);
        let count = |of: fn(&v2::Feed) -> u64| feed.map_or(0, of);
        let info = FeedInfo {
            key: record.key,
            public_id: record.id,
            kind: feed.map_or(record.kind, v2::Feed::kind),
            writable: feed.map_or(record.writable, v2::Feed::is_writable),
            attached: record.attached,
            alias: record.alias,
            open,
            length: count(v2::Feed::length),
            byte_length: count(v2::Feed::byte_length),
            held_blocks: count(v2::Feed::held_blocks),
            held_bytes: count(v2::Feed::held_bytes),
        };
        if loaded && !open {
            self.replicator.close_feed(self.clock.now(), slot);
        }
        info
    }

    pub(crate) fn record(&self, slot: Slot) -> Result<FeedRecord, Error> {
        let record = self.replicator.store().record(slot)?;
        record.ok_or_else(|| Error::new(ErrorKind::NotFound, "the feed was removed"))
    }

    /// The secret key of a feed, for export.
    pub(crate) fn secret(&self, slot: Slot) -> Result<Option<SecretKey>, Error> {
        let record = self.record(slot)?;
        self.home.secret(&record.id)
    }

    pub(crate) fn open_feed(&self, slot: Slot) -> Result<&v2::Feed, Error> {
        self.replicator
            .feed(slot)
            .ok_or_else(|| Error::new(ErrorKind::Closed, "the feed was closed; open it again"))
    }

    pub(crate) fn sync_state(&self, slot: Slot) -> Result<SyncState, Error> {
        let state = self.replicator.sync_state(self.clock.now(), slot);
        state.ok_or_else(|| Error::new(ErrorKind::Closed, "the feed was closed; open it again"))
    }

    pub(crate) fn feed_and_store(
        &mut self,
        slot: Slot,
    ) -> Result<(&mut v2::Feed, &mut v2::Store), Error> {
        self.replicator
            .feed_and_store(slot)
            .ok_or_else(|| Error::new(ErrorKind::Closed, "the feed was closed; open it again"))
    }

    /// Another handle to the file with a feed's blocks; none if they are in the store, or it is not open.
    pub(crate) fn file(&self, slot: Slot) -> Option<TrackedFile> {
        self.feeds.get(&slot)?.file.clone()
    }

    pub(crate) fn expect_length(&mut self, slot: Slot, length: u64) -> Result<(), Error> {
        // What else is staged has its own commit, with its own acknowledgements.
        self.replicator.commit(self.clock.now());
        self.deliver();
        let (feed, store) = self.feed_and_store(slot)?;
        feed.expect_length(store, length)?;
        Ok(store.commit(Durability::Power)?)
    }

    pub(crate) fn repair(
        &mut self,
        slot: Slot,
        findings: &[v2::Finding],
        only_copy: v2::OnlyCopy,
    ) -> Result<v2::Repair, Error> {
        let repair = self
            .replicator
            .repair(self.clock.now(), slot, findings, only_copy)?;
        self.touched.insert(slot);
        self.deliver();
        Ok(repair)
    }

    /// Opens a stored feed, and gives the file of its blocks.
    fn load(&mut self, slot: Slot, options: FeedOptions) -> Result<Option<TrackedFile>, Error> {
        let record = self.record(slot)?;
        let file = self.home.blocks(&record, options.external)?;
        let secret = match options.secret {
            Some(secret) => Some(secret),
            None if record.kind == v2::Kind::Static => None,
            None => self.home.secret(&record.id)?,
        };
        self.replicator
            .open_feed(slot, secret, blocks(&file), options.replicate)?;
        Ok(file)
    }

    /// A feed that cannot be kept as it should is not kept at all.
    fn made(&mut self, slot: Slot, made: NewBlocks) -> Result<(), Error> {
        let settled = made.settle(slot);
        if settled.is_err()
            && let Err(error) = self.replicator.remove_feed(self.clock.now(), slot)
        {
            tracing::error!(%error, "a feed that could not be made could not be removed either");
        }
        settled
    }

    /// Takes an open feed into the books.
    fn enter(&mut self, slot: Slot, file: Option<TrackedFile>) -> Result<(), Error> {
        let feed = self.replicator.feed(slot).ok_or_else(Error::core_closed)?;
        let open = OpenFeed {
            view: Arc::new(FeedView::new(feed)),
            file,
            handles: 0,
            joined: BTreeSet::new(),
        };
        self.feeds.insert(slot, open);
        Ok(())
    }

    /// A handle for an open feed.
    fn opened(
        &mut self,
        core: &Arc<Shared>,
        slot: Slot,
        alias: Option<String>,
    ) -> Result<Feed, Error> {
        let open = self.feeds.get_mut(&slot).ok_or_else(Error::core_closed)?;
        open.handles += 1;
        let view = Arc::clone(&open.view);
        // From here on the handle counts, and gives the feed back if something goes wrong.
        let handle = Feed::new(Arc::clone(core), Arc::clone(&view));
        if let Some(alias) = alias {
            self.replicator.set_alias(slot, Some(&alias))?;
        }
        self.offer(view.state().public_id);
        Ok(handle)
    }

    fn free_alias(&self, alias: Option<String>) -> Result<Option<String>, Error> {
        let Some(alias) = alias else { return Ok(None) };
        if alias.is_empty() || alias.chars().any(char::is_control) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "an alias must be readable and not empty",
            ));
        }
        match self.replicator.store().by_alias(&alias)? {
            None => Ok(Some(alias)),
            Some(_) => {
                let text =
                    format!("the alias {alias:?} is another feed's; take it away there first");
                Err(Error::new(ErrorKind::InUse, text))
            }
        }
    }
}

/// Where blocks go that belong into this file, or else into the store.
fn blocks(file: &Option<TrackedFile>) -> Blocks {
    match file {
        Some(file) => Blocks::Attached(Box::new(file.clone())),
        None => Blocks::InStore,
    }
}
