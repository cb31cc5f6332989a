//! What a node tells of how far a feed and a download are.

use crate::net::{Net, SPARSE};
use crate::roles::pair_with;
use hyperfeed_v2_replicate::{Config, FeedOptions, PeerOptions, Progress, Reply, Status};

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
