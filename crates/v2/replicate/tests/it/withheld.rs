//! What a side does not give or take: it pauses, does not upload or download, or does not let the peer at the feed.

use crate::net::Net;
use crate::roles::{pair, pair_with};
use hyperfeed_v2_replicate::{Config, Event, FeedOptions, PeerOptions, Status};

#[test]
fn a_pause_holds_answers_and_requests_until_resumed() {
    let (mut net, [writer, reader], [slot, copy], wire) = pair(10, FeedOptions::default());
    net.run();
    net.nodes[writer].replicator.pause(wire.peers[0], slot);
    net.run();
    net.append(writer, slot, 10..20);
    net.pass(30_000);
    assert_eq!(net.held(reader, copy), 10);
    assert_eq!(net.status(reader, copy), Status::Paused);
    assert_eq!(net.state(reader, copy).peers[0].in_flight, 0);
    net.nodes[writer].replicator.resume(wire.peers[0], slot);
    net.run();
    assert_eq!(net.held(reader, copy), 20);
    // A pause of the side that downloads stops nothing that goes to it.
    net.nodes[reader].replicator.pause(wire.peers[1], copy);
    net.append(writer, slot, 20..25);
    net.run();
    assert_eq!(net.held(reader, copy), 25);
    let told = |event: &&Event| matches!(event, Event::Paused { .. } | Event::Resumed { .. });
    assert_eq!(net.nodes[reader].events.iter().filter(told).count(), 2);
    assert_eq!(net.nodes[writer].events.iter().filter(told).count(), 1);
}

#[test]
fn a_paused_feed_is_still_paused_when_the_peer_opens_it_anew() {
    let (mut net, [writer, reader], [slot, copy], wire) = pair(10, FeedOptions::default());
    net.nodes[writer].replicator.pause(wire.peers[0], slot);
    net.run();
    assert_eq!(net.held(reader, copy), 0);
    let now = net.now;
    net.nodes[reader].replicator.leave(now, wire.peers[1], copy);
    net.run();
    net.join(reader, wire.peers[1], copy);
    net.pass(1_000);
    assert_eq!(
        (net.held(reader, copy), net.status(reader, copy)),
        (0, Status::Paused)
    );
}

#[test]
fn a_peer_one_does_not_upload_to_is_told_nothing_and_gets_nothing() {
    let only_down = PeerOptions {
        upload: false,
        ..PeerOptions::default()
    };
    let (mut net, [writer, reader], [slot, copy], wire) = pair_with(
        10,
        FeedOptions::default(),
        [only_down, PeerOptions::default()],
    );
    net.append(writer, slot, 10..20);
    net.pass(1_000);
    assert_eq!(net.held(reader, copy), 0);
    assert_eq!(net.state(reader, copy).peers[0].has_blocks, 0);
    assert!(net.nodes[writer].uploads_to(wire.peers[0]).is_empty());

    // Asked all the same, and without end.
    let key = *net.feed(reader, copy).key().unwrap();
    let mut net = Net::new();
    let config = Config {
        max_queued_requests: 10,
        ..Config::default()
    };
    let node = net.node(config);
    let options = FeedOptions {
        upload: false,
        ..FeedOptions::default()
    };
    let own = net.clone_on(node, key, options);
    let (link, peer) = net.puppet_of(node);
    net.join(node, peer, own);
    let channel = net.puppet(link).open(&key);
    for block in 0..100 {
        net.puppet(link).request(channel, block);
    }
    net.run();
    assert!(net.is_open(link) && net.puppet(link).received().is_empty());
}

#[test]
fn a_peer_or_a_feed_one_does_not_download_from_is_asked_for_nothing() {
    let only_up = PeerOptions {
        download: false,
        ..PeerOptions::default()
    };
    let (mut net, [_, reader], [_, copy], _) = pair_with(
        10,
        FeedOptions::default(),
        [PeerOptions::default(), only_up],
    );
    net.pass(1_000);
    assert_eq!(net.held(reader, copy), 0);

    let options = FeedOptions {
        download: false,
        ..FeedOptions::default()
    };
    let (mut net, [_, reader], [_, copy], _) = pair(10, options);
    net.pass(1_000);
    assert_eq!(
        (net.held(reader, copy), net.status(reader, copy)),
        (0, Status::NotDownloading)
    );
}

#[test]
fn a_peer_that_is_not_let_at_a_feed_has_it_refused_and_others_go_on() {
    let (mut net, [writer, reader], [slot, copy], _) = pair(10, FeedOptions::default());
    net.run();
    let key = *net.feed(writer, slot).key().unwrap();
    let stranger = net.node(Config::default());
    let wanted = net.clone_on(stranger, key, FeedOptions::default());
    let wire = net.connect(writer, stranger);
    net.join(stranger, wire.peers[1], wanted);
    net.run();
    // The writer hears who it is and what it wants, and does not join.
    let asks = |event: &Event| matches!(event, Event::FeedOpened { peer, slot: None, .. } if *peer == wire.peers[0]);
    assert!(net.nodes[writer].events.iter().any(asks));
    assert_eq!(net.status(stranger, wanted), Status::Waiting);
    net.pass(6_000);
    assert_eq!(net.status(stranger, wanted), Status::Refused);
    net.append(writer, slot, 10..11);
    net.run();
    assert_eq!(
        (net.held(stranger, wanted), net.held(reader, copy)),
        (0, 11)
    );
    // Later it is let in.
    net.join(writer, wire.peers[0], slot);
    net.run();
    assert_eq!(net.held(stranger, wanted), 11);
}
