//! What each side sees of the other.

use std::collections::BTreeSet;

use futures::StreamExt;
use hyperfeed::{Core, ErrorKind, FeedEvent, PeerId, ReplicateOptions, ReplicationEvent};
use hyperfeed_testing_interop::{Connect, Event, FeedOptions, Listen, NpmPeer};

use crate::ours::{self, within};

#[test]
fn both_sides_learn_the_others_peer_id_and_extensions() {
    within(async {
        let core = Core::builder()
            .peer_id(PeerId::new([0xaa; 32]))
            .open()
            .await
            .unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("block").await.unwrap();
        let mut npm = NpmPeer::spawn_as(&[0xbb; 32]).unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let port = npm
            .listen(&Listen::feeds(["copy"]).extensions(["b", "c"]))
            .unwrap();
        let options = ReplicateOptions::new().extensions(["b", "a"]);
        let replication = ours::connect(&core, port, options).await;
        let mut events = replication.events();
        let handshake = Event::Handshake {
            connection: 1,
            peer_id: "aa".repeat(32),
            supports: vec![true, false],
        };
        let heard = npm
            .wait_event("handshake", |event| {
                matches!(event, Event::Handshake { .. })
            })
            .unwrap();
        assert_eq!(heard, handshake);
        loop {
            if let ReplicationEvent::Handshake {
                peer_id,
                extensions,
            } = events.next().await.unwrap()
            {
                assert_eq!(peer_id, Some(PeerId::new([0xbb; 32])));
                assert_eq!(extensions, ["b", "c"]);
                break;
            }
        }
        npm.wait_blocks("copy", 1).unwrap();
        let info = replication.peer().await.unwrap();
        assert_eq!(info.peer_id, Some(PeerId::new([0xbb; 32])));
        assert_eq!(info.feeds, [feed.public_id()]);
        assert_eq!(info.uploaded, 5);
    });
}

#[test]
fn have_download_and_upload_are_seen_by_npm_as_from_its_own_kind() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append_batch(["a", "bb", ""]).await.unwrap();
        let mut seen = feed.events();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let connection = npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        npm.wait_blocks("copy", 3).unwrap();
        feed.append("dddd").await.unwrap();
        npm.wait_blocks("copy", 4).unwrap();
        // The last download event comes a moment after the block is stored.
        npm.wait_event("last download", |event| {
            matches!(event, Event::Download { block: 3, .. })
        })
        .unwrap();
        let events = npm.events();
        let sizes = [1, 2, 0, 4];
        for block in 0..4_u64 {
            let name = "copy".to_owned();
            let count = |wanted: &Event| events.iter().filter(|event| *event == wanted).count();
            assert_eq!(
                count(&Event::Have {
                    name: name.clone(),
                    block
                }),
                1
            );
            let bytes = sizes[usize::try_from(block).unwrap()];
            assert_eq!(
                count(&Event::Download { name, block, bytes }),
                usize::from(block != 3)
            );
        }
        npm.close(connection).unwrap();
        let (mut uploads, mut added) = (BTreeSet::new(), 0);
        loop {
            match seen.next().await.unwrap() {
                FeedEvent::PeerAdded { .. } => added += 1,
                FeedEvent::Upload { block, bytes, .. } => assert!(uploads.insert((block, bytes))),
                FeedEvent::PeerRemoved { .. } => break,
                _ => {}
            }
        }
        assert_eq!(added, 1);
        assert_eq!(uploads, BTreeSet::from([(0, 1), (1, 2), (2, 0), (3, 4)]));
    });
}

#[test]
fn have_download_and_upload_are_seen_by_us_when_we_clone_from_npm() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("log").unwrap().key;
        npm.append("log", ["a", "bb", ""]).unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open(&core, &key).await;
        let mut seen = copy.events();
        let port = npm.listen(&Listen::feeds(["log"])).unwrap();
        let replication = ours::connect(&core, port, ReplicateOptions::new()).await;
        copy.download(0..3).await.unwrap();
        npm.append("log", ["dddd"]).unwrap();
        copy.get(3).await.unwrap();
        replication.close().await;
        replication.finished().await.unwrap();
        let (mut had, mut downloads) = (BTreeSet::new(), BTreeSet::new());
        loop {
            match seen.next().await.unwrap() {
                FeedEvent::Have { range } => had.extend(range),
                FeedEvent::Download { block, bytes, .. } => {
                    assert!(downloads.insert((block, bytes)))
                }
                FeedEvent::PeerRemoved { .. } => break,
                _ => {}
            }
        }
        assert_eq!(had, BTreeSet::from([0, 1, 2, 3]));
        assert_eq!(downloads, BTreeSet::from([(0, 1), (1, 2), (2, 0), (3, 4)]));
        let closed = Event::Closed { connection: 1 };
        npm.wait_event("close", |event| *event == closed).unwrap();
        let events = npm.events();
        for (block, bytes) in downloads {
            let name = "log".to_owned();
            let upload = Event::Upload { name, block, bytes };
            assert_eq!(events.iter().filter(|event| **event == upload).count(), 1);
        }
        assert_eq!(
            events
                .iter()
                .filter(|event| matches!(event, Event::PeerAdded { .. }))
                .count(),
            1
        );
        assert_eq!(
            events
                .iter()
                .filter(|event| matches!(event, Event::PeerRemoved { .. }))
                .count(),
            1
        );
    });
}

#[test]
fn an_npm_peer_that_ends_the_connection_is_no_error() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("log").unwrap().key;
        npm.append("log", ["a"]).unwrap();
        let port = npm.listen(&Listen::feeds(["log"])).unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open(&core, &key).await;
        let replication = ours::connect(&core, port, ReplicateOptions::new()).await;
        copy.get(0).await.unwrap();
        npm.close(1).unwrap();
        replication.finished().await.unwrap();
        // The owner hears of it a moment later than we do.
        while !core.peers().await.unwrap().is_empty() {}
    });
}

#[test]
fn a_silent_npm_peer_is_given_up_in_the_time_upstream_takes() {
    within(async {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let core = Core::memory().unwrap();
        let _feed = core.create_feed().await.unwrap();
        let timeout = std::time::Duration::from_millis(400);
        let start = std::time::Instant::now();
        let replication =
            ours::connect(&core, port, ReplicateOptions::new().timeout(timeout)).await;
        let error = replication.finished().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        // The core's clock counts whole milliseconds, and may have been about to count one when this one started.
        let waited = start.elapsed() + std::time::Duration::from_millis(2);
        assert!(waited >= timeout * 3 / 2, "{waited:?}");
    });
}

#[test]
fn one_side_with_the_cipher_and_one_without_is_an_error_that_says_so() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("block").await.unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let port = npm.listen(&Listen::feeds(["copy"]).unencrypted()).unwrap();
        let replication = ours::connect(&core, port, ReplicateOptions::new()).await;
        let error = replication.finished().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Peer);
        assert!(
            error.to_string().contains("does the other side encrypt"),
            "{error}"
        );
        assert!(!npm.has("copy", 0).unwrap());
    });
}
