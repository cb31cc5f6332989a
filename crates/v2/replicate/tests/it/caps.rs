//! What a hostile peer can make us keep or do: as much as the limits say, and then it is dropped.

use crate::net::block;
use crate::puppet::answer_of;
use crate::siege::Siege;
use hyperfeed_types::PublicId;
use hyperfeed_v2_protocol::{Misbehaviour, ProtocolError};
use hyperfeed_v2_replicate::{Config, EdgeConfig, Error, Event, FeedOptions, PeerError};
use hyperfeed_v2_wire::{self as wire, Message, encode_frame_header, limits, varint};

#[test]
fn more_requests_than_may_wait_drop_the_peer() {
    let config = Config {
        max_queued_requests: 64,
        ..Config::default()
    };
    let mut siege = Siege::new(config);
    let channel = siege.channel;
    for block in 0..64 {
        siege.puppet().request(channel, block);
    }
    siege.is_borne();
    for block in 0..65 {
        siege.puppet().request(channel, block);
    }
    assert!(matches!(siege.verdict(), PeerError::TooManyRequests));
}

#[test]
fn the_same_request_again_and_again_waits_once() {
    let config = Config {
        max_queued_requests: 64,
        ..Config::default()
    };
    let mut siege = Siege::new(config);
    let channel = siege.channel;
    siege.net.run();
    for _ in 0..10_000 {
        siege.puppet().request(channel, 1);
    }
    siege.is_borne();
    assert_eq!(siege.puppet().received(), [1]);
}

#[test]
fn blocks_nobody_asked_for_are_not_stored_and_drop_the_peer_in_the_end() {
    let config = Config {
        max_unrequested: 8,
        ..Config::default()
    };
    let mut siege = Siege::new(config);
    let (channel, honest, slot) = (siege.channel, siege.honest, siege.f[0]);
    let answer = answer_of(&mut siege.net.nodes[honest].replicator, slot, 1, 0);
    for _ in 0..8 {
        siege.puppet().answer(channel, 1, &answer);
    }
    siege.is_borne();
    siege.puppet().answer(channel, 1, &answer);
    assert!(matches!(siege.verdict(), PeerError::TooManyUnrequested));
}

#[test]
fn scattered_claims_of_one_feed_or_of_many_are_bounded_together() {
    let config = Config {
        max_remote_memory: 64 << 10,
        ..Config::default()
    };
    let mut siege = Siege::new(config.clone());
    let channel = siege.channel;
    // 576 bytes a page: 113 fit.
    for page in 1..=113 {
        siege.puppet().have(channel, page * 4096, page * 4096 + 1);
    }
    siege.is_borne();
    siege.puppet().have(channel, 200 * 4096, 200 * 4096 + 1);
    assert!(matches!(siege.verdict(), PeerError::RemoteMemory));

    let mut siege = Siege::new(config);
    let (channel, victim, attacker, slot) =
        (siege.channel, siege.victim, siege.attacker, siege.g[1]);
    siege.net.join(victim, attacker, slot);
    let g_key = siege.g_key;
    let other = siege.puppet().open(&g_key);
    for page in 1..=57 {
        siege.puppet().have(channel, page * 4096, page * 4096 + 1);
        siege.puppet().have(other, page * 4096, page * 4096 + 1);
    }
    assert!(matches!(siege.verdict(), PeerError::RemoteMemory));
}

/// Blocks 0, 4096, 8192, …: a page of memory for 6 bytes.
fn scattered(pages: u64) -> Vec<u8> {
    let mut coded = Vec::new();
    varint::encode(pages, &mut coded);
    for _ in 0..pages {
        varint::encode(1, &mut coded);
        varint::encode(4095, &mut coded);
    }
    // One literal bit set, then the bit of the run.
    coded.extend(std::iter::repeat_n(0b1010_1010, pages.div_ceil(4) as usize));
    coded
}

#[test]
fn a_bitfield_that_expands_is_stopped_while_it_does() {
    let mut siege = Siege::new(Config::default());
    let channel = siege.channel;
    // 9 MB of memory; another 500 times as much is in the next one.
    siege.puppet().have_bits(channel, 0, &scattered(16_000));
    siege.is_borne();
    siege.puppet().have_bits(channel, 0, &scattered(1_000_000));
    assert!(matches!(siege.verdict(), PeerError::RemoteMemory));
}

