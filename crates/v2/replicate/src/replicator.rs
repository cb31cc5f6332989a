//! The node: open feeds, connections, and what is owed to whom.

use crate::exchange::Exchange;
use crate::hosted::Hosted;
use crate::peer::Peer;
use crate::rate::Bucket;
use crate::{Config, Error, Event, FeedOptions, PeerKey, Reply};
use hyperfeed_storage::Durability;
use hyperfeed_types::{FeedKey, Instant, PublicId};
use hyperfeed_v2_crypto::{Entropy, KeyPair, SecretKey};
use hyperfeed_v2_feed::{Blocks, Feed, FeedError, Slot, Store};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Names a command until its reply.
pub type Token = u64;

/// Many feeds with many peers, over one store: the whole node but for sockets, clocks and threads.
///
/// One owner drives it, turn by turn:
/// 1. commands ([`append`](Self::append), [`get`](Self::get), …) and what connections tell
///    ([`handle_edge`](Self::handle_edge), [`handle_written`](Self::handle_written)), as many as are queued;
/// 2. [`commit`](Self::commit): all that was staged becomes durable at once, is acknowledged, then announced;
/// 3. [`poll_command`](Self::poll_command) for each of [`peers_with_work`](Self::peers_with_work),
///    [`poll_reply`](Self::poll_reply) and [`poll_event`](Self::poll_event) until each gives `None`;
/// 4. sleep until something is queued or [`poll_timeout`](Self::poll_timeout), then
///    [`handle_timeout`](Self::handle_timeout).
#[derive(Debug)]
pub struct Replicator {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) entropy: Entropy,
    /// Boxed, so that room a map keeps for what comes next is small.
    pub(crate) feeds: BTreeMap<Slot, Box<Hosted>>,
    /// Feeds whose storage failed and is tried again later.
    pub(crate) failing: BTreeSet<Slot>,
    pub(crate) peers: BTreeMap<PeerKey, Peer>,
    /// Feeds with something staged.
    pub(crate) dirty: BTreeSet<Slot>,
    /// Peers that may have something to send.
    pub(crate) awake: BTreeSet<PeerKey>,
    pub(crate) replies: VecDeque<Reply>,
    pub(crate) events: VecDeque<Event>,
    /// What each waiting command waits for.
    pub(crate) pending: BTreeMap<Token, Pending>,
    pub(crate) flushes: Vec<Token>,
    /// Whether commits were made that the end of the process could take back.
    pub(crate) relaxed: bool,
    pub(crate) upload: Bucket,
    pub(crate) download: Bucket,
    pub(crate) ticked: Instant,
    /// The peer that was last sent a request or a block.
    pub(crate) served: Option<PeerKey>,
    next_peer: u32,
}

/// Where a command waits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pending {
    Block { slot: Slot, block: u64 },
    Range { slot: Slot },
}

impl Replicator {
    /// A node over `store`. `seed` decides every draw it makes; in production it comes from the operating system.
    #[must_use]
    pub fn new(config: Config, store: Store, seed: [u8; 32]) -> Self {
        let (upload, download) = (config.max_upload, config.max_download);
        Self {
            config,
            store,
            entropy: Entropy::from_seed(seed),
            feeds: BTreeMap::new(),
            failing: BTreeSet::new(),
            peers: BTreeMap::new(),
            dirty: BTreeSet::new(),
            awake: BTreeSet::new(),
            replies: VecDeque::new(),
            events: VecDeque::new(),
            pending: BTreeMap::new(),
            flushes: Vec::new(),
            relaxed: false,
            upload: Bucket::new(upload, Instant::ZERO),
            download: Bucket::new(download, Instant::ZERO),
            ticked: Instant::ZERO,
            served: None,
            next_peer: 0,
        }
    }

    /// Makes a live feed that `pair` signs for. Durable when this returns.
    ///
    /// # Errors
    /// The feed is there already; storage.
    pub fn create_live(
        &mut self,
        pair: KeyPair,
        blocks: Blocks,
        options: FeedOptions,
    ) -> Result<Slot, Error> {
        self.create(options, |store| Feed::create_live(store, pair, blocks))
    }

    /// Makes a static feed, known as `local_id` until it is finalized. Durable when this returns.
    ///
    /// # Errors
    /// The id is there already; storage.
    pub fn create_static(
        &mut self,
        local_id: PublicId,
        blocks: Blocks,
        options: FeedOptions,
    ) -> Result<Slot, Error> {
        self.create(options, |store| {
            Feed::create_static(store, local_id, blocks)
        })
    }

    /// Makes an empty copy of somebody's feed, to be filled by peers. Durable when this returns.
    ///
    /// # Errors
    /// The feed is there already; storage.
    pub fn create_clone(
        &mut self,
        key: FeedKey,
        blocks: Blocks,
        options: FeedOptions,
    ) -> Result<Slot, Error> {
        self.create(options, |store| Feed::create_clone(store, key, blocks))
    }

