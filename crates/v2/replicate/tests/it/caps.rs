//! What a hostile peer can make us keep or do: as much as the limits say, and then it is dropped.

use crate::net::block;
use crate::puppet::answer_of;
use crate::siege::Siege;
use hyperfeed_types::PublicId;
use hyperfeed_v2_protocol::{Misbehaviour, ProtocolError};
use hyperfeed_v2_replicate::{Config, EdgeConfig, Error, Event, FeedOptions, PeerError};
use hyperfeed_v2_wire::{self as wire, encode_frame_header};

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
