//! Who is served when, how fast, and what is asked of whom.

use crate::net::{Net, SPARSE, Wire, block};
use crate::puppet::answer_of;
use hyperfeed_types::FeedKey;
use hyperfeed_v2_feed::Slot;
use hyperfeed_v2_protocol::ChannelId;
use hyperfeed_v2_replicate::{Config, Event, FeedOptions, Leaf, PeerKey, PeerOptions, Strategy};

const LINEAR: FeedOptions = FeedOptions {
    sparse: false,
    strategy: Strategy::Linear,
    upload: true,
    download: true,
};

/// A writer of `count` blocks of `size` bytes each.
fn writer(net: &mut Net, config: Config, count: u64, size: usize) -> (usize, Slot, FeedKey) {
    let at = net.node(config);
    let (slot, key) = net.create(at, 1);
    let leaves = (0..count).map(|at| Leaf::new(vec![at as u8; size].into()));
    let now = net.now;
    let node = &mut net.nodes[at].replicator;
    node.append(slot, leaves.collect(), None, 0);
    node.commit(now);
    while node.poll_reply().is_some() {}
    (at, slot, key)
}

/// A copy on a node of its own, joined with its writer.
fn copy(
    net: &mut Net,
    (writer, slot, key): (usize, Slot, FeedKey),
    options: FeedOptions,
    of: [PeerOptions; 2],
) -> (usize, Slot, Wire) {
    let at = net.node(Config::default());
    let copy = net.clone_on(at, key, options);
    let wire = net.connect_with(writer, of[0], at, of[1]);
    net.join(writer, wire.peers[0], slot);
    net.join(at, wire.peers[1], copy);
    (at, copy, wire)
}

/// A node with an empty copy, and a puppet that shares the feed and says that it has `count` blocks.
fn puppet(
    net: &mut Net,
    config: Config,
    options: FeedOptions,
    key: FeedKey,
    count: u64,
) -> (usize, Slot, usize, ChannelId) {
    let node = net.node(config);
    let slot = net.clone_on(node, key, options);
    let (link, peer) = net.puppet_of(node);
    net.join(node, peer, slot);
    let channel = net.puppet(link).open(&key);
    net.puppet(link).have(channel, 0, count);
    net.run();
    (node, slot, link, channel)
}

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
fn a_get_overtakes_all_that_nobody_waits_for() {
    let mut net = Net::new();
    let (source, slot, key) = net.writer(2_000);
    let (node, copied, link, channel) = puppet(&mut net, Config::default(), LINEAR, key, 2_000);
    assert_eq!(net.puppet(link).asked(), (0..16).collect::<Vec<u64>>());
    // The window is full, and the request goes out all the same.
    net.get(node, copied, 1_500, 1);
    net.get(node, copied, 700, 2);
    net.run();
    assert_eq!(net.puppet(link).asked()[16..], [700, 1_500]);
    let answer = answer_of(&mut net.nodes[source].replicator, slot, 1_500, 0);
    net.puppet(link).answer(channel, 1_500, &answer);
    net.run();
    assert!(net.nodes[node].got(1));
    // A range that somebody downloads comes before the rest.
    let before = net.puppet(link).asked().len();
    let now = net.now;
    net.nodes[node]
        .replicator
        .download(now, copied, 1_000..1_010, 3);
    for index in 0..4 {
        let answer = answer_of(&mut net.nodes[source].replicator, slot, index, 0);
        net.puppet(link).answer(channel, index, &answer);
    }
    net.run();
    let asked = net.puppet(link).asked();
    assert_eq!(asked[before..before + 2], [1_000, 1_001]);
}

#[test]
fn a_sparse_feed_asks_for_what_was_asked_for_and_nothing_else() {
    let mut net = Net::new();
    let (_, _, key) = net.writer(100);
    let (node, copied, link, _) = puppet(&mut net, Config::default(), SPARSE, key, 100);
    net.pass(1_000);
    assert!(net.puppet(link).asked().is_empty());
    let now = net.now;
    net.nodes[node].replicator.download(now, copied, 40..43, 1);
    net.get(node, copied, 90, 2);
    net.run();
    assert_eq!(net.puppet(link).asked(), [90, 40, 41, 42]);
}

