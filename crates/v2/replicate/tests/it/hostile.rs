//! Lies, replays, garbage, and connections that end in the middle: nothing of it changes what is stored.

use crate::net::{Net, block};
use crate::puppet::{answer_of, record};
use crate::siege::Siege;
use hyperfeed_types::Signature;
use hyperfeed_v2_feed::{Block, Proof};
use hyperfeed_v2_replicate::{Config, FeedOptions, PeerError};
use hyperfeed_v2_wire::{self as wire, Message, NodeRecord, Nodes};

/// One way to lie about a block.
type Lie = fn(&mut Answer);

struct Answer {
    block: u64,
    data: Vec<u8>,
    nodes: Vec<NodeRecord>,
    signature: Option<Vec<u8>>,
}

impl Answer {
    fn new(block: u64, (found, proof): &(Block, Proof)) -> Self {
        Self {
            block,
            data: found.data.to_vec(),
            nodes: proof.nodes.iter().map(record).collect(),
            signature: proof.signature.as_ref().map(|s| s.as_bytes().to_vec()),
        }
    }
}

const LIES: [(&str, Lie); 13] = [
    ("other data", |answer| answer.data[0] ^= 1),
    ("no data", |answer| answer.data.clear()),
    ("more data", |answer| answer.data.push(0)),
    ("another block's place", |answer| answer.block = 1),
    ("a node's hash", |answer| {
        answer.nodes[0].hash = [7; 32].into()
    }),
    ("a node's size", |answer| answer.nodes[0].size += 1),
    ("sizes that overflow", |answer| {
        answer.nodes[0].size = u64::MAX
    }),
    ("a node's index", |answer| answer.nodes[0].index = 6),
    ("a node less", |answer| {
        answer.nodes.pop();
    }),
    ("a node twice", |answer| answer.nodes.push(answer.nodes[0])),
    ("a bit of the signature", |answer| {
        answer.signature.as_mut().unwrap()[9] ^= 1
    }),
    ("no signature", |answer| answer.signature = None),
    ("a short signature", |answer| {
        answer.signature.as_mut().unwrap().truncate(63)
    }),
];

#[test]
fn every_lie_about_a_block_drops_the_liar_and_stores_nothing() {
    for (name, lie) in LIES {
        // Asked, and unasked for a block that is missing.
        for asked in [true, false] {
            let mut siege = Siege::around(Config::default(), FeedOptions::default());
            let (honest, slot, channel) = (siege.honest, siege.f[0], siege.channel);
            // The honest peer is slow: the victim has nothing when the lie comes.
            siege.net.hold(0, true);
            if asked {
                siege.puppet().have(channel, 0, 3);
            }
            siege.net.run();
            assert_eq!(!siege.puppet().asked().is_empty(), asked);
            let truth = answer_of(&mut siege.net.nodes[honest].replicator, slot, 0, 0);
            let mut answer = Answer::new(0, &truth);
            lie(&mut answer);
            let response = wire::Response {
                block: answer.block,
                data: &answer.data,
                nodes: Nodes::new(&answer.nodes),
                signature: answer.signature.as_deref(),
            };
            siege.puppet().send(channel, &Message::Response(response));
            siege.net.run();
            assert_eq!(siege.net.held(siege.victim, siege.f[1]), 0, "{name}");
            assert_eq!(
                siege.net.feed(siege.victim, siege.f[1]).length(),
                0,
                "{name}"
            );
            siege.net.hold(0, false);
            let verdict = siege.verdict();
            let blamed = matches!(verdict, PeerError::BadBlock { feed, .. } if feed == hyperfeed_v2_crypto::public_id(&siege.f_key));
            assert!(blamed, "{name}: {verdict:?}");
        }
    }
}

#[test]
fn the_signature_of_another_length_is_a_lie() {
    let mut siege = Siege::around(Config::default(), FeedOptions::default());
    siege.net.hold(0, true);
    let (honest, slot, channel) = (siege.honest, siege.f[0], siege.channel);
    let old = answer_of(&mut siege.net.nodes[honest].replicator, slot, 0, 0);
    siege.net.append(honest, slot, 3..5);
    let mut new = answer_of(&mut siege.net.nodes[honest].replicator, slot, 0, 0);
    new.1.signature = old.1.signature;
    siege.puppet().have(channel, 0, 5);
    siege.puppet().answer(channel, 0, &new);
    siege.net.run();
    assert_eq!(siege.net.held(siege.victim, siege.f[1]), 0);
    siege.net.hold(0, false);
    assert!(matches!(siege.verdict(), PeerError::BadBlock { .. }));
}

