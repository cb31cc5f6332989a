//! What becomes of a feed when its peers come, go, lack, refuse and pause.

use crate::net::{Net, SPARSE, Wire};
use hyperfeed_storage::{Fault, FaultPlan, Faulty, MemoryStore};
use hyperfeed_v2_feed::Slot;
use hyperfeed_v2_replicate::{
    Config, Event, FeedOptions, PeerOptions, Progress, Reply, Status, Strategy,
};

/// A writer of `count` blocks and a copy, joined on both sides.
fn pair(count: u64, options: FeedOptions) -> (Net, [usize; 2], [Slot; 2], Wire) {
    pair_with(count, options, [PeerOptions::default(); 2])
}

fn pair_with(
    count: u64,
    options: FeedOptions,
    of: [PeerOptions; 2],
) -> (Net, [usize; 2], [Slot; 2], Wire) {
    let mut net = Net::new();
    let (writer, slot, key) = net.writer(count);
    let reader = net.node(Config::default());
    let copy = net.clone_on(reader, key, options);
    let wire = net.connect_with(writer, of[0], reader, of[1]);
    net.join(writer, wire.peers[0], slot);
    net.join(reader, wire.peers[1], copy);
    (net, [writer, reader], [slot, copy], wire)
}

#[test]
fn a_peer_that_lacks_a_block_says_so_and_another_is_asked() {
    let (mut net, [_, reader], [_, copy], _) = pair(3, SPARSE);
    let key = *net.feed(reader, copy).key().unwrap();
    let (link, peer) = net.puppet_of(reader);
    net.join(reader, peer, copy);
    let channel = net.puppet(link).open(&key);
    // The writer is away for a moment; the other one claims all.
    net.run();
    net.hold(0, true);
    net.puppet(link).have(channel, 0, 3);
    net.run();
    net.get(reader, copy, 1, 5);
    // The writer had told first, so it may be the one that is asked: then the other one is, once that is late.
    net.pass(7_000);
    assert_eq!(net.puppet(link).asked(), [1]);
    net.puppet(link).have_bits(channel, 0, &[0, 0]);
    net.run();
    assert_eq!(net.puppet(link).asked(), [1]);
    net.hold(0, false);
    net.pass(7_000);
    assert!(net.nodes[reader].got(5));
    assert_eq!(net.puppet(link).asked(), [1]);
}