#[test]
fn the_order_is_the_strategys_and_the_seeds() {
    let asked = |strategy| {
        let mut net = Net::new();
        let (_, _, key) = net.writer(10_000);
        let options = FeedOptions { strategy, ..LINEAR };
        let (_, _, link, _) = puppet(&mut net, Config::default(), options, key, 10_000);
        net.puppet(link).asked()
    };
    assert_eq!(asked(Strategy::Linear), (0..16).collect::<Vec<u64>>());
    assert_ne!(asked(Strategy::Random), (0..16).collect::<Vec<u64>>());
    assert_eq!(asked(Strategy::Random), asked(Strategy::Random));
}

#[test]
fn what_few_peers_have_is_asked_for_before_what_all_have() {
    let mut net = Net::new();
    let (_, _, key) = net.writer(4_096);
    let options = FeedOptions {
        strategy: Strategy::Rarest,
        ..LINEAR
    };
    let config = Config {
        min_window: 512,
        ..Config::default()
    };
    let node = net.node(config);
    let slot = net.clone_on(node, key, options);
    let mut links = Vec::new();
    for at in 0..4 {
        let (link, peer) = net.puppet_of(node);
        net.join(node, peer, slot);
        let channel = net.puppet(link).open(&key);
        // All have the first half, one has the second.
        let end = if at == 3 { 4_096 } else { 2_048 };
        net.puppet(link).have(channel, 0, end);
        links.push(link);
    }
    net.run();
    let of_last = net.puppet(links[3]).asked();
    let rare = of_last.iter().filter(|block| **block >= 2_048).count();
    assert!(
        rare * 10 >= of_last.len() * 8,
        "{rare} of {}",
        of_last.len()
    );
}

#[test]
fn no_block_is_asked_of_two_until_the_first_is_late() {
    let mut net = Net::new();
    let (_, _, key) = net.writer(30);
    let node = net.node(Config::default());
    let slot = net.clone_on(node, key, FeedOptions::default());
    let mut links = Vec::new();
    for _ in 0..3 {
        let (link, peer) = net.puppet_of(node);
        net.join(node, peer, slot);
        let channel = net.puppet(link).open(&key);
        net.puppet(link).have(channel, 0, 30);
        links.push(link);
    }
    net.run();
    let mut all: Vec<u64> = Vec::new();
    for link in &links {
        all.extend(net.puppet(*link).asked());
    }
    all.sort_unstable();
    assert_eq!(all, (0..30).collect::<Vec<u64>>());
    // The third has nothing left to do and takes over from the slow ones; when all are late, all are asked again.
    net.pass(1_000);
    let third = net.puppet(links[2]).asked().len();
    assert!(third > 0 && third <= 16, "{third}");
    net.pass(30_000);
    for link in &links {
        assert!(net.puppet(*link).asked().len() >= 16);
    }
}

#[test]
fn the_window_grows_as_far_as_it_may_and_counts_bytes() {
    let grown = |config: Config, size: usize, rounds: usize| {
        let mut net = Net::new();
        let (source, slot, key) = writer(&mut net, Config::default(), 2_000, size);
        let (_, _, link, channel) = puppet(&mut net, config, LINEAR, key, 2_000);
        let (mut answered, mut most) = (0, 0);
        for _ in 0..rounds {
            let asked = net.puppet(link).asked();
            most = most.max(asked.len() - answered);
            net.pass(50);
            for block in &asked[answered..] {
                let answer = answer_of(&mut net.nodes[source].replicator, slot, *block, 0);
                net.puppet(link).answer(channel, *block, &answer);
            }
            answered = asked.len();
            net.run();
        }
        most
    };
    assert!(grown(Config::default(), 10, 8) > 200);
    assert_eq!(
        grown(
            Config {
                max_window: 100,
                ..Config::default()
            },
            10,
            8
        ),
        100
    );
    let bytes = Config {
        max_window_bytes: 20_000,
        ..Config::default()
    };
    let most = grown(bytes, 1_000, 8);
    assert!((16..=20).contains(&most), "{most}");
    let all = Config {
        max_in_flight: 50,
        ..Config::default()
    };
    assert_eq!(grown(all, 10, 8), 50);
}