#[test]
fn a_late_answer_and_one_that_comes_twice_are_no_crime() {
    let options = FeedOptions::default();
    let mut siege = Siege::around(Config::default(), options);
    let (honest, slot, channel) = (siege.honest, siege.f[0], siege.channel);
    let answer = answer_of(&mut siege.net.nodes[honest].replicator, slot, 1, 0);
    siege.puppet().have(channel, 0, 3);
    siege.net.pass(6_000);
    for _ in 0..3 {
        siege.puppet().answer(channel, 1, &answer);
    }
    siege.is_borne();
}

/// What a copy was sent by its writer, from the first byte to the last.
fn recorded() -> (Vec<u8>, Net, usize) {
    let mut net = Net::new();
    let (writer, slot, key) = net.writer(3);
    let reader = net.node(Config::default());
    let copy = net.clone_on(reader, key, FeedOptions::default());
    let wire = net.connect(writer, reader);
    net.join(writer, wire.peers[0], slot);
    net.join(reader, wire.peers[1], copy);
    net.run();
    assert_eq!(net.held(reader, copy), 3);
    let bytes = net.arrived(wire.link, 1).to_vec();
    (bytes, net, reader)
}

/// A fresh copy that is sent these bytes; what it then holds, and whether the connection lasted.
fn after(bytes: &[u8], pieces: usize) -> (u64, bool) {
    let mut net = Net::new();
    let (_, _, key) = net.writer(0);
    let victim = net.node(Config::default());
    let copy = net.clone_on(victim, key, FeedOptions::default());
    let (link, peer) = net.puppet_of(victim);
    net.puppet(link).deaf = true;
    net.join(victim, peer, copy);
    for piece in bytes.chunks(pieces) {
        net.inject(link, piece);
        net.run();
    }
    let (feed, store) = net.nodes[victim].replicator.feed_and_store(copy).unwrap();
    for index in feed.held().clone().runs(0..u64::MAX).flatten() {
        let index = hyperfeed_flat_tree::BlockIndex::new(index).unwrap();
        let found = feed.block(store, index).unwrap().unwrap();
        assert_eq!(found.data, block(index.get()));
    }
    (feed.held_blocks(), net.is_open(link))
}

#[test]
fn a_stream_that_ends_at_any_byte_leaves_a_whole_feed() {
    let (bytes, _, _) = recorded();
    let mut last = 0;
    for end in 0..=bytes.len() {
        let (held, open) = after(&bytes[..end], 4096);
        assert!(open && held >= last, "{end}");
        last = held;
    }
    assert_eq!(last, 3);
    assert_eq!(after(&bytes, 1), (3, true));
}

#[test]
fn a_session_played_again_brings_nothing_but_what_the_writer_wrote() {
    let (bytes, mut net, reader) = recorded();
    // To the same copy, whole and doubled: the second half does not even open.
    let slot = net.nodes[reader].replicator.open_feeds().next().unwrap();
    let (link, peer) = net.puppet_of(reader);
    net.puppet(link).deaf = true;
    net.join(reader, peer, slot);
    net.inject(link, &bytes);
    net.run();
    assert!(net.is_open(link));
    assert_eq!(
        (net.held(reader, slot), net.feed(reader, slot).length()),
        (3, 3)
    );
    net.inject(link, &bytes);
    net.run();
    assert_eq!(
        (net.held(reader, slot), net.feed(reader, slot).length()),
        (3, 3)
    );
}

#[test]
fn a_changed_byte_anywhere_never_brings_another_block() {
    let (bytes, _, _) = recorded();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        after(&changed, 4096);
    }
}

#[test]
fn garbage_in_place_of_messages_stores_nothing() {
    let mut random = 0x9e37_79b9_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for _ in 0..300 {
        let mut siege = Siege::new(Config::default());
        let channel = siege.channel;
        let before = siege.net.feed(siege.victim, siege.f[1]).length();
        for _ in 0..20 {
            let (kind, len) = (next() % 9, next() % 60);
            let body: Vec<u8> = (0..len).map(|_| (next() >> 11) as u8).collect();
            siege.puppet().send_raw(channel, kind as u8, &body);
        }
        siege.net.run();
        assert_eq!(siege.net.feed(siege.victim, siege.f[1]).length(), before);
        siege.goes_on();
    }
}

#[test]
fn a_signature_of_any_length_is_only_bytes() {
    // The wire has no limit of its own for it but the frame's.
    let mut siege = Siege::around(Config::default(), FeedOptions::default());
    siege.net.hold(0, true);
    let (honest, slot, channel) = (siege.honest, siege.f[0], siege.channel);
    let mut answer = answer_of(&mut siege.net.nodes[honest].replicator, slot, 0, 0);
    answer.1.signature = Some(Signature::new(vec![1; 1 << 20]));
    siege.puppet().answer(channel, 0, &answer);
    siege.net.run();
    siege.net.hold(0, false);
    assert!(matches!(siege.verdict(), PeerError::BadBlock { .. }));
}
