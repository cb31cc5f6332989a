//! Each recorded session of npm 2.3.0 played to one of our peers, in the place of either side.

use crate::session::{How, Owned, Session, Side};
use bytes::Bytes;
use core::time::Duration;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::MemoryStore;
use hyperfeed_testing_vectors::hex;
use hyperfeed_types::{FeedKey, Instant, PublicId};
use hyperfeed_v2_crypto::{KeyPair, Nonce};
use hyperfeed_v2_feed::{Blocks, Feed, Put, Slot, Store};
use hyperfeed_v2_protocol::{Misbehaviour, ProtocolError};
use hyperfeed_v2_replicate::{
    Config, Edge, EdgeConfig, EdgeNonces, Event, FeedOptions, Leaf, PeerError, PeerKey,
    PeerOptions, Replicator, Reply, Strategy,
};
use std::collections::{BTreeMap, BTreeSet};

/// Our peer in the place of one side.
struct Replay<'a> {
    session: &'a Session,
    side: Side,
    now: Instant,
    node: Replicator,
    peer: PeerKey,
    edge: Edge,
    slots: BTreeMap<&'static str, Slot>,
    events: Vec<Event>,
    sent: Vec<u8>,
    verdict: Option<PeerError>,
    deaf: bool,
}

impl<'a> Replay<'a> {
    fn new(session: &'a Session, side: Side) -> Self {
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

    fn play(mut self) -> Self {
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

    fn feed(&self, label: &str) -> &Feed {
        self.node.feed(self.slots[label]).unwrap()
    }

    fn held(&self, label: &str) -> BTreeSet<u64> {
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

    fn downloads(&self, label: &str) -> Vec<u64> {
        self.blocks(label, |event| match event {
            Event::Download { slot, block, .. } => Some((*slot, block.get())),
            _ => None,
        })
    }

    fn uploads(&self, label: &str) -> Vec<u64> {
        self.blocks(label, |event| match event {
            Event::Upload { slot, block, .. } => Some((*slot, block.get())),
            _ => None,
        })
    }

    /// How many blocks the peer is known to have.
    fn remote(&self, label: &str) -> Option<u64> {
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

/// Sessions that upstream ends with an error, at one side or both.
fn ends_in_error(session: &Session) -> bool {
    [
        "the first channels",
        "close frame",
        "leave, then another feed on the freed channel",
        "request for",
        "bad block",
        "one side",
    ]
    .iter()
    .any(|start| session.is(start))
}

#[test]
fn every_session_leaves_our_peer_where_it_left_upstream() {
    let mut replays = 0;
    for session in Session::all()
        .iter()
        .filter(|session| !ends_in_error(session))
    {
        for side in Side::BOTH {
            let replay = Replay::new(session, side).play();
            let label = |what: &str| format!("{what}, {}, as {side:?}", session.name);
            let timed_out = session.is("keep-alive") && side == Side::B;
            assert_eq!(
                replay.verdict.is_some(),
                timed_out,
                "{} {:?}",
                label("verdict"),
                replay.verdict
            );
            for feed in replay.slots.keys() {
                let before = Replay::new(session, side).held(feed);
                let downloads: BTreeSet<u64> =
                    session.events(side, feed, "download").into_iter().collect();
                let fetched = replay.downloads(feed);
                // A block that comes twice is stored once.
                let new: BTreeSet<u64> = downloads.difference(&before).copied().collect();
                assert_eq!(
                    fetched.iter().copied().collect::<BTreeSet<u64>>(),
                    new,
                    "{}",
                    label("downloads")
                );
                assert_eq!(fetched.len(), new.len(), "{}", label("downloads twice"));
                let appended = match () {
                    () if side == Side::B => 0,
                    () if session.is("append") => 4,
                    () if session.is("pause") => 1,
                    () => 0,
                };
                let held = replay.held(feed);
                let mut expected: BTreeSet<u64> = before.union(&downloads).copied().collect();
                let length = before.len() as u64;
                expected.extend(length..length + appended);
                assert_eq!(held, expected, "{}", label("held"));
                if !session.is("keep-alive") {
                    let uploads = session.events(side, feed, "upload");
                    assert_eq!(replay.uploads(feed), uploads, "{}", label("uploads"));
                }
                if !timed_out {
                    let told = session.told(side, feed).len() as u64;
                    assert_eq!(replay.remote(feed), Some(told), "{}", label("remote"));
                }
            }
            replays += 1;
        }
    }
    assert_eq!(replays, 2 * 18);
}

/// With the nonces of the recording: frames that are the same, byte for byte, from the first on.
#[test]
fn our_peer_writes_what_upstream_wrote_as_far_as_both_choose_alike() {
    let mut whole = Vec::new();
    for session in Session::all().iter() {
        for side in Side::BOTH {
            let replay = Replay::new(session, side).play();
            let theirs = session.frames(side).concat();
            if replay.sent == theirs {
                whole.push((side, session.name.clone()));
            }
        }
    }
    // What else there is differs by design: the order of requests and announcements, no signature but the last of
    // each commit.
    let whole: Vec<(Side, &str)> = whole
        .iter()
        .map(|(side, name)| (*side, name.as_str()))
        .collect();
    let expected = [
        (Side::A, "live feed, three blocks"),
        (Side::B, "live feed, three blocks"),
        (Side::A, "live feed, three blocks, not encrypted"),
        (Side::B, "live feed, three blocks, not encrypted"),
        (Side::A, "live feed, empty"),
        (Side::B, "live feed, empty"),
        (Side::A, "blocks of 0, 1, 127, 128, 3000 and 20000 bytes"),
        (Side::B, "blocks of 0, 1, 127, 128, 3000 and 20000 bytes"),
        (Side::A, "static feed, five blocks"),
        (Side::B, "static feed, five blocks"),
        (Side::A, "static feed, five blocks, not encrypted"),
        (Side::B, "static feed, five blocks, not encrypted"),
        (Side::B, "append while connected"),
        (Side::A, "the remote opens first; the feed is joined later"),
        (Side::B, "close frame (an error when encrypted)"),
        (Side::B, "close frame, not encrypted (ignored)"),
        (Side::B, "bad block data: error"),
        (Side::B, "one side encrypts, the other does not: error"),
    ];
    assert_eq!(whole, expected);
}

fn session(name: &str) -> Session {
    let mut all = Session::all().into_iter();
    all.find(|session| session.name == name).unwrap()
}

fn opened(replay: &Replay<'_>) -> usize {
    let opened = |event: &&Event| matches!(event, Event::FeedOpened { .. });
    replay.events.iter().filter(opened).count()
}

#[test]
fn first_channels_that_differ_are_no_error_here() {
    let session = session("the first channels differ: error");
    for (side, label) in [(Side::A, "f"), (Side::B, "g")] {
        let replay = Replay::new(&session, side).play();
        assert!(replay.verdict.is_none());
        assert_eq!(opened(&replay), 1);
        assert_eq!(replay.held(label).len(), 2);
        assert_eq!(replay.remote(label), None);
    }
}

#[test]
fn a_close_frame_ends_the_feed_on_the_connection_and_nothing_else() {
    for name in [
        "close frame (an error when encrypted)",
        "close frame, not encrypted (ignored)",
    ] {
        let session = session(name);
        let replay = Replay::new(&session, Side::B).play();
        assert!(replay.verdict.is_none());
        assert_eq!(replay.downloads("f"), [0]);
        let removed = |event: &Event| matches!(event, Event::PeerRemoved { .. });
        assert!(replay.events.iter().any(removed));
        // The writer's side sees nothing of the close that upstream sends by hand.
        let replay = Replay::new(&session, Side::A).play();
        assert!(replay.verdict.is_none());
        assert_eq!(replay.uploads("f"), [0]);
    }
}

#[test]
fn another_feed_on_a_freed_channel_is_that_other_feed() {
    for name in [
        "leave, then another feed on the freed channel",
        "leave, then another feed on the freed channel, not encrypted",
    ] {
        let session = session(name);
        let replay = Replay::new(&session, Side::B).play();
        assert!(replay.verdict.is_none(), "{:?}", replay.verdict);
        assert_eq!(replay.downloads("f"), [0]);
        assert_eq!(opened(&replay), 2);
        // In plain mode the recording goes on with what it has of the other feed.
        let told = u64::from(!session.encrypted);
        assert_eq!(replay.remote("g"), Some(told));
        let replay = Replay::new(&session, Side::A).play();
        assert!(replay.verdict.is_none());
        assert_eq!(replay.uploads("f"), [0]);
    }
}

#[test]
fn a_request_for_a_block_that_is_not_there_is_no_error() {
    let session = session("request for a block that is not there: error");
    let replay = Replay::new(&session, Side::A).play();
    assert!(replay.verdict.is_none());
    assert_eq!(replay.uploads("f"), [0]);
    assert_eq!(replay.remote("f"), Some(1));
    let replay = Replay::new(&session, Side::B).play();
    assert!(replay.verdict.is_none());
    assert_eq!(replay.downloads("f"), [0]);
}

#[test]
fn a_bad_block_ends_the_connection_and_stores_nothing() {
    let session = session("bad block data: error");
    let replay = Replay::new(&session, Side::B).play();
    let verdict = replay.verdict.as_ref().unwrap();
    assert!(
        matches!(verdict, PeerError::BadBlock { block, .. } if block.get() == 0),
        "{verdict:?}"
    );
    assert!(replay.held("f").is_empty());
    assert_eq!(replay.feed("f").length(), 0);
    let replay = Replay::new(&session, Side::A).play();
    assert!(replay.verdict.is_none());
}

#[test]
fn a_side_that_does_not_encrypt_is_refused_by_the_side_that_does() {
    let session = session("one side encrypts, the other does not: error");
    let replay = Replay::new(&session, Side::B).play();
    let verdict = replay.verdict.as_ref().unwrap();
    assert!(
        matches!(
            verdict,
            PeerError::Protocol(ProtocolError::PeerMisbehaved(
                Misbehaviour::MessageTooShort { channel: 0, .. }
            ))
        ),
        "{verdict:?}"
    );
    let replay = Replay::new(&session, Side::A).play();
    let verdict = replay.verdict.as_ref().unwrap();
    assert!(
        matches!(verdict, PeerError::Protocol(ProtocolError::Decode(_))),
        "{verdict:?}"
    );
}

#[test]
fn messages_of_extensions_both_sides_know_arrive_and_no_others() {
    for session in Session::all()
        .iter()
        .filter(|session| session.is("extension"))
    {
        for side in Side::BOTH {
            let replay = Replay::new(session, side).play();
            let recorded = session
                .log
                .iter()
                .filter(|entry| entry["at"] == side.name() && !entry["onextension"].is_null());
            let recorded: Vec<(usize, Vec<u8>)> = recorded
                .map(|entry| {
                    let name = entry["onextension"].as_u64().unwrap() as usize;
                    (name, hex(entry["payload"].as_str().unwrap()))
                })
                .collect();
            let ours = replay.events.iter().filter_map(|event| match event {
                Event::Extension { name, body, .. } => Some((*name, body.to_vec())),
                _ => None,
            });
            assert_eq!(ours.collect::<Vec<_>>(), recorded);
        }
    }
}