#[test]
fn a_claim_of_everything_costs_nothing_and_stops_nobody() {
    for bits in [false, true] {
        let mut siege = Siege::around(Config::default(), FeedOptions::default());
        let channel = siege.channel;
        if bits {
            let mut coded = vec![1, 0];
            varint::encode(1 << 51, &mut coded);
            coded.push(0x80);
            siege.puppet().have_bits(channel, 0, &coded);
        } else {
            siege.puppet().have(channel, 0, u64::MAX >> 11);
        }
        siege.is_borne();
        // It never delivers: at last nothing is believed of it.
        siege.net.pass(6_000);
        siege.is_borne();
        let state = siege.net.state(siege.victim, siege.f[1]);
        assert_eq!(state.missing_blocks, 0);
        assert!(siege.puppet().asked().len() <= 64);
    }
}

#[test]
fn a_bitfield_past_the_last_index_drops_the_peer() {
    let mut past = vec![1, 0];
    varint::encode(1 << 60, &mut past);
    past.push(0x80);
    for coded in [past, vec![], vec![9], vec![1, 0, 0x80], vec![0xff; 40]] {
        let mut siege = Siege::new(Config::default());
        let channel = siege.channel;
        siege.puppet().have_bits(channel, 0, &coded);
        assert!(matches!(siege.verdict(), PeerError::Bitfield), "{coded:?}");
    }
}

#[test]
fn an_index_past_the_largest_drops_the_peer_wherever_it_stands() {
    let past = 1 << 52;
    let messages = [
        Message::Have(wire::Have {
            start: past,
            end: None,
            bitfield: None,
        }),
        Message::Have(wire::Have {
            start: u64::MAX,
            end: Some(0),
            bitfield: None,
        }),
        Message::Want(wire::Want {
            start: past,
            end: None,
        }),
        Message::Request(wire::Request {
            block: past,
            digest: None,
        }),
        Message::Cancel(wire::Cancel {
            block: past,
            digest: None,
        }),
        Message::Response(wire::Response {
            block: past,
            data: b"",
            nodes: wire::Nodes::new(&[]),
            signature: None,
        }),
    ];
    for message in messages {
        let mut siege = Siege::new(Config::default());
        let channel = siege.channel;
        siege.puppet().send(channel, &message);
        let verdict = siege.verdict();
        assert!(
            matches!(verdict, PeerError::OutOfRange { .. }),
            "{message:?} {verdict:?}"
        );
    }
}

#[test]
fn a_proof_of_too_many_nodes_drops_the_peer() {
    let mut siege = Siege::new(Config::default());
    let channel = siege.channel;
    let node = wire::NodeRecord {
        index: 2,
        size: 0,
        hash: [0; 32].into(),
    };
    let nodes = vec![node; limits::MAX_NODES + 1];
    let response = wire::Response {
        block: 0,
        data: b"",
        nodes: wire::Nodes::new(&nodes),
        signature: None,
    };
    siege.puppet().send(channel, &Message::Response(response));
    assert!(matches!(siege.verdict(), PeerError::Decode(_)));
}

#[test]
fn a_body_that_cannot_be_read_drops_the_peer() {
    for (kind, body) in [
        (0, vec![0x08]),
        (2, vec![0xff; 11]),
        (3, vec![0x12, 0x7f, 1]),
        (4, vec![]),
    ] {
        let mut siege = Siege::new(Config::default());
        let channel = siege.channel;
        siege.puppet().send_raw(channel, kind, &body);
        assert!(
            matches!(siege.verdict(), PeerError::Decode(_)),
            "{kind} {body:?}"
        );
    }
}

#[test]
fn a_frame_over_the_limit_drops_the_peer_before_it_is_received() {
    let mut longer = Vec::new();
    varint::encode(limits::MAX_FRAME as u64 + 1, &mut longer);
    let drawn_out = vec![0x81, 0x80, 0x80, 0x80, 0x00];
    for bytes in [longer, drawn_out] {
        let mut siege = Siege::new(Config::default());
        siege.net.inject(siege.link, &bytes);
        let verdict = siege.verdict();
        assert!(
            matches!(verdict, PeerError::Protocol(ProtocolError::Decode(_))),
            "{verdict:?}"
        );
    }
}

