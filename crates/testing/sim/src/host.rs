//! One host: a replicator over a disk that outlives it.

use crate::disk::Disk;
use crate::random::Random;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::Durability;
use hyperfeed_types::{FeedKey, Instant};
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::{FeedError, Slot, Store};
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
    /// Of its key pair; none for a static feed.
    pub(crate) seed: Option<[u8; 32]>,
    pub(crate) key: FeedKey,
    pub(crate) writer: HostId,
    /// Blocks whose append was acknowledged to the user in a class that outlives a crash of the writer.
    pub(crate) acknowledged: u64,
}

pub(crate) struct Host {
    pub(crate) disk: Disk,
    pub(crate) class: Durability,
    pub(crate) peer_id: [u8; 32],
    /// The running node; none while the host is down.
    pub(crate) node: Option<Replicator>,
    pub(crate) feeds: BTreeMap<NamedFeed, Slot>,
    pub(crate) options: BTreeMap<NamedFeed, FeedOptions>,
    /// Appends not yet acknowledged, and their class.
    pub(crate) appending: BTreeMap<Token, (NamedFeed, Durability)>,
    pub(crate) getting: BTreeSet<Token>,
    pub(crate) got: u64,
    pub(crate) dropped: u64,
    pub(crate) uploads: u64,
}

impl Host {
    pub(crate) fn new(class: Durability, random: &mut Random) -> Self {
        let mut host = Self {
            disk: Disk::new(class, random),
            class,
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

    pub(crate) fn config(&self) -> Config {
        // Smaller than what fits the whole world, so that adversaries get there, and larger than what honest hosts
        // need: feeds have some hundreds of blocks here.
        Config {
            durability: self.class,
            max_in_flight: 1024,
            max_queued_requests: 2048,
            max_unrequested: 128,
            max_unwritten: 256 << 10,
            max_window: 256,
            ..Config::default()
        }
    }

    /// Starts the node from what the disk holds.
    pub(crate) fn start(&mut self, feeds: &[Feed], random: &mut Random) {
        let store = Store::open(self.disk.store()).expect("a healed disk can be read");
        self.node = Some(Replicator::new(self.config(), store, random.bytes()));
        for name in self.feeds.keys().copied().collect::<Vec<_>>() {
            self.open(name, &feeds[name.0])
                .expect("what was committed can be opened");
        }
    }

    /// Opens a feed that is in the store.
    pub(crate) fn open(
        &mut self,
        name: NamedFeed,
        feed: &Feed,
    ) -> Result<(), hyperfeed_v2_replicate::Error> {
        let (Some(node), Some(slot)) = (&mut self.node, self.feeds.get(&name)) else {
            return Ok(());
        };
        let record = node.store().record(*slot)?;
        let writable = record.is_some_and(|record| record.writable);
        let pair = feed
            .seed
            .filter(|_| writable)
            .map(|seed| KeyPair::from_seed(&seed));
        let secret = pair.map(|pair| pair.secret().clone());
        let options = self.options.get(&name).copied().unwrap_or_default();
        node.open_feed(*slot, secret, self.disk.blocks(name), options)
    }

    /// The host loses everything that is not on its disk.
    pub(crate) fn crash(&mut self, random: &mut Random) {
        self.node = None;
        self.appending.clear();
        self.getting.clear();
        self.disk.crash(random);
    }

    /// A block, as it is read from storage.
    pub(crate) fn block(
        &mut self,
        name: NamedFeed,
        index: u64,
    ) -> Result<Option<Vec<u8>>, FeedError> {
        let (Some(slot), Some(node), Some(index)) = (
            self.feeds.get(&name),
            &mut self.node,
            BlockIndex::new(index),
        ) else {
            return Ok(None);
        };
        let Some((feed, store)) = node.feed_and_store(*slot) else {
            return Ok(None);
        };
        Ok(feed.block(store, index)?.map(|block| block.data.to_vec()))
    }

    pub(crate) fn feed(&self, name: NamedFeed) -> Option<&hyperfeed_v2_feed::Feed> {
        self.node.as_ref()?.feed(*self.feeds.get(&name)?)
    }

    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.node.as_ref()?.poll_timeout()
    }
}
