//! Nodes, puppets and what lies between them, under a virtual clock. Links have no delay: what is sent has arrived.

use crate::puppet::Puppet;
use bytes::Bytes;
use core::time::Duration;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::{KeyValue, MemoryStore};
use hyperfeed_types::{FeedKey, Instant, PeerId};
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::{Blocks, Feed, Slot, Store};
use hyperfeed_v2_replicate::{
    Config, Edge, EdgeConfig, Event, FeedOptions, Leaf, PeerError, PeerKey, PeerOptions,
    Replicator, Reply, Status, SyncState,
};
use std::ops::Range;

pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node>,
    links: Vec<Link>,
    seeds: u8,
}

pub(crate) struct Node {
    pub(crate) replicator: Replicator,
    pub(crate) replies: Vec<Reply>,
    pub(crate) events: Vec<Event>,
    pub(crate) dropped: Vec<(PeerKey, PeerError)>,
    /// Timeouts are not handled: the node sleeps.
    pub(crate) asleep: bool,
}

struct Link {
    ends: [End; 2],
    open: bool,
    /// Bytes that are under way and do not arrive.
    held: bool,
    /// What nodes send is never reported as written.
    clogged: bool,
    /// All that the node at the first end was sent, and all it sent.
    record: [Vec<u8>; 2],
}

struct End {
    who: Who,
    inbox: Vec<u8>,
}

enum Who {
    Node {
        at: usize,
        peer: PeerKey,
        edge: Box<Edge>,
    },
    Puppet(Box<Puppet>),
}

impl Net {
    pub(crate) fn new() -> Self {
        Self {
            now: Instant::from_millis(1000),
            nodes: Vec::new(),
            links: Vec::new(),
            seeds: 0,
        }
    }

    pub(crate) fn node(&mut self, config: Config) -> usize {
        self.node_over(config, Box::new(MemoryStore::new()))
    }

    pub(crate) fn node_over(&mut self, config: Config, store: Box<dyn KeyValue>) -> usize {
        let seed = self.seed();
        let store = Store::open(store).unwrap();
        self.nodes.push(Node {
            replicator: Replicator::new(config, store, seed),
            replies: Vec::new(),
            events: Vec::new(),
            dropped: Vec::new(),
            asleep: false,
        });
        self.nodes.len() - 1
    }

    fn seed(&mut self) -> [u8; 32] {
        self.seeds += 1;
        [self.seeds; 32]
    }

    /// Connects two nodes; nothing is joined.
    pub(crate) fn connect(&mut self, a: usize, b: usize) -> Wire {
        self.connect_with(a, PeerOptions::default(), b, PeerOptions::default())
    }

    pub(crate) fn connect_with(
        &mut self,
        a: usize,
        of_a: PeerOptions,
        b: usize,
        of_b: PeerOptions,
    ) -> Wire {
        let ends = [self.end(a, of_a), self.end(b, of_b)];
        let wire = Wire {
            link: self.links.len(),
            peers: [ends[0].peer(), ends[1].peer()].map(|peer| peer.unwrap()),
        };
        self.links.push(Link {
            ends,
            open: true,
            held: false,
            clogged: false,
            record: [Vec::new(), Vec::new()],
        });
        wire
    }

    /// Connects a node to a puppet: gives the number of the link and the node's name for it.
    pub(crate) fn puppet_of(&mut self, node: usize) -> (usize, PeerKey) {
        self.puppet_with(node, EdgeConfig::new(PeerId::new([0xee; 32])))
    }

    pub(crate) fn puppet_with(&mut self, node: usize, config: EdgeConfig) -> (usize, PeerKey) {
        let end = self.end(node, PeerOptions::default());
        let peer = end.peer().unwrap();
        let puppet = Puppet::new(config, self.seed(), self.now);
        self.links.push(Link {
            ends: [
                end,
                End {
                    who: Who::Puppet(Box::new(puppet)),
                    inbox: Vec::new(),
                },
            ],
            open: true,
            held: false,
            clogged: false,
            record: [Vec::new(), Vec::new()],
        });
        (self.links.len() - 1, peer)
    }

    fn end(&mut self, at: usize, options: PeerOptions) -> End {
        let config = EdgeConfig::new(PeerId::new([at as u8; 32]));
        let seed = self.seed();
        let peer = self.nodes[at].replicator.connect(self.now, options);
        End {
            who: Who::Node {
                at,
                peer,
                edge: Box::new(Edge::new(config, seed, self.now)),
            },
            inbox: Vec::new(),
        }
    }

    pub(crate) fn puppet(&mut self, link: usize) -> &mut Puppet {
        match &mut self.links[link].ends[1].who {
            Who::Puppet(puppet) => puppet,
            Who::Node { .. } => panic!("no puppet on this link"),
        }
    }

    /// Bytes for the node, past the puppet.
    pub(crate) fn inject(&mut self, link: usize, bytes: &[u8]) {
        self.links[link].ends[0].inbox.extend_from_slice(bytes);
    }

    pub(crate) fn is_open(&self, link: usize) -> bool {
        self.links[link].open
    }