#[test]
fn a_request_for_a_block_not_held_is_answered_with_what_is() {
    let (mut net, [_, reader], [_, copy], _) = pair(100, SPARSE);
    net.get(reader, copy, 50, 1);
    net.run();
    let key = *net.feed(reader, copy).key().unwrap();
    let (link, peer) = net.puppet_of(reader);
    net.join(reader, peer, copy);
    let channel = net.puppet(link).open(&key);
    net.run();
    let told = net.puppet(link).count(0);
    net.puppet(link).request(channel, 51);
    net.puppet(link).request(channel, 50);
    net.run();
    assert_eq!(net.puppet(link).count(0), told + 1);
    assert_eq!(net.puppet(link).received(), [50]);
    assert!(net.nodes[reader].dropped.is_empty());
}

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
fn a_get_taken_back_is_not_asked_for_and_a_request_taken_back_is_not_answered() {
    let (mut net, [_, reader], [_, copy], wire) = pair(10, SPARSE);
    net.run();
    net.get(reader, copy, 3, 1);
    net.get(reader, copy, 4, 2);
    net.nodes[reader].replicator.cancel(1);
    net.run();
    assert_eq!(net.nodes[reader].downloads(), [4]);
    assert!(net.is_open(wire.link));

    let mut net = Net::new();
    let (writer, slot, key) = net.writer(10);
    let (link, peer) = net.puppet_of(writer);
    net.join(writer, peer, slot);
    let channel = net.puppet(link).open(&key);
    net.run();
    for block in [1, 2, 3] {
        net.puppet(link).request(channel, block);
    }
    let cancel = hyperfeed_v2_wire::Cancel {
        block: 2,
        digest: None,
    };
    net.puppet(link)
        .send(channel, &hyperfeed_v2_wire::Message::Cancel(cancel));
    net.run();
    assert_eq!(net.puppet(link).received(), [1, 3]);
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

#[test]
fn the_state_says_why_a_feed_is_not_whole() {
    let mut net = Net::new();
    let (writer, slot, key) = net.writer(10);
    let reader = net.node(Config::default());
    let copy = net.clone_on(reader, key, FeedOptions::default());
    assert_eq!(net.status(reader, copy), Status::NoPeers);
    assert_eq!(net.status(writer, slot), Status::Complete);
    let wire = net.connect(writer, reader);
    net.join(writer, wire.peers[0], slot);
    net.join(reader, wire.peers[1], copy);
    assert_eq!(net.status(reader, copy), Status::Waiting);
    net.run();
    assert_eq!(net.status(reader, copy), Status::Complete);
    assert_eq!(
        net.state(reader, copy).held_bytes,
        net.state(writer, slot).byte_length
    );
    // A peer that knows of more than it has.
    net.append(writer, slot, 10..30);
    net.cut(wire.link);
    let partial = net.node(Config::default());
    let part = net.clone_on(partial, key, SPARSE);
    let to_part = net.connect(writer, partial);
    net.join(writer, to_part.peers[0], slot);
    net.join(partial, to_part.peers[1], part);
    for block in [10, 11, 29] {
        net.get(partial, part, block, block);
    }
    net.run();
    assert_eq!(net.status(partial, part), Status::Sparse);
    net.cut(to_part.link);
    let to_reader = net.connect(partial, reader);
    net.join(partial, to_reader.peers[0], part);
    net.join(reader, to_reader.peers[1], copy);
    net.run();
    assert_eq!(net.held(reader, copy), 13);
    assert_eq!(net.status(reader, copy), Status::PeersLack(12..29));
    let state = net.state(reader, copy);
    assert_eq!(
        (state.known_blocks, state.missing_blocks, state.length),
        (30, 17, 30)
    );
}

#[test]
fn a_disk_that_fails_is_named_and_tried_again() {
    let mut net = Net::new();
    let (writer, slot, key) = net.writer(10);
    let plan = FaultPlan::new();
    let disk = Faulty::new(MemoryStore::new(), &plan);
    let reader = net.node_over(Config::default(), Box::new(disk.share()));
    let copy = net.clone_on(reader, key, FeedOptions::default());
    let wire = net.connect(writer, reader);
    net.join(writer, wire.peers[0], slot);
    net.join(reader, wire.peers[1], copy);
    plan.fail(plan.operations(), Fault::Before);
    net.run();
    assert_eq!(net.held(reader, copy), 0);
    assert!(matches!(net.status(reader, copy), Status::DiskError(_)));
    assert!(net.nodes[reader].dropped.is_empty());
    net.pass(10_000);
    assert_eq!(
        (net.held(reader, copy), net.status(reader, copy)),
        (10, Status::Complete)
    );
}

#[test]
fn nothing_is_announced_that_a_failed_commit_took_back() {
    let mut net = Net::new();
    let plan = FaultPlan::new();
    let disk = Faulty::new(MemoryStore::new(), &plan);
    let writer = net.node_over(Config::default(), Box::new(disk.share()));
    let (slot, key) = net.create(writer, 1);
    let reader = net.node(Config::default());
    let copy = net.clone_on(reader, key, FeedOptions::default());
    let wire = net.connect(writer, reader);
    net.join(writer, wire.peers[0], slot);
    net.join(reader, wire.peers[1], copy);
    net.run();
    plan.fail(plan.operations(), Fault::Before);
    let leaf = hyperfeed_v2_replicate::Leaf::new("lost".into());
    net.nodes[writer]
        .replicator
        .append(slot, vec![leaf], None, 1);
    net.run();
    assert!(matches!(
        net.nodes[writer].replies.last(),
        Some(Reply::Failed { token: 1, .. })
    ));
    assert_eq!(net.state(reader, copy).known_blocks, 0);
    net.append(writer, slot, 0..1);
    net.run();
    assert_eq!(net.held(reader, copy), 1);
}

#[test]
fn a_download_tells_how_it_stands_and_ends_when_its_range_is_whole() {
    let slow = PeerOptions {
        max_download: Some(1_000),
        ..PeerOptions::default()
    };
    let (mut net, [_, reader], [_, copy], _) =
        pair_with(1_000, SPARSE, [PeerOptions::default(), slow]);
    net.run();
    let now = net.now;
    net.nodes[reader]
        .replicator
        .download(now, copy, 100..300, 7);
    net.pass(10_000);
    let told = net.nodes[reader]
        .replies
        .iter()
        .filter_map(|reply| match reply {
            Reply::Progress { token: 7, progress } => Some((false, *progress)),
            Reply::Downloaded { token: 7, progress } => Some((true, *progress)),
            _ => None,
        });
    let told: Vec<(bool, Progress)> = told.collect();
    assert!(told.len() > 3, "{}", told.len());
    let (done, last) = told.last().unwrap();
    assert!(*done && last.held == 200 && last.total == 200 && last.peers == 1);
    assert!(told.windows(2).all(|two| two[0].1.held <= two[1].1.held));
    assert!(
        told[..told.len() - 1]
            .iter()
            .all(|(done, at)| !done && at.held < 200)
    );
    assert!(told.iter().any(|(_, at)| at.rate > 500 && at.rate < 2_000));
    // Nothing but the range; a range already here is done at once.
    assert_eq!(net.held(reader, copy), 200);
    let now = net.now;
    net.nodes[reader]
        .replicator
        .download(now, copy, 150..160, 8);
    net.run();
    let last = net.nodes[reader].replies.last();
    assert!(matches!(last, Some(Reply::Downloaded { token: 8, progress }) if progress.held == 10));
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
