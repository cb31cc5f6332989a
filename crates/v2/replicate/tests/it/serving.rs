//! Who is served how fast, and who passes on what it has.

use crate::net::{Net, block};
use crate::roles::{LINEAR, copy, writer};
use hyperfeed_v2_feed::Slot;
use hyperfeed_v2_replicate::{Config, Event, FeedOptions, PeerKey, PeerOptions};

#[test]
fn a_limit_of_the_node_holds_for_all_its_peers_together() {
    for upload in [true, false] {
        let limit = Some(10_000);
        let limited = Config {
            max_upload: limit.filter(|_| upload),
            max_download: limit.filter(|_| !upload),
            ..Config::default()
        };
        let mut net = Net::new();
        let mut copies = Vec::new();
        if upload {
            let source = writer(&mut net, limited, 1_000, 100);
            for _ in 0..4 {
                copies.push(copy(&mut net, source, LINEAR, [PeerOptions::default(); 2]));
            }
        } else {
            let (source, slot, key) = writer(&mut net, Config::default(), 1_000, 100);
            let reader = net.node(limited);
            let held = net.clone_on(reader, key, LINEAR);
            for _ in 0..4 {
                let wire = net.connect(source, reader);
                net.join(source, wire.peers[0], slot);
                net.join(reader, wire.peers[1], held);
                copies.push((reader, held, wire));
            }
            copies.truncate(1);
        }
        net.pass(4_000);
        let held: Vec<u64> = copies
            .iter()
            .map(|(at, slot, _)| net.held(*at, *slot))
            .collect();
        let bytes = held.iter().sum::<u64>() * 100;
        assert!((30_000..=50_000).contains(&bytes), "{upload} {held:?}");
        // And each peer has its share.
        let fewest = held.iter().min().unwrap();
        assert!(
            *fewest * 2 >= *held.iter().max().unwrap(),
            "{upload} {held:?}"
        );
    }
}

#[test]
fn a_limit_of_a_peer_holds_for_it_and_for_no_other() {
    for upload in [true, false] {
        let limit = PeerOptions {
            max_upload: Some(5_000).filter(|_| upload),
            max_download: Some(5_000).filter(|_| !upload),
            ..PeerOptions::default()
        };
        let of = match upload {
            true => [limit, PeerOptions::default()],
            false => [PeerOptions::default(), limit],
        };
        let mut net = Net::new();
        let source = writer(&mut net, Config::default(), 1_000, 100);
        let (slow, slow_copy, _) = copy(&mut net, source, LINEAR, of);
        let (fast, fast_copy, _) = copy(&mut net, source, LINEAR, [PeerOptions::default(); 2]);
        net.pass(2_000);
        assert_eq!(net.held(fast, fast_copy), 1_000);
        let held = net.held(slow, slow_copy);
        assert!((70..=160).contains(&held), "{upload} {held}");
        net.pass(25_000);
        assert_eq!(net.held(slow, slow_copy), 1_000);
    }
}

#[test]
fn feeds_of_one_connection_take_turns() {
    let mut net = Net::new();
    let (source, first, first_key) = writer(&mut net, Config::default(), 400, 100);
    let (second, second_key) = net.create(source, 2);
    net.append(source, second, 0..400);
    let reader = net.node(Config::default());
    let slots = [first_key, second_key].map(|key| net.clone_on(reader, key, LINEAR));
    let slow = PeerOptions {
        max_upload: Some(3_000),
        ..PeerOptions::default()
    };
    let wire = net.connect_with(source, slow, reader, PeerOptions::default());
    for (own, copied) in [(first, slots[0]), (second, slots[1])] {
        net.join(source, wire.peers[0], own);
        net.join(reader, wire.peers[1], copied);
    }
    net.pass(3_000);
    let sent = net.nodes[source]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Upload { slot, .. } => Some(*slot == first),
            _ => None,
        });
    let sent: Vec<bool> = sent.collect();
    assert!(sent.len() > 80, "{}", sent.len());
    let of_first = sent[..80].iter().filter(|first| **first).count();
    assert!((30..=50).contains(&of_first), "{of_first}");
}

#[test]
fn peers_that_wait_for_one_writer_are_served_in_turns() {
    let mut net = Net::new();
    let limited = Config {
        max_upload: Some(2_000),
        ..Config::default()
    };
    let source = writer(&mut net, limited, 300, 10);
    let copies: Vec<_> = (0..5)
        .map(|_| copy(&mut net, source, LINEAR, [PeerOptions::default(); 2]))
        .collect();
    net.pass(3_000);
    let held: Vec<u64> = copies
        .iter()
        .map(|(at, slot, _)| net.held(*at, *slot))
        .collect();
    assert!(*held.iter().min().unwrap() >= 60, "{held:?}");
}

#[test]
fn blocks_are_what_the_writer_wrote_whoever_sent_them() {
    // A chain: each node has it from the one before.
    let mut net = Net::new();
    let (source, slot, key) = net.writer(64);
    let mut before = (source, slot);
    let mut chain: Vec<(usize, Slot, PeerKey)> = Vec::new();
    for _ in 0..4 {
        let at = net.node(Config::default());
        let copied = net.clone_on(at, key, FeedOptions::default());
        let wire = net.connect(before.0, at);
        net.join(before.0, wire.peers[0], before.1);
        net.join(at, wire.peers[1], copied);
        before = (at, copied);
        chain.push((at, copied, wire.peers[0]));
    }
    net.pass(1_000);
    for (at, copied, _) in &chain {
        let (feed, store) = net.nodes[*at].replicator.feed_and_store(*copied).unwrap();
        for index in 0..64 {
            let found = feed.block(store, hyperfeed_flat_tree::BlockIndex::new(index).unwrap());
            assert_eq!(found.unwrap().unwrap().data, block(index));
        }
    }
    // The writer sent each block once.
    assert_eq!(net.nodes[source].uploads_to(chain[0].2).len(), 64);
}