    /// The peer does not read any more: the node's socket stays full.
    pub(crate) fn clog(&mut self, link: usize) {
        self.links[link].clogged = true;
    }

    /// All bytes that arrived at an end of a link.
    pub(crate) fn arrived(&self, link: usize, side: usize) -> &[u8] {
        &self.links[link].record[side]
    }

    pub(crate) fn hold(&mut self, link: usize, held: bool) {
        self.links[link].held = held;
    }

    /// Cuts a link; both sides notice.
    pub(crate) fn cut(&mut self, link: usize) {
        if !std::mem::take(&mut self.links[link].open) {
            return;
        }
        for end in &mut self.links[link].ends {
            end.inbox.clear();
            if let Who::Node { at, peer, .. } = &end.who {
                self.nodes[*at].replicator.disconnect(self.now, *peer);
            }
        }
    }

    /// Moves bytes and takes turns until nothing happens any more.
    pub(crate) fn run(&mut self) {
        for _ in 0..100_000 {
            let mut moved = false;
            for link in 0..self.links.len() {
                moved |= self.receive(link);
            }
            for node in 0..self.nodes.len() {
                moved |= self.turn(node);
            }
            if !moved {
                return;
            }
        }
        panic!("the network does not come to rest");
    }

    /// Lets time pass in steps of 50 ms.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.now < end {
            self.now = (self.now + Duration::from_millis(50)).min(end);
            for node in self.nodes.iter_mut().filter(|node| !node.asleep) {
                let due = node.replicator.poll_timeout();
                if due.is_some_and(|due| due <= self.now) {
                    node.replicator.handle_timeout(self.now);
                }
            }
            for link in 0..self.links.len() {
                self.tick(link);
            }
            self.run();
        }
    }

    fn tick(&mut self, link: usize) {
        for side in 0..2 {
            let mut out = Vec::new();
            let now = self.now;
            if !self.links[link].open {
                return;
            }
            match &mut self.links[link].ends[side].who {
                Who::Node { at, peer, edge } => {
                    if let Err(error) = edge.handle_timeout(now, &mut out) {
                        let (at, peer) = (*at, *peer);
                        self.nodes[at].dropped.push((peer, error));
                        return self.cut(link);
                    }
                }
                Who::Puppet(puppet) => puppet.tick(now, &mut out),
            }
            self.links[link].ends[1 - side]
                .inbox
                .extend_from_slice(&out);
        }
    }

    fn receive(&mut self, link: usize) -> bool {
        let mut moved = false;
        for side in 0..2 {
            let found = &mut self.links[link];
            if !found.open || found.held {
                return moved;
            }
            let end = &mut found.ends[side];
            let bytes = std::mem::take(&mut end.inbox);
            moved |= !bytes.is_empty();
            found.record[side].extend_from_slice(&bytes);
            match &mut end.who {
                Who::Puppet(puppet) => {
                    puppet.receive(self.now, &bytes);
                    let out = std::mem::take(&mut puppet.out);
                    moved |= !out.is_empty();
                    found.ends[1 - side].inbox.extend_from_slice(&out);
                }
                Who::Node { at, peer, edge } => {
                    edge.handle_input(self.now, &bytes);
                    let node = &mut self.nodes[*at];
                    if let Err(error) = drain(self.now, *peer, edge, &mut node.replicator) {
                        node.dropped.push((*peer, error));
                        self.cut(link);
                        return true;
                    }
                }
            }
        }
        moved
    }

    fn turn(&mut self, at: usize) -> bool {
        let now = self.now;
        self.nodes[at].replicator.commit(now);
        let mut moved = false;
        for peer in self.nodes[at].replicator.peers_with_work() {
            moved |= self.transmit(at, peer);
        }
        let node = &mut self.nodes[at];
        while let Some(reply) = node.replicator.poll_reply() {
            node.replies.push(reply);
            moved = true;
        }
        let mut over = Vec::new();
        while let Some(event) = node.replicator.poll_event() {
            moved = true;
            match event {
                Event::Dropped { peer, reason } => {
                    node.dropped.push((peer, reason));
                    over.push(peer);
                }
                event => node.events.push(event),
            }
        }
        for peer in over {
            let is_end = |end: &End| matches!(&end.who, Who::Node { at: host, peer: name, .. } if *host == at && *name == peer);
            let link = self
                .links
                .iter()
                .position(|link| link.ends.iter().any(is_end));
            self.cut(link.unwrap());
        }
        moved
    }

    fn transmit(&mut self, at: usize, peer: PeerKey) -> bool {
        let replicator = &mut self.nodes[at].replicator;
        for link in self.links.iter_mut().filter(|link| link.open && !link.held) {
            for side in 0..2 {
                let mut out = Vec::new();
                let Who::Node {
                    at: host,
                    peer: name,
                    edge,
                } = &mut link.ends[side].who
                else {
                    continue;
                };
                if *host != at || *name != peer {
                    continue;
                }
                let mut cost = 0;
                while let Some(command) = replicator.poll_command(self.now, peer) {
                    cost += command.cost();
                    if let Some(said) = edge.handle_command(self.now, &command, &mut out) {
                        replicator.handle_edge(self.now, peer, said);
                    }
                }
                if cost > 0 && !link.clogged {
                    replicator.handle_written(peer, cost);
                }
                // Frames held for a feed opened now; an error comes again with the next input.
                drain(self.now, peer, edge, replicator).ok();
                link.ends[1 - side].inbox.extend_from_slice(&out);
                return !out.is_empty() || cost > 0;
            }
        }
        false
    }
}

