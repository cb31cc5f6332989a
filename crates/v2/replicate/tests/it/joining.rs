//! What becomes of a feed when its peers come, go and come again.

use crate::net::Net;
use crate::roles::{pair, pair_with};
use hyperfeed_v2_replicate::{Config, Event, FeedOptions, PeerOptions, Status, Strategy};

#[test]
fn a_feed_closed_under_requests_is_fetched_from_others_at_once() {
    let (mut net, [writer, reader], [slot, copy], wire) = pair(40, FeedOptions::default());
    let key = *net.feed(writer, slot).key().unwrap();
    // A third node that has everything.
    let third = net.node(Config::default());
    let copy_of_third = net.clone_on(third, key, FeedOptions::default());
    let to_third = net.connect(writer, third);
    net.join(writer, to_third.peers[0], slot);
    net.join(third, to_third.peers[1], copy_of_third);
    net.hold(wire.link, true);
    net.run();
    assert_eq!(net.held(third, copy_of_third), 40);
    net.hold(wire.link, false);
    // The reader asks the writer for blocks it will never answer for, because it closes the feed.
    net.append(writer, slot, 40..50);
    let now = net.now;
    net.nodes[writer].replicator.close_feed(now, slot);
    net.run();
    assert_eq!(net.state(reader, copy).peers[0].has_blocks, 0);
    assert_eq!(net.state(reader, copy).peers[0].in_flight, 0);
    let to_reader = net.connect(third, reader);
    net.join(third, to_reader.peers[0], copy_of_third);
    net.join(reader, to_reader.peers[1], copy);
    net.run();
    assert_eq!(net.held(reader, copy), net.held(third, copy_of_third));
    assert!(net.nodes[reader].dropped.is_empty() && net.nodes[writer].dropped.is_empty());
}

#[test]
fn a_feed_left_and_joined_again_goes_on_where_it_was() {
    let (mut net, [writer, reader], [slot, copy], wire) = pair(10, FeedOptions::default());
    net.run();
    let now = net.now;
    net.nodes[writer].replicator.leave(now, wire.peers[0], slot);
    net.append(writer, slot, 10..20);
    net.pass(1_000);
    assert_eq!(net.held(reader, copy), 10);
    net.join(writer, wire.peers[0], slot);
    net.run();
    assert_eq!(net.held(reader, copy), 20);
    assert_eq!(net.nodes[reader].downloads().len(), 20);
    // And from the other side.
    let now = net.now;
    net.nodes[reader].replicator.leave(now, wire.peers[1], copy);
    net.append(writer, slot, 20..30);
    net.pass(1_000);
    net.join(reader, wire.peers[1], copy);
    net.run();
    assert_eq!(net.held(reader, copy), 30);
    assert_eq!(net.nodes[reader].downloads().len(), 30);
}

#[test]
fn a_feed_opened_after_the_peer_asked_for_it_is_shared_from_then_on() {
    let mut net = Net::new();
    let (writer, slot, key) = net.writer(10);
    let reader = net.node(Config::default());
    let wire = net.connect(writer, reader);
    net.join(writer, wire.peers[0], slot);
    net.pass(3_000);
    let opened = |event: &Event| matches!(event, Event::FeedOpened { slot: None, public_id, .. } if *public_id == hyperfeed_v2_crypto::public_id(&key));
    assert!(net.nodes[reader].events.iter().any(opened));
    let copy = net.clone_on(reader, key, FeedOptions::default());
    net.join(reader, wire.peers[1], copy);
    net.run();
    assert_eq!(net.held(reader, copy), 10);
    assert!(net.nodes[writer].dropped.is_empty());
}

#[test]
fn two_sides_that_have_nothing_wait_for_the_first_block() {
    let (mut net, [writer, reader], [slot, copy], _) = pair(0, FeedOptions::default());
    let now = net.now;
    let node = &mut net.nodes[reader].replicator;
    node.download(now, copy, 0..u64::MAX, 9);
    net.pass(20_000);
    assert_eq!(net.status(reader, copy), Status::Complete);
    net.append(writer, slot, 0..1);
    net.run();
    assert_eq!(net.held(reader, copy), 1);
}

#[test]
fn connecting_again_loses_nothing_and_fetches_nothing_twice() {
    let slow = PeerOptions {
        max_upload: Some(2_000),
        ..PeerOptions::default()
    };
    let linear = FeedOptions {
        strategy: Strategy::Linear,
        ..FeedOptions::default()
    };
    let (mut net, [writer, reader], [slot, copy], first) =
        pair_with(500, linear, [slow, PeerOptions::default()]);
    let mut link = first.link;
    let mut peers = vec![first.peers[0]];
    let mut held = 0;
    for _ in 0..8 {
        net.pass(300);
        assert!(net.held(reader, copy) >= held);
        held = net.held(reader, copy);
        net.cut(link);
        net.pass(100);
        let wire = net.connect_with(writer, slow, reader, PeerOptions::default());
        net.join(writer, wire.peers[0], slot);
        net.join(reader, wire.peers[1], copy);
        link = wire.link;
        peers.push(wire.peers[0]);
    }
    net.pass(10_000);
    assert!(held > 0 && held < 500, "{held}");
    assert_eq!(net.held(reader, copy), 500);
    let sent: usize = peers
        .iter()
        .map(|peer| net.nodes[writer].uploads_to(*peer).len())
        .sum();
    assert_eq!(sent, 500);
}