    /// Opens a feed of the store. Opening an open feed changes its options and nothing else. If a loss of power took
    /// bytes of its blocks, an event tells the first that is concerned.
    ///
    /// # Errors
    /// The stored feed is damaged; storage.
    pub fn open_feed(
        &mut self,
        slot: Slot,
        secret: Option<SecretKey>,
        blocks: Blocks,
        options: FeedOptions,
    ) -> Result<(), Error> {
        if let Some(hosted) = self.feeds.get_mut(&slot) {
            hosted.options = options;
            return Ok(());
        }
        let feed = Feed::open(&mut self.store, slot, secret, blocks)?;
        if let Some(block) = feed.lost_blocks(&mut self.store)?.first() {
            self.events.push_back(Event::Corrupt {
                slot,
                block: *block,
            });
        }
        self.feeds
            .insert(slot, Box::new(Hosted::new(feed, options)));
        Ok(())
    }

    /// Closes a feed: what was staged is committed by the caller before; what waits for it fails.
    pub fn close_feed(&mut self, now: Instant, slot: Slot) {
        let Some(hosted) = self.feeds.get(&slot) else {
            return;
        };
        for peer in hosted.peers.clone() {
            self.leave(now, peer, slot);
        }
        self.dirty.remove(&slot);
        self.failing.remove(&slot);
        let Some(mut hosted) = self.feeds.remove(&slot) else {
            return;
        };
        let staged = hosted.staged.take();
        let waiting = hosted
            .waiters
            .into_values()
            .flatten()
            .chain(hosted.downloads.into_keys());
        for token in waiting.chain(staged.into_iter().flat_map(|staged| staged.into_tokens())) {
            self.pending.remove(&token);
            self.replies.push_back(Reply::Failed {
                token,
                error: Error::Closed,
            });
        }
    }

    /// Removes a feed and all the store has of it, durably. Attached block storage is the caller's to remove.
    ///
    /// # Errors
    /// Storage; the feed is closed but still there.
    pub fn remove_feed(&mut self, now: Instant, slot: Slot) -> Result<(), Error> {
        self.close_feed(now, slot);
        self.store.remove(slot)?;
        self.commit_durably()
    }

    /// Names a feed, or takes its name away. Durable when this returns.
    ///
    /// # Errors
    /// The name is another feed's; storage.
    pub fn set_alias(&mut self, slot: Slot, alias: Option<&str>) -> Result<(), Error> {
        self.store.set_alias(slot, alias)?;
        self.commit_durably()
    }

    /// An open feed.
    #[must_use]
    pub fn feed(&self, slot: Slot) -> Option<&Feed> {
        self.feeds.get(&slot).map(|hosted| &hosted.feed)
    }

    /// An open feed and the store, to read from.
    pub fn feed_and_store(&mut self, slot: Slot) -> Option<(&mut Feed, &mut Store)> {
        self.feeds
            .get_mut(&slot)
            .map(|hosted| (&mut hosted.feed, &mut self.store))
    }

    /// The feeds that are open.
    pub fn open_feeds(&self) -> impl Iterator<Item = Slot> {
        self.feeds.keys().copied()
    }

    /// The store, for its catalogue.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The next reply to a command.
    pub fn poll_reply(&mut self) -> Option<Reply> {
        self.replies.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Makes everything durable and closes the store.
    ///
    /// # Errors
    /// Storage.
    pub fn close(&mut self, now: Instant) -> Result<(), Error> {
        self.commit(now);
        for slot in self.feeds.keys().copied().collect::<Vec<_>>() {
            self.close_feed(now, slot);
        }
        Ok(self.store.close()?)
    }

    pub(crate) fn new_peer(&mut self) -> PeerKey {
        self.next_peer += 1;
        PeerKey(self.next_peer)
    }

    pub(crate) fn hosted(&mut self, slot: Slot) -> Result<&mut Hosted, Error> {
        let found = self.feeds.get_mut(&slot);
        found
            .map(|hosted| &mut **hosted)
            .ok_or(Error::NotOpen { slot })
    }

    pub(crate) fn exchange(&mut self, peer: PeerKey, slot: Slot) -> Option<&mut Exchange> {
        self.peers.get_mut(&peer)?.exchanges.get_mut(&slot)
    }

    /// Gives a feed of a peer a turn to send.
    pub(crate) fn wake(&mut self, peer: PeerKey, slot: Slot) {
        if let Some(found) = self.peers.get_mut(&peer) {
            found.wake(slot);
            self.awake.insert(peer);
        }
    }

    /// Gives a feed a turn with each of its peers.
    pub(crate) fn wake_all(&mut self, slot: Slot) {
        let Some(hosted) = self.feeds.get(&slot) else {
            return;
        };
        for peer in &hosted.peers {
            if let Some(found) = self.peers.get_mut(peer) {
                found.wake(slot);
                self.awake.insert(*peer);
            }
        }
    }

    /// Commits what changes which feeds there are: in no class that the end of the process could take back.
    fn commit_durably(&mut self) -> Result<(), Error> {
        let class = self.config.durability.max(Durability::Process);
        self.store.commit(class)?;
        self.relaxed = false;
        Ok(())
    }

    fn create(
        &mut self,
        options: FeedOptions,
        make: impl FnOnce(&mut Store) -> Result<Feed, FeedError>,
    ) -> Result<Slot, Error> {
        let feed = make(&mut self.store)?;
        self.commit_durably()?;
        let slot = feed.slot();
        self.feeds
            .insert(slot, Box::new(Hosted::new(feed, options)));
        Ok(slot)
    }
}