#[test]
fn an_answer_that_comes_after_the_patience_still_counts() {
    let mut net = Net::new();
    let (source, slot, key) = net.writer(8);
    let (node, copied, link, channel) = puppet(&mut net, Config::default(), LINEAR, key, 8);
    // One block each 20 s, whatever is asked: slower than any patience.
    for index in 0..8 {
        net.pass(20_000);
        let answer = answer_of(&mut net.nodes[source].replicator, slot, index, 0);
        net.puppet(link).answer(channel, index, &answer);
        net.run();
        assert_eq!(net.held(node, copied), index + 1);
    }
    assert!(net.nodes[node].dropped.is_empty());
}

#[test]
fn a_request_that_was_passed_over_is_asked_of_another() {
    let mut net = Net::new();
    let (source, slot, key) = net.writer(16);
    let config = Config {
        min_window: 8,
        max_window: 8,
        ..Config::default()
    };
    let (node, copied, link, channel) = puppet(&mut net, config, SPARSE, key, 16);
    net.get(node, copied, 0, 1);
    net.run();
    // It answers everything but the first request, and keeps being busy.
    for index in 1..12 {
        net.pass(1_000);
        net.get(node, copied, index, 1 + index);
        net.run();
        let answer = answer_of(&mut net.nodes[source].replicator, slot, index, 0);
        net.puppet(link).answer(channel, index, &answer);
        net.run();
    }
    let asked = net.puppet(link).asked();
    assert!(
        asked.iter().filter(|block| **block == 0).count() >= 2,
        "{asked:?}"
    );
    let state = net.state(node, copied);
    assert!(
        state.peers[0]
            .waiting
            .is_none_or(|waiting| waiting.as_secs() <= 5)
    );
}

#[test]
fn somebody_waiting_does_not_wait_for_a_peer_that_keeps_others_busy() {
    let mut net = Net::new();
    let (source, slot, key) = net.writer(1_000);
    let node = net.node(Config::default());
    let copied = net.clone_on(node, key, SPARSE);
    // The first peer drips: one answer each two seconds, never the one that matters.
    let (drips, peer) = net.puppet_of(node);
    net.join(node, peer, copied);
    let channel = net.puppet(drips).open(&key);
    net.puppet(drips).have(channel, 0, 1_000);
    net.run();
    for index in 0..16 {
        net.get(node, copied, index, index);
    }
    net.run();
    assert_eq!(net.puppet(drips).asked().len(), 16);
    // The second one is quick, and busy with a long range.
    let wire = net.connect_with(
        source,
        PeerOptions {
            max_upload: Some(2_000),
            ..PeerOptions::default()
        },
        node,
        PeerOptions::default(),
    );
    net.join(source, wire.peers[0], slot);
    net.join(node, wire.peers[1], copied);
    let now = net.now;
    net.nodes[node]
        .replicator
        .download(now, copied, 100..1_000, 99);
    for index in (0..3).rev() {
        net.pass(1_000);
        let answer = answer_of(&mut net.nodes[source].replicator, slot, index, 0);
        net.puppet(drips).answer(channel, index, &answer);
        net.run();
    }
    let waiting: Vec<u64> = (0..16)
        .filter(|index| !net.nodes[node].got(*index))
        .collect();
    assert!(waiting.is_empty(), "{waiting:?}");
    assert!(net.held(node, copied) < 1_000);
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