#[test]
fn more_channels_than_allowed_drop_the_peer() {
    let mut siege = Siege::new(Config::default());
    let link = siege.link;
    let open = |number: u64| {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let handshake = wire::Handshake {
            public_id: PublicId::new(id),
            nonce: &[0; 24],
            protocol: None,
        };
        let mut out = Vec::new();
        encode_frame_header(number, handshake.encoded_len(), &mut out);
        handshake.encode(&mut out);
        out
    };
    for number in 1..4096 {
        siege.net.inject(link, &open(number));
    }
    siege.is_borne();
    siege.net.inject(link, &open(4096));
    let verdict = siege.verdict();
    let expected = Misbehaviour::TooManyChannels { limit: 4096 };
    assert!(
        matches!(verdict, PeerError::Protocol(ProtocolError::PeerMisbehaved(m)) if m == expected),
        "{verdict:?}"
    );
}

#[test]
fn frames_for_a_feed_not_joined_are_held_up_to_a_limit_and_made_up_for_later() {
    let mut siege = Siege::new(Config::default());
    let (victim, slot, attacker, g_key) = (siege.victim, siege.g[1], siege.attacker, siege.g_key);
    let other = siege.puppet().open(&g_key);
    // 4096 frames are held; with one more, none.
    for at in 0..5000 {
        siege.puppet().have(other, at, at + 1);
    }
    siege.is_borne();
    siege.net.join(victim, attacker, slot);
    siege.net.run();
    // What went by is asked for.
    assert_eq!(siege.puppet().count(1), 1);
    siege.is_borne();
}

#[test]
fn names_of_extensions_are_counted_and_measured() {
    let mut siege = Siege::new(Config::default());
    let mut config = EdgeConfig::new([1; 32].into());
    config.extensions = (0..64).map(|at| format!("{at:02}")).collect();
    config.extensions[7] = "long".repeat(300);
    let (link, peer) = siege.net.puppet_with(siege.victim, config);
    siege.net.join(siege.victim, peer, siege.f[1]);
    let f_key = siege.f_key;
    siege.net.puppet(link).open(&f_key);
    siege.is_borne();
    let names = siege.net.nodes[siege.victim]
        .events
        .iter()
        .find_map(|event| match event {
            Event::Handshake {
                peer: who,
                extensions,
                ..
            } if *who == peer => Some(extensions),
            _ => None,
        });
    assert_eq!(names.unwrap().len(), 63);

    let mut siege = Siege::new(Config::default());
    let mut config = EdgeConfig::new([1; 32].into());
    config.limits.max_introduction = usize::MAX;
    config.extensions = (0..64).map(|at| format!("{at:02}").repeat(600)).collect();
    let (link, peer) = siege.net.puppet_with(siege.victim, config);
    siege.attacker = peer;
    siege.link = link;
    let f_key = siege.f_key;
    siege.puppet().open(&f_key);
    let verdict = siege.verdict();
    assert!(
        matches!(
            verdict,
            PeerError::Protocol(ProtocolError::PeerMisbehaved(
                Misbehaviour::IntroductionTooLong { .. }
            ))
        ),
        "{verdict:?}"
    );
}

#[test]
fn a_silent_peer_and_one_that_drips_are_dropped_in_time() {
    for drips in [false, true] {
        let mut siege = Siege::new(Config::default());
        siege.net.run();
        siege.puppet().silent = true;
        let link = siege.link;
        for second in 0..9 {
            if drips {
                // A frame of 100 bytes that never becomes whole.
                let byte = if second == 0 { 100 } else { 0 };
                siege.net.inject(link, &[byte]);
            }
            siege.net.pass(1000);
        }
        let verdict = siege.verdict();
        assert!(
            matches!(verdict, PeerError::Protocol(ProtocolError::TimedOut)),
            "{verdict:?}"
        );
    }
}