fn drain(
    now: Instant,
    peer: PeerKey,
    edge: &mut Edge,
    replicator: &mut Replicator,
) -> Result<(), PeerError> {
    while let Some(event) = edge.poll()? {
        replicator.handle_edge(now, peer, event);
    }
    Ok(())
}

impl End {
    fn peer(&self) -> Option<PeerKey> {
        match &self.who {
            Who::Node { peer, .. } => Some(*peer),
            Who::Puppet(_) => None,
        }
    }
}

/// A link between two nodes, and how each calls the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire {
    pub(crate) link: usize,
    pub(crate) peers: [PeerKey; 2],
}

impl Net {
    /// A node with a feed of `count` blocks.
    pub(crate) fn writer(&mut self, count: u64) -> (usize, Slot, FeedKey) {
        let at = self.node(Config::default());
        let (slot, key) = self.create(at, 1);
        self.append(at, slot, 0..count);
        (at, slot, key)
    }

    pub(crate) fn create(&mut self, at: usize, seed: u8) -> (Slot, FeedKey) {
        let pair = KeyPair::from_seed(&[seed; 32]);
        let key = pair.key();
        let replicator = &mut self.nodes[at].replicator;
        let slot = replicator.create_live(pair, Blocks::InStore, FeedOptions::default());
        (slot.unwrap(), key)
    }

    pub(crate) fn clone_on(&mut self, at: usize, key: FeedKey, options: FeedOptions) -> Slot {
        let replicator = &mut self.nodes[at].replicator;
        replicator
            .create_clone(key, Blocks::InStore, options)
            .unwrap()
    }

    pub(crate) fn append(&mut self, at: usize, slot: Slot, blocks: Range<u64>) {
        let leaves = blocks.map(|at| Leaf::new(block(at))).collect();
        let replicator = &mut self.nodes[at].replicator;
        replicator.append(slot, leaves, None, u64::MAX);
        replicator.commit(self.now);
        assert!(matches!(
            replicator.poll_reply(),
            Some(Reply::Appended { .. })
        ));
    }

    pub(crate) fn join(&mut self, at: usize, peer: PeerKey, slot: Slot) {
        let now = self.now;
        self.nodes[at].replicator.join(now, peer, slot).unwrap();
    }

    pub(crate) fn get(&mut self, at: usize, slot: Slot, block: u64, token: u64) {
        let block = BlockIndex::new(block).unwrap();
        self.nodes[at].replicator.get(slot, block, true, token);
    }

    pub(crate) fn feed(&self, at: usize, slot: Slot) -> &Feed {
        self.nodes[at].replicator.feed(slot).unwrap()
    }

    pub(crate) fn held(&self, at: usize, slot: Slot) -> u64 {
        self.feed(at, slot).held_blocks()
    }

    pub(crate) fn state(&self, at: usize, slot: Slot) -> SyncState {
        self.nodes[at]
            .replicator
            .sync_state(self.now, slot)
            .unwrap()
    }

    pub(crate) fn status(&self, at: usize, slot: Slot) -> Status {
        self.state(at, slot).status
    }
}

impl Node {
    /// The blocks that came, in order.
    pub(crate) fn downloads(&self) -> Vec<u64> {
        let block = |event: &Event| match event {
            Event::Download { block, .. } => Some(block.get()),
            _ => None,
        };
        self.events.iter().filter_map(block).collect()
    }

    /// The blocks that were sent to `to`, in order.
    pub(crate) fn uploads_to(&self, to: PeerKey) -> Vec<u64> {
        let block = |event: &Event| match event {
            Event::Upload { block, peer, .. } if *peer == to => Some(block.get()),
            _ => None,
        };
        self.events.iter().filter_map(block).collect()
    }

    /// Why a peer was dropped, if it was.
    pub(crate) fn verdict(&self, peer: PeerKey) -> Option<&PeerError> {
        let mut dropped = self.dropped.iter();
        dropped
            .find(|(name, _)| *name == peer)
            .map(|(_, reason)| reason)
    }

    /// Whether the command `token` got its block.
    pub(crate) fn got(&self, token: u64) -> bool {
        self.replies.iter().any(
            |reply| matches!(reply, Reply::Block { token: name, block: Some(_) } if *name == token),
        )
    }
}

/// What the writers of these tests append.
pub(crate) fn block(at: u64) -> Bytes {
    Bytes::from(format!("block {at}"))
}

pub(crate) const SPARSE: FeedOptions = FeedOptions {
    sparse: true,
    strategy: hyperfeed_v2_replicate::Strategy::Linear,
    upload: true,
    download: true,
};
