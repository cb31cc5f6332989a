//! One host: a replicator over a store that outlives it.

use crate::random::Random;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::MemoryStore;
use hyperfeed_types::{FeedKey, Instant};
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::{Blocks, Slot, Store};
use hyperfeed_v2_replicate::{Config, FeedOptions, Replicator, Token};
use std::collections::{BTreeMap, BTreeSet};

/// Names a host of a [`World`](crate::World).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub(crate) usize);

/// Names a feed of a [`World`](crate::World).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedFeed(pub(crate) usize);

/// A feed as the whole world knows it.
pub(crate) struct Feed {
    pub(crate) seed: [u8; 32],
    pub(crate) key: FeedKey,
    pub(crate) writer: HostId,
    /// Blocks whose append was acknowledged to the user, in order of their index.
    pub(crate) acknowledged: u64,
}

impl Feed {
    pub(crate) fn new(seed: [u8; 32], writer: HostId) -> Self {
        let key = KeyPair::from_seed(&seed).key();
        Self {
            seed,
            key,
            writer,
            acknowledged: 0,
        }
    }
}

pub(crate) struct Host {
    /// What survives a crash.
    pub(crate) disk: MemoryStore,
    pub(crate) peer_id: [u8; 32],
    /// The running node; none while the host is down.
    pub(crate) node: Option<Replicator>,
    pub(crate) feeds: BTreeMap<NamedFeed, Slot>,
    pub(crate) options: BTreeMap<NamedFeed, FeedOptions>,
    /// Appends not yet acknowledged.
    pub(crate) appending: BTreeMap<Token, NamedFeed>,
    pub(crate) getting: BTreeSet<Token>,
    pub(crate) got: u64,
    pub(crate) dropped: u64,
    pub(crate) uploads: u64,
}

impl Host {
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut host = Self {
            disk: MemoryStore::new(),
            peer_id: random.bytes(),
            node: None,
            feeds: BTreeMap::new(),
            options: BTreeMap::new(),
            appending: BTreeMap::new(),
            getting: BTreeSet::new(),
            got: 0,
            dropped: 0,
            uploads: 0,
        };
        host.start(&[], random);
        host
    }

    /// Starts the node from what the disk holds.
    pub(crate) fn start(&mut self, feeds: &[Feed], random: &mut Random) {
        let store = Store::open(Box::new(self.disk.share())).expect("memory does not fail");
        let mut node = Replicator::new(Config::default(), store, random.bytes());
        for (name, slot) in &self.feeds {
            let feed = &feeds[name.0];
            let writable = node
                .store()
                .record(*slot)
                .expect("memory does not fail")
                .is_some_and(|r| r.writable);
            let secret = writable.then(|| KeyPair::from_seed(&feed.seed).secret().clone());
            let options = self.options.get(name).copied().unwrap_or_default();
            node.open_feed(*slot, secret, Blocks::InStore, options)
                .expect("what was committed can be opened");
        }
        self.node = Some(node);
    }

    /// The host loses everything that is not on its disk.
    pub(crate) fn crash(&mut self) {
        self.node = None;
        self.appending.clear();
        self.getting.clear();
    }

    pub(crate) fn block(&mut self, name: NamedFeed, index: u64) -> Option<Vec<u8>> {
        let slot = *self.feeds.get(&name)?;
        let (feed, store) = self.node.as_mut()?.feed_and_store(slot)?;
        let block = feed
            .block(store, BlockIndex::new(index)?)
            .expect("memory does not fail")?;
        Some(block.data.to_vec())
    }

    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.node.as_ref()?.poll_timeout()
    }
}
