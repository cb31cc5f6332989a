//! In what order blocks are asked for.

use crate::net::{Net, SPARSE};
use crate::puppet::answer_of;
use crate::roles::{LINEAR, puppet};
use hyperfeed_v2_replicate::{Config, FeedOptions, Strategy};

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