#[test]
fn a_peer_that_does_not_read_costs_a_bounded_buffer() {
    let config = Config {
        max_unwritten: 100_000,
        ..Config::default()
    };
    let mut siege = Siege::new(config);
    let (victim, slot, link, channel) = (siege.victim, siege.g[1], siege.link, siege.channel);
    let (attacker, g_key) = (siege.attacker, siege.g_key);
    let large = vec![7; 10_000];
    let leaves = (0..100).map(|_| hyperfeed_v2_replicate::Leaf::new(large.clone().into()));
    let node = &mut siege.net.nodes[victim].replicator;
    node.append(slot, leaves.collect(), None, 7);
    siege.net.join(victim, attacker, slot);
    let other = siege.puppet().open(&g_key);
    siege.net.run();
    let before = siege.net.arrived(link, 1).len();
    siege.net.clog(link);
    for round in 0..20 {
        for block in 0..100 {
            siege.puppet().request(other, block);
            siege.puppet().request(channel, 1_000_000 + block);
            let want = wire::Want {
                start: round * 100 + block,
                end: None,
            };
            siege.puppet().send(channel, &Message::Want(want));
        }
        siege.net.run();
        let sent = siege.net.arrived(link, 1).len() - before;
        assert!(sent < 100_000 + 11_000, "{sent}");
    }
    // An application that answers such a peer is told so.
    let body = bytes::Bytes::from(vec![0; 60_000]);
    let node = &mut siege.net.nodes[victim].replicator;
    let answers = [0; 4].map(|_| node.send_extension(attacker, slot, 0, body.clone()));
    assert!(answers[0].is_ok() && answers[1].is_ok());
    assert!(matches!(answers[3], Err(Error::Unread)));
    // The queue of the puppet's feed was asked for 100 blocks of 10 kB; nothing more went out.
    assert!(siege.net.arrived(link, 1).len() - before < 111_000);
    siege.is_unharmed();
}

#[test]
fn channels_closed_and_opened_again_without_end_cost_a_bounded_buffer() {
    let config = Config {
        max_unwritten: 10_000,
        ..Config::default()
    };
    let mut siege = Siege::new(config);
    let (link, f_key) = (siege.link, siege.f_key);
    siege.net.run();
    siege.net.clog(link);
    let before = siege.net.arrived(link, 1).len();
    for number in 1..2000_u64 {
        let mut out = Vec::new();
        encode_frame_header(number - 1, 0, &mut out);
        let handshake = wire::Handshake {
            public_id: hyperfeed_v2_crypto::public_id(&f_key),
            nonce: &[0; 24],
            protocol: None,
        };
        encode_frame_header(number, handshake.encoded_len(), &mut out);
        handshake.encode(&mut out);
        siege.net.inject(link, &out);
        siege.net.run();
    }
    assert!(siege.net.arrived(link, 1).len() - before < 10_500);
    siege.is_borne();
}

#[test]
fn a_connection_has_no_more_feeds_than_allowed_and_goes_on_with_those() {
    let config = Config {
        max_exchanges: 1,
        ..Config::default()
    };
    let mut net = crate::net::Net::new();
    let (honest, slot, key) = net.writer(3);
    let victim = net.node(config);
    let copy = net.clone_on(victim, key, FeedOptions::default());
    let (own, _) = net.create(victim, 2);
    let wire = net.connect(honest, victim);
    net.join(honest, wire.peers[0], slot);
    net.join(victim, wire.peers[1], copy);
    let now = net.now;
    let refused = net.nodes[victim].replicator.join(now, wire.peers[1], own);
    assert!(matches!(refused, Err(Error::TooManyFeeds { limit: 1 })));
    net.run();
    assert_eq!(net.held(victim, copy), 3);
}

#[test]
fn a_commit_is_due_when_enough_is_staged() {
    let config = Config {
        max_commit_bytes: 100,
        ..Config::default()
    };
    let mut net = crate::net::Net::new();
    let node = net.node(config);
    let (slot, _) = net.create(node, 1);
    let replicator = &mut net.nodes[node].replicator;
    replicator.append(
        slot,
        vec![hyperfeed_v2_replicate::Leaf::new(block(1))],
        None,
        1,
    );
    assert!(!replicator.wants_commit());
    let large = hyperfeed_v2_replicate::Leaf::new(vec![0; 100].into());
    replicator.append(slot, vec![large], None, 2);
    assert!(replicator.wants_commit());
    net.run();
    assert!(!net.nodes[node].replicator.wants_commit());
}
