//! Hosts, links, time, and the order in which things happen.

use crate::host::{Feed, Host, HostId, NamedFeed};
use crate::link::{End, Link, LinkId, Quality};
use crate::oracle::{Oracle, Violation};
use crate::random::Random;
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_types::Instant;
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::Blocks;
use hyperfeed_v2_replicate::{EdgeEvent, Event, FeedOptions, Leaf, PeerOptions, Reply, Token};

/// A network under virtual time.
pub struct World {
    pub(crate) now: Instant,
    pub(crate) random: Random,
    pub(crate) hosts: Vec<Host>,
    pub(crate) feeds: Vec<Feed>,
    links: Vec<Link>,
    oracle: Oracle,
    trace: u64,
    next_token: Token,
    stats: Stats,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// What a run was made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Turns of hosts.
    pub turns: u64,
    /// Bytes that arrived over links.
    pub bytes: u64,
    /// Links cut.
    pub cuts: u64,
    /// Links that stood still for a while.
    pub stalls: u64,
    /// Hosts that crashed.
    pub crashes: u64,
    /// Connections that a host dropped.
    pub dropped: u64,
    /// Blocks sent by writers and everybody else.
    pub uploads: u64,
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
            next_token: 1,
            stats: Stats::default(),
        }
    }

    /// Adds a host.
    pub fn add_host(&mut self) -> HostId {
        let host = Host::new(&mut self.random);
        self.hosts.push(host);
        HostId(self.hosts.len() - 1)
    }

    /// Makes a live feed on a host.
    pub fn create_live(&mut self, writer: HostId) -> NamedFeed {
        let feed = Feed::new(self.random.bytes(), writer);
        let name = NamedFeed(self.feeds.len());
        let host = &mut self.hosts[writer.0];
        let node = host.node.as_mut().expect("the host is up");
        let pair = KeyPair::from_seed(&feed.seed);
        let slot = node
            .create_live(pair, Blocks::InStore, FeedOptions::default())
            .expect("memory does not fail");
        host.feeds.insert(name, slot);
        self.feeds.push(feed);
        name
    }

    /// Makes an empty copy of a feed on another host.
    pub fn clone_feed(&mut self, on: HostId, name: NamedFeed, options: FeedOptions) {
        let key = self.feeds[name.0].key;
        let host = &mut self.hosts[on.0];
        let node = host.node.as_mut().expect("the host is up");
        let slot = node
            .create_clone(key, Blocks::InStore, options)
            .expect("memory does not fail");
        host.feeds.insert(name, slot);
        host.options.insert(name, options);
    }

    /// Appends blocks to a feed, on its writer's host. Does nothing while that is down.
    pub fn append(&mut self, name: NamedFeed, blocks: Vec<Vec<u8>>) {
        let token = self.token();
        let host = &mut self.hosts[self.feeds[name.0].writer.0];
        let Some(slot) = host.feeds.get(&name).copied() else {
            return;
        };
        if let Some(node) = &mut host.node {
            host.appending.insert(token, name);
            let leaves = blocks
                .into_iter()
                .map(|block| Leaf::new(Bytes::from(block)))
                .collect();
            node.append(slot, leaves, None, token);
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

    /// Connects two hosts and joins the feeds that both have. Does nothing while one of them is down.
    pub fn connect(
        &mut self,
        a: HostId,
        b: HostId,
        quality: Quality,
        encrypted: bool,
    ) -> Option<LinkId> {
        let (now, seeds) = (self.now, [self.random.bytes(), self.random.bytes()]);
        let mut ends = Vec::new();
        for (id, seed) in [a, b].into_iter().zip(seeds) {
            let host = &mut self.hosts[id.0];
            let peer = host.node.as_mut()?.connect(now, PeerOptions::default());
            ends.push(End::new(id, peer, host.peer_id, encrypted, seed, now));
        }
        let ends: [End; 2] = ends.try_into().ok()?;
        for (end, other) in [(&ends[0], b), (&ends[1], a)] {
            let shared: Vec<_> = {
                let other = &self.hosts[other.0];
                let mine = &self.hosts[end.host.0];
                mine.feeds
                    .iter()
                    .filter(|(name, _)| other.feeds.contains_key(name))
                    .map(|(_, slot)| *slot)
                    .collect()
            };
            let node = self.hosts[end.host.0].node.as_mut()?;
            for slot in shared {
                node.join(now, end.peer, slot).ok();
            }
        }
        self.links.push(Link {
            ends,
            quality,
            open: true,
            stalled_until: now,
        });
        self.turn(a);
        self.turn(b);
        Some(LinkId(self.links.len() - 1))
    }

    /// Cuts a link: both sides notice, what was on the way is lost.
    pub fn cut(&mut self, link: LinkId) {
        let Some(found) = self.links.get_mut(link.0).filter(|link| link.open) else {
            return;
        };
        found.open = false;
        self.stats.cuts += 1;
        for side in 0..2 {
            let (host, peer) = (
                self.links[link.0].ends[side].host,
                self.links[link.0].ends[side].peer,
            );
            let now = self.now;
            if let Some(node) = &mut self.hosts[host.0].node {
                node.disconnect(now, peer);
            }
            self.turn(host);
        }
    }

    /// Nothing moves on a link for a while.
    pub fn stall(&mut self, link: LinkId, for_ms: u64) {
        if let Some(found) = self.links.get_mut(link.0) {
            found.stalled_until = self.now + Duration::from_millis(for_ms);
            self.stats.stalls += 1;
        }
    }

    /// A host dies: its connections break, what is not on its disk is gone.
    pub fn crash(&mut self, id: HostId) {
        self.stats.crashes += 1;
        self.hosts[id.0].crash();
        let links: Vec<usize> = (0..self.links.len()).collect();
        for link in links {
            if self.links[link].open && self.links[link].ends.iter().any(|end| end.host == id) {
                self.cut(LinkId(link));
            }
        }
    }

    /// Starts a host that is down. Its links stay cut.
    pub fn restart(&mut self, id: HostId) {
        if self.hosts[id.0].node.is_none() {
            let Self {
                hosts,
                feeds,
                random,
                ..
            } = self;
            hosts[id.0].start(feeds, random);
            self.oracle.forget(id);
        }
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// A promise was broken on the way.
    pub fn run_for(&mut self, ms: u64) -> Result<(), Violation> {
        let end = self.now + Duration::from_millis(ms);
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step()?;
        }
        self.now = end;
        self.check()
    }

    /// Lets time pass until every host that is up has everything of its feeds, at most `limit_ms`.
    ///
    /// # Errors
    /// A promise was broken, or somebody is not complete by then.
    pub fn run_until_complete(&mut self, limit_ms: u64) -> Result<(), Violation> {
        let end = self.now + Duration::from_millis(limit_ms);
        loop {
            let Some(stuck) = self.incomplete() else {
                return self.check();
            };
            match self.next_time().filter(|next| *next <= end) {
                Some(next) => {
                    self.now = self.now.max(next);
                    self.step()?;
                }
                None => return Err(stuck),
            }
        }
    }

    /// A number that depends on everything that happened.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.trace
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// The time in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now.as_millis()
    }

    /// Links that are open.
    #[must_use]
    pub fn open_links(&self) -> Vec<LinkId> {
        (0..self.links.len())
            .filter(|link| self.links[*link].open)
            .map(LinkId)
            .collect()
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
        let host = &self.hosts[host.0];
        let feed = || host.node.as_ref()?.feed(*host.feeds.get(&name)?);
        feed().map_or(0, |feed| feed.held_blocks())
    }

    /// Blocks of a feed whose append was acknowledged.
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

    fn incomplete(&self) -> Option<Violation> {
        for (at, host) in self.hosts.iter().enumerate() {
            let Some(node) = &host.node else { continue };
            for (name, slot) in &host.feeds {
                let length = self.feeds[name.0].acknowledged;
                let sparse = host.options.get(name).is_some_and(|options| options.sparse);
                let held = node.feed(*slot).map_or(0, |feed| feed.held_blocks());
                let waits = !host.getting.is_empty() || !host.appending.is_empty();
                if (!sparse && held < length) || waits {
                    return Some(Violation::Stuck {
                        host: HostId(at),
                        feed: *name,
                        held,
                        length,
                    });
                }
            }
        }
        None
    }

    fn check(&mut self) -> Result<(), Violation> {
        for at in 0..self.hosts.len() {
            self.oracle
                .look(HostId(at), &mut self.hosts[at], &self.feeds)?;
        }
        Ok(())
    }

    fn next_time(&self) -> Option<Instant> {
        let links = self.links.iter().filter_map(Link::next_time);
        links
            .chain(self.hosts.iter().filter_map(Host::next_time))
            .min()
    }

    /// Everything that is due now.
    fn step(&mut self) -> Result<(), Violation> {
        for link in 0..self.links.len() {
            for side in 0..2 {
                self.deliver(link, side);
            }
        }
        for at in 0..self.hosts.len() {
            if self.hosts[at]
                .next_time()
                .is_some_and(|due| due <= self.now)
            {
                let now = self.now;
                if let Some(node) = &mut self.hosts[at].node {
                    node.handle_timeout(now);
                }
                self.turn(HostId(at));
                self.oracle
                    .look(HostId(at), &mut self.hosts[at], &self.feeds)?;
            }
        }
        Ok(())
    }

    /// What has arrived at one end of a link, and its timers.
    fn deliver(&mut self, link: usize, side: usize) {
        let now = self.now;
        let mut touched = false;
        while self.links[link].open {
            let end = &mut self.links[link].ends[side];
            if end.writing.front().is_some_and(|(at, _)| *at <= now) {
                let cost = end.writing.pop_front().map_or(0, |(_, cost)| cost);
                let (host, peer) = (end.host, end.peer);
                if let Some(node) = &mut self.hosts[host.0].node {
                    node.handle_written(peer, cost);
                }
                touched = true;
                continue;
            }
            if !end.incoming.front().is_some_and(|(at, _)| *at <= now) {
                break;
            }
            let Some((_, bytes)) = end.incoming.pop_front() else {
                break;
            };
            touched = true;
            self.stats.bytes += bytes.len() as u64;
            self.note(
                bytes.len() as u64
                    ^ (now.as_millis() << 20)
                    ^ ((link as u64) << 50)
                    ^ (side as u64),
            );
            self.links[link].ends[side].edge.handle_input(now, &bytes);
            self.drain_edge(link, side);
        }
        if !self.links[link].open {
            return;
        }
        let end = &mut self.links[link].ends[side];
        if end.edge.poll_timeout().is_some_and(|due| due <= now) {
            let mut out = Vec::new();
            if end.edge.handle_timeout(now, &mut out).is_err() {
                return self.cut(LinkId(link));
            }
            let Self { links, random, .. } = self;
            links[link].send(now, side, &out, random);
        }
        if touched {
            let host = self.links[link].ends[side].host;
            self.turn(host);
        }
    }

    fn drain_edge(&mut self, link: usize, side: usize) {
        loop {
            let end = &mut self.links[link].ends[side];
            let (host, peer) = (end.host, end.peer);
            match end.edge.poll() {
                Ok(Some(event)) => self.edge_event(host, peer, event),
                Ok(None) => return,
                Err(_) => {
                    self.stats.dropped += 1;
                    return self.cut(LinkId(link));
                }
            }
        }
    }

    fn edge_event(
        &mut self,
        host: HostId,
        peer: hyperfeed_v2_replicate::PeerKey,
        event: EdgeEvent,
    ) {
        let now = self.now;
        if let Some(node) = &mut self.hosts[host.0].node {
            node.handle_edge(now, peer, event);
        }
    }

    /// One turn of a host: commit, then send, then answer, as the replicator's order asks for.
    fn turn(&mut self, id: HostId) {
        let now = self.now;
        self.stats.turns += 1;
        let Some(node) = &mut self.hosts[id.0].node else {
            return;
        };
        node.commit(now);
        for link in 0..self.links.len() {
            for side in 0..2 {
                if self.links[link].open && self.links[link].ends[side].host == id {
                    self.transmit(link, side);
                }
            }
        }
        self.settle(id);
    }

    fn transmit(&mut self, link: usize, side: usize) {
        let now = self.now;
        let Self {
            links,
            hosts,
            random,
            ..
        } = self;
        let (host, peer) = (links[link].ends[side].host, links[link].ends[side].peer);
        let Some(node) = &mut hosts[host.0].node else {
            return;
        };
        let (mut out, mut cost) = (Vec::new(), 0);
        while let Some(command) = node.poll_command(now, peer) {
            cost += command.cost();
            let back = links[link].ends[side]
                .edge
                .handle_command(now, &command, &mut out);
            if let Some(event) = back {
                node.handle_edge(now, peer, event);
            }
        }
        let left = links[link].send(now, side, &out, random);
        if cost > 0 {
            links[link].ends[side].writing.push_back((left, cost));
        }
        // What the peer sent before we opened the feed comes out now.
        self.drain_edge(link, side);
    }

    fn settle(&mut self, id: HostId) {
        let mut dropped = Vec::new();
        let host = &mut self.hosts[id.0];
        let Some(node) = &mut host.node else { return };
        while let Some(reply) = node.poll_reply() {
            match reply {
                Reply::Appended { token, range } => {
                    if let Some(name) = host.appending.remove(&token) {
                        let feed = &mut self.feeds[name.0];
                        feed.acknowledged = feed.acknowledged.max(range.end);
                    }
                }
                Reply::Block { token, .. } => {
                    host.getting.remove(&token);
                    host.got += 1;
                }
                Reply::Failed { token, .. } => {
                    host.appending.remove(&token);
                    host.getting.remove(&token);
                }
                _ => {}
            }
        }
        while let Some(event) = node.poll_event() {
            match event {
                Event::Dropped { peer, .. } => dropped.push(peer),
                Event::Upload { .. } => {
                    self.stats.uploads += 1;
                    host.uploads += 1;
                }
                _ => {}
            }
        }
        for peer in dropped {
            self.stats.dropped += 1;
            self.hosts[id.0].dropped += 1;
            let link = (0..self.links.len()).find(|link| {
                let link = &self.links[*link];
                link.open
                    && link
                        .ends
                        .iter()
                        .any(|end| end.host == id && end.peer == peer)
            });
            if let Some(link) = link {
                self.cut(LinkId(link));
            }
        }
    }

    /// Mixes something that happened into the trace.
    fn note(&mut self, what: u64) {
        self.trace = (self.trace ^ what).wrapping_mul(0x0000_0100_0000_01b3);
    }
}
