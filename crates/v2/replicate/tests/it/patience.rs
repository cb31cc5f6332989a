//! How much is asked of one peer at a time, and when another is asked instead.

use crate::net::{Net, SPARSE};
use crate::puppet::answer_of;
use crate::roles::{LINEAR, puppet, writer};
use hyperfeed_v2_replicate::{Config, FeedOptions, PeerOptions};

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
