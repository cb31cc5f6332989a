//! One of our peers in the place of a side of a recorded session.

use crate::session::{How, Owned, Session, Side};
use bytes::Bytes;
use core::time::Duration;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::MemoryStore;
use hyperfeed_testing_vectors::hex;
use hyperfeed_types::{FeedKey, Instant, PublicId};
use hyperfeed_v2_crypto::{KeyPair, Nonce};
use hyperfeed_v2_feed::{Blocks, Feed, Put, Slot, Store};
use hyperfeed_v2_replicate::{
    Config, Edge, EdgeConfig, EdgeNonces, Event, FeedOptions, Leaf, PeerError, PeerKey,
    PeerOptions, Replicator, Reply, Strategy,
};
use std::collections::{BTreeMap, BTreeSet};

/// Our peer in the place of one side.
pub(crate) struct Replay<'a> {
    session: &'a Session,
    side: Side,
    now: Instant,
    node: Replicator,
    peer: PeerKey,
    edge: Edge,
    pub(crate) slots: BTreeMap<&'static str, Slot>,
    pub(crate) events: Vec<Event>,
    pub(crate) sent: Vec<u8>,
    pub(crate) verdict: Option<PeerError>,
    deaf: bool,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(session: &'a Session, side: Side) -> Self {
        let now = Instant::from_millis(1000);
        let store = Store::open(Box::new(MemoryStore::new())).unwrap();
        let mut node = Replicator::new(Config::default(), store, [9; 32]);
        let peer = node.connect(now, PeerOptions::default());
        let mut config = EdgeConfig::new(side.peer_id());
        // In the session where only one side encrypts it is a that does not.
        config.encrypted = session.encrypted && !(session.is("one side") && side == Side::A);
        config.extensions = side.extensions(session);
        let mut nonces = session.nonces(side);
        // Where upstream had ended already.
        nonces.push(Nonce::new([0x77; 24]));
        let nonces = EdgeNonces::FixedForTests(nonces);
        let mut replay = Self {
            session,
            side,
            now,
            node,
            peer,
            edge: Edge::with_nonces(config, nonces, now),
            slots: BTreeMap::new(),
            events: Vec::new(),
            sent: Vec::new(),
            verdict: None,
            deaf: false,
        };
        for owned in session.feeds(side) {
            let slot = replay.set_up(&owned);
            replay.slots.insert(owned.label, slot);
            if session.joins_at_start(side, owned.label) {
                replay.node.join(now, peer, slot).unwrap();
            }
        }
        while replay.node.poll_event().is_some() {}
        replay
    }

    fn set_up(&mut self, owned: &Owned) -> Slot {
        let options = FeedOptions {
            strategy: Strategy::Linear,
            ..FeedOptions::default()
        };
        let node = &mut self.node;
        match owned.how {
            How::Unknown => node.create_clone(FeedKey::new(owned.key), Blocks::InStore, options),
            How::Writer(seed) => {
                let pair = KeyPair::from_seed(&[seed; 32]);
                assert_eq!(pair.key().as_bytes(), &owned.key);
                node.create_live(pair, Blocks::InStore, options)
            }
            How::Static => node.create_static(PublicId::new([1; 32]), Blocks::InStore, options),
            How::Copy(seed, held) => {
                let slot = node.create_clone(FeedKey::new(owned.key), Blocks::InStore, options);
                let (mut whole, mut store) = whole(seed, &owned.blocks);
                for block in held {
                    let block = BlockIndex::new(*block).unwrap();
                    let digest = node.feed(slot.clone().unwrap()).unwrap().digest(block);
                    let proof = whole.proof(&mut store, block, digest).unwrap().unwrap();
                    let data = whole.block(&mut store, block).unwrap().unwrap().data;
                    let put = Put::new(block, data, proof.nodes, proof.signature);
                    node.put(slot.clone().unwrap(), put, 1);
                    node.commit(self.now);
                }
                slot
            }
        }
        .inspect(|slot| {
            if matches!(owned.how, How::Writer(_) | How::Static) {
                append(node, *slot, &owned.blocks, self.now);
            }
            if matches!(owned.how, How::Static) {
                node.finalize(*slot, 1);
                node.commit(self.now);
                let key = node.feed(*slot).unwrap().key().unwrap();
                assert_eq!(key.as_bytes(), &owned.key);
            }
        })
        .unwrap()
    }

    pub(crate) fn play(mut self) -> Self {
        self.turn();
        for entry in &self.session.log {
            if let Some(action) = entry["do"].as_str() {
                self.act(action);
            } else if entry["frame"].is_string() && entry["from"] != self.side.name() && !self.deaf
            {
                self.edge
                    .handle_input(self.now, &hex(entry["frame"].as_str().unwrap()));
                self.turn();
            }
        }
        self
    }

    fn act(&mut self, action: &str) {
        let (f, g) = (self.slots.get("f").copied(), self.slots.get("g").copied());
        let texts = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.as_bytes().to_vec())
                .collect::<Vec<_>>()
        };
        match (self.side, action) {
            (Side::A, "a appends one block") => self.append(&texts(&["third"])),
            (Side::A, "a appends three blocks") => {
                self.append(&texts(&["late 0", "late 1", "late 2"]))
            }
            (Side::A, "a appends (requests arrive although paused)") => {
                self.append(&texts(&["paused"]))
            }
            (Side::A, "a pauses") => self.node.pause(self.peer, f.unwrap()),
            (Side::A, "a resumes") => self.node.resume(self.peer, f.unwrap()),
            (Side::A, "a leaves f (nothing is sent)") => {
                self.node.leave(self.now, self.peer, f.unwrap())
            }
            (Side::B, "b joins f") => self.node.join(self.now, self.peer, f.unwrap()).unwrap(),
            (Side::B, "b joins g") | (_, "a and b join g; a reuses channel 0") => {
                self.node.join(self.now, self.peer, g.unwrap()).unwrap();
            }
            (Side::B, "from here b receives nothing") => self.deaf = true,
            (_, tick) if tick.starts_with("tick") => self.tick(),
            // What only upstream's peers do, or do without being told.
            _ => {}
        }
        self.turn();
    }

    fn append(&mut self, blocks: &[Vec<u8>]) {
        append(&mut self.node, self.slots["f"], blocks, self.now);
    }

    fn tick(&mut self) {
        self.now = self
            .edge
            .poll_timeout()
            .unwrap_or(self.now + Duration::from_millis(1250));
        self.node.handle_timeout(self.now);
        if let Err(error) = self.edge.handle_timeout(self.now, &mut self.sent) {
            self.verdict.get_or_insert(error);
        }
    }

    fn turn(&mut self) {
        loop {
            let said = match self.edge.poll() {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => {
                    self.verdict.get_or_insert(error);
                    break;
                }
            };
            self.node.handle_edge(self.now, self.peer, said);
        }
        self.node.commit(self.now);
        let mut opened = false;
        while let Some(command) = self.node.poll_command(self.now, self.peer) {
            opened |= matches!(command, hyperfeed_v2_replicate::EdgeCommand::Open { .. });
            let back = self.edge.handle_command(self.now, &command, &mut self.sent);
            assert!(back.is_none());
            self.node.handle_written(self.peer, command.cost());
        }
        while let Some(event) = self.node.poll_event() {
            match event {
                Event::Dropped { reason, .. } => drop(self.verdict.get_or_insert(reason)),
                event => self.events.push(event),
            }
        }
        while self.node.poll_reply().is_some() {}
        if opened {
            // What was held for the feed comes out now.
            self.turn();
        }
    }

    pub(crate) fn feed(&self, label: &str) -> &Feed {
        self.node.feed(self.slots[label]).unwrap()
    }

    pub(crate) fn held(&self, label: &str) -> BTreeSet<u64> {
        self.feed(label)
            .held()
            .runs(0..u64::MAX)
            .flatten()
            .collect()
    }

    fn blocks(&self, label: &str, of: impl Fn(&Event) -> Option<(Slot, u64)>) -> Vec<u64> {
        let slot = self.slots[label];
        let events = self.events.iter().filter_map(of);
        events
            .filter(|(at, _)| *at == slot)
            .map(|(_, block)| block)
            .collect()
    }

    pub(crate) fn downloads(&self, label: &str) -> Vec<u64> {
        self.blocks(label, |event| match event {
            Event::Download { slot, block, .. } => Some((*slot, block.get())),
            _ => None,
        })
    }

    pub(crate) fn uploads(&self, label: &str) -> Vec<u64> {
        self.blocks(label, |event| match event {
            Event::Upload { slot, block, .. } => Some((*slot, block.get())),
            _ => None,
        })
    }

    /// How many blocks the peer is known to have.
    pub(crate) fn remote(&self, label: &str) -> Option<u64> {
        let state = self.node.sync_state(self.now, self.slots[label])?;
        state.peers.first().map(|peer| peer.has_blocks)
    }
}

fn append(node: &mut Replicator, slot: Slot, blocks: &[Vec<u8>], now: Instant) {
    let leaves = blocks
        .iter()
        .map(|block| Leaf::new(Bytes::from(block.clone())));
    node.append(slot, leaves.collect(), None, 1);
    node.commit(now);
    let reply = node.poll_reply();
    assert!(matches!(reply, Some(Reply::Appended { .. })), "{reply:?}");
}

/// The writer of a feed of which the two sides hold parts.
fn whole(seed: u8, blocks: &[Vec<u8>]) -> (Feed, Store) {
    let mut store = Store::open(Box::new(MemoryStore::new())).unwrap();
    let pair = KeyPair::from_seed(&[seed; 32]);
    let mut feed = Feed::create_live(&mut store, pair, Blocks::InStore).unwrap();
    for block in blocks {
        let leaf = hyperfeed_v2_feed::leaf_hash(block);
        feed.stage_append(&mut store, Bytes::from(block.clone()), leaf)
            .unwrap();
    }
    feed.seal(&mut store, Default::default()).unwrap();
    store.commit(Default::default()).unwrap();
    feed.committed();
    (feed, store)
}
