//! Hosts, feeds, links, and what can be done to them.

use crate::adversary::{Adversary, Mood};
use crate::host::{Feed, Host, HostId, NamedFeed};
use crate::link::{End, Link, LinkId, Quality, Who};
use crate::oracle::{Oracle, Violation};
use crate::random::Random;
use crate::stats::Stats;
use bytes::Bytes;
use core::fmt;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::Durability;
use hyperfeed_types::{Instant, PublicId};
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_protocol::Config as ProtocolConfig;
use hyperfeed_v2_replicate::{FeedOptions, Leaf, PeerOptions, Token};

/// A network under virtual time.
pub struct World {
    pub(crate) now: Instant,
    pub(crate) random: Random,
    pub(crate) hosts: Vec<Host>,
    pub(crate) feeds: Vec<Feed>,
    pub(crate) links: Vec<Link>,
    pub(crate) oracle: Oracle,
    pub(crate) trace: u64,
    pub(crate) stats: Stats,
    /// Bytes that one honest link carried, for those who play them back.
    pub(crate) recorded: Vec<u8>,
    next_token: Token,
    loud: bool,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl World {
    /// An empty world. Everything that will happen in it depends on the seed and on what is asked of it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            now: Instant::ZERO,
            random: Random::new(seed),
            hosts: Vec::new(),
            feeds: Vec::new(),
            links: Vec::new(),
            oracle: Oracle::default(),
            trace: 0xcbf2_9ce4_8422_2325,
            stats: Stats::default(),
            recorded: Vec::new(),
            next_token: 1,
            loud: false,
        }
    }

    /// Prints what happens, on stderr.
    pub fn print_trace(&mut self) {
        self.loud = true;
    }

    /// Adds a host that commits in the class `Process`, and loses what a crash of its process may take.
    pub fn add_host(&mut self) -> HostId {
        self.add_host_of(Durability::Process)
    }

    /// Adds a host that commits in a class. With [`Durability::Power`] its crashes are losses of power.
    pub fn add_host_of(&mut self, class: Durability) -> HostId {
        self.hosts.push(Host::new(class, &mut self.random));
        HostId(self.hosts.len() - 1)
    }

    /// Makes a live feed on a host.
    pub fn create_live(&mut self, writer: HostId) -> NamedFeed {
        self.create_live_in(writer, false)
    }

    /// Makes a live feed on a host, its blocks in a file of their own if `attached`.
    pub fn create_live_in(&mut self, writer: HostId, attached: bool) -> NamedFeed {
        let seed = self.random.bytes();
        let name = NamedFeed(self.feeds.len());
        let host = &mut self.hosts[writer.0];
        if attached {
            host.disk.attach(name);
        }
        let pair = KeyPair::from_seed(&seed);
        let key = pair.key();
        let blocks = host.disk.blocks(name);
        let node = host.node.as_mut().expect("the host is up");
        let slot = node
            .create_live(pair, blocks, FeedOptions::default())
            .expect("nothing fails yet");
        host.feeds.insert(name, slot);
        self.feeds.push(Feed {
            seed: Some(seed),
            key,
            writer,
            acknowledged: 0,
        });
        name
    }

    /// Makes a static feed of these blocks on a host, at least one, and seals it.
    pub fn create_static(&mut self, writer: HostId, blocks: Vec<Vec<u8>>) -> NamedFeed {
        let name = NamedFeed(self.feeds.len());
        let (now, id) = (self.now, PublicId::new(self.random.bytes()));
        let host = &mut self.hosts[writer.0];
        let node = host.node.as_mut().expect("the host is up");
        let length = blocks.len() as u64;
        let blocks = blocks.into_iter().map(|block| Leaf::new(block.into()));
        let slot = node
            .create_static(
                id,
                hyperfeed_v2_feed::Blocks::InStore,
                FeedOptions::default(),
            )
            .expect("nothing fails yet");
        node.append(slot, blocks.collect(), None, 0);
        node.commit(now);
        node.finalize(slot, 0);
        // The feed is there from the beginning, whatever the class of its host.
        node.flush(0);
        node.commit(now);
        while node.poll_reply().is_some() {}
        let key = *node
            .feed(slot)
            .and_then(hyperfeed_v2_feed::Feed::key)
            .expect("a feed with blocks was sealed");
        host.feeds.insert(name, slot);
        self.feeds.push(Feed {
            seed: None,
            key,
            writer,
            acknowledged: length,
        });
        name
    }

    /// Makes an empty copy of a feed on another host.
    pub fn clone_feed(&mut self, on: HostId, name: NamedFeed, options: FeedOptions) {
        self.clone_feed_in(on, name, options, false);
    }

    /// Makes an empty copy of a feed on another host, its blocks in a file of their own if `attached`.
    pub fn clone_feed_in(
        &mut self,
        on: HostId,
        name: NamedFeed,
        options: FeedOptions,
        attached: bool,
    ) {
        let key = self.feeds[name.0].key;
        let host = &mut self.hosts[on.0];
        if attached {
            host.disk.attach(name);
        }
        let blocks = host.disk.blocks(name);
        let node = host.node.as_mut().expect("the host is up");
        let slot = node
            .create_clone(key, blocks, options)
            .expect("nothing fails yet");
        host.feeds.insert(name, slot);
        host.options.insert(name, options);
    }

    /// Appends blocks to a feed, on its writer's host. Does nothing while that is down.
    pub fn append(&mut self, name: NamedFeed, blocks: Vec<Vec<u8>>) {
        self.append_in(name, blocks, None);
    }

    /// Appends blocks to a feed in a class of its own.
    pub fn append_in(&mut self, name: NamedFeed, blocks: Vec<Vec<u8>>, class: Option<Durability>) {
        let token = self.token();
        let host = &mut self.hosts[self.feeds[name.0].writer.0];
        let Some(slot) = host.feeds.get(&name).copied() else {
            return;
        };
        if let Some(node) = &mut host.node {
            let kept = class.unwrap_or(host.class);
            host.appending.insert(token, (name, kept));
            let leaves = blocks
                .into_iter()
                .map(|block| Leaf::new(Bytes::from(block)))
                .collect();
            node.append(slot, leaves, class, token);
        }
    }

    /// Asks a host for a block, waiting until it is there.
    pub fn get(&mut self, on: HostId, name: NamedFeed, block: u64) {
        let token = self.token();
        let host = &mut self.hosts[on.0];
        let (Some(slot), Some(index)) = (host.feeds.get(&name).copied(), BlockIndex::new(block))
        else {
            return;
        };
        if let Some(node) = &mut host.node {
            host.getting.insert(token);
            node.get(slot, index, true, token);
        }
    }

    /// Has a host download a range of a feed.
    pub fn download(&mut self, on: HostId, name: NamedFeed, range: core::ops::Range<u64>) {
        let (token, now) = (self.token(), self.now);
        let host = &mut self.hosts[on.0];
        if let (Some(slot), Some(node)) = (host.feeds.get(&name), &mut host.node) {
            host.getting.insert(token);
            node.download(now, *slot, range, token);
        }
    }

    /// Connects two hosts and joins the feeds that both have. Does nothing while one of them is down.
    pub fn connect(
        &mut self,
        a: HostId,
        b: HostId,
        quality: Quality,
        encrypted: bool,
    ) -> Option<LinkId> {
        let (now, seeds) = (self.now, [self.random.bytes(), self.random.bytes()]);
        if [a, b].iter().any(|id| self.hosts[id.0].node.is_none()) {
            return None;
        }
        let mut ends = Vec::new();
        for (id, seed) in [a, b].into_iter().zip(seeds) {
            let host = &mut self.hosts[id.0];
            let peer = host.node.as_mut()?.connect(now, PeerOptions::default());
            ends.push(End::node(id, peer, host.peer_id, encrypted, seed, now));
        }
        let shared: Vec<NamedFeed> = {
            let other = &self.hosts[b.0].feeds;
            let mine = self.hosts[a.0].feeds.keys();
            mine.filter(|name| other.contains_key(name))
                .copied()
                .collect()
        };
        let ends: [End; 2] = ends.try_into().ok()?;
        for (host, peer) in ends.iter().filter_map(End::host) {
            let host = &mut self.hosts[host.0];
            for name in &shared {
                if let (Some(node), Some(slot)) = (&mut host.node, host.feeds.get(name)) {
                    node.join(now, peer, *slot).ok();
                }
            }
        }
        self.links.push(Link::new(ends, quality, now));
        self.say(|| format!("{a:?} and {b:?} are connected"));
        self.turn(a);
        self.turn(b);
        Some(LinkId(self.links.len() - 1))
    }

    /// Connects an adversary to a host: it has the keys of all its feeds, and all their blocks.
    pub fn besiege(&mut self, host: HostId, mood: Mood, encrypted: bool) -> Option<LinkId> {
        let (now, seed) = (self.now, self.random.bytes());
        let names: Vec<NamedFeed> = self.hosts[host.0].feeds.keys().copied().collect();
        let known = names.iter().map(|name| self.truth(*name)).collect();
        let found = &mut self.hosts[host.0];
        let peer = found.node.as_mut()?.connect(now, PeerOptions::default());
        let end = End::node(host, peer, found.peer_id, encrypted, seed, now);
        for slot in found.feeds.values() {
            found.node.as_mut()?.join(now, peer, *slot).ok();
        }
        let mut config = ProtocolConfig::new([0xee; 32].into());
        config.encrypted = encrypted;
        let random = Random::new(self.random.draw());
        let replay = self.recorded.clone();
        let adversary = Adversary::new(mood, config, known, replay, random, now);
        let other = End::new(Who::Adversary(Box::new(adversary)), now);
        self.stats.fault(&Stats::adversary(&mood));
        self.links
            .push(Link::new([end, other], Quality::default(), now));
        self.say(|| format!("an adversary at {host:?}: {mood:?}"));
        self.turn(host);
        Some(LinkId(self.links.len() - 1))
    }

    /// A number that depends on everything that happened.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.trace
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.clone()
    }

    /// The time in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now.as_millis()
    }

    /// Links that are open at one end at least.
    #[must_use]
    pub fn open_links(&self) -> Vec<LinkId> {
        (0..self.links.len())
            .filter(|link| self.links[*link].is_open())
            .map(LinkId)
            .collect()
    }

    /// Whether an adversary is at one end of a link.
    #[must_use]
    pub fn is_besieged(&self, link: LinkId) -> bool {
        self.links[link.0].has_adversary()
    }

    /// Waits of a host that were answered.
    #[must_use]
    pub fn answered(&self, host: HostId) -> u64 {
        self.hosts[host.0].got
    }

    /// Blocks that a host sent.
    #[must_use]
    pub fn uploads_of(&self, host: HostId) -> u64 {
        self.hosts[host.0].uploads
    }

    /// Blocks of a feed that a host holds.
    #[must_use]
    pub fn held(&self, host: HostId, name: NamedFeed) -> u64 {
        self.hosts[host.0]
            .feed(name)
            .map_or(0, hyperfeed_v2_feed::Feed::held_blocks)
    }

    /// Blocks of a feed whose append was acknowledged in a class that outlives a crash.
    #[must_use]
    pub fn acknowledged(&self, name: NamedFeed) -> u64 {
        self.feeds[name.0].acknowledged
    }

    /// The source of chance, for scripts.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn token(&mut self) -> Token {
        self.next_token += 1;
        self.next_token
    }

    /// Mixes something that happened into the trace.
    pub(crate) fn note(&mut self, what: u64) {
        self.trace = (self.trace ^ what).wrapping_mul(0x0000_0100_0000_01b3);
    }

    /// Tells what happens, if somebody wants to know.
    pub(crate) fn say(&self, what: impl FnOnce() -> String) {
        if self.loud {
            eprintln!("{:>8} ms  {}", self.now.as_millis(), what());
        }
    }

    /// Breaks a promise, if something tells that one is broken.
    pub(crate) fn check(&mut self) -> Result<(), Violation> {
        for at in 0..self.hosts.len() {
            self.oracle
                .look(HostId(at), &mut self.hosts[at], &self.feeds)?;
        }
        Ok(())
    }
}
