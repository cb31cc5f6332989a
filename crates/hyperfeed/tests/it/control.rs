//! Who gets what.

use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{Core, PeerId, ReplicateOptions, ReplicationEvent, Status};
use std::sync::{Arc, Mutex};

#[test]
fn a_peer_that_is_not_admitted_to_a_feed_gets_nothing_of_it_and_other_feeds_go_on() {
    within(async {
        let writer = Core::memory().unwrap();
        let (secret, open) = (
            writer.create_feed().await.unwrap(),
            writer.create_feed().await.unwrap(),
        );
        secret.append("for friends").await.unwrap();
        open.append("for everyone").await.unwrap();
        let friend = PeerId::from([1; 32]);
        let hidden = secret.public_id();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let options = || {
            let asked = Arc::clone(&asked);
            ReplicateOptions::new().admit(move |request| {
                asked.lock().unwrap().push(request);
                request.public_id != hidden || request.peer_id == Some(friend)
            })
        };
        for (peer_id, is_friend) in [(friend, true), (PeerId::from([2; 32]), false)] {
            let reader = Core::builder().peer_id(peer_id).open().await.unwrap();
            let first = reader.open_feed(&open.key().unwrap()).await.unwrap();
            let second = reader.open_feed(&secret.key().unwrap()).await.unwrap();
            let (a, b) = pipe(4096);
            let writing = writer.replicate(a, options()).unwrap();
            let mut events = writing.events();
            reader.replicate(b, ReplicateOptions::new()).unwrap();
            assert_eq!(first.get(0).await.unwrap(), "for everyone");
            if is_friend {
                assert_eq!(second.get(0).await.unwrap(), "for friends");
            } else {
                while let Some(event) = events.next().await {
                    if let ReplicationEvent::Refused { public_id } = event {
                        assert_eq!(public_id, hidden);
                        break;
                    }
                }
                assert_eq!(writing.peer().await.unwrap().feeds, [open.public_id()]);
                // The connection goes on: the other feed's next block arrives, and nothing of this one.
                open.append("and more").await.unwrap();
                assert_eq!(first.get(1).await.unwrap(), "and more");
                assert_eq!(second.length(), 0);
                assert_ne!(second.sync_state().await.unwrap().status, Status::Complete);
            }
            assert!(
                asked
                    .lock()
                    .unwrap()
                    .iter()
                    .any(|request| request.peer_id == Some(peer_id) && request.public_id == hidden)
            );
            reader.close().await.unwrap();
        }
        assert_eq!(secret.stats().peers, 0);
    });
}

#[test]
fn a_peer_named_in_an_event_can_be_disconnected() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append("a").await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        let writing = writer.replicate(a, ReplicateOptions::new()).unwrap();
        let reading = reader.replicate(b, ReplicateOptions::new()).unwrap();
        copy.get(0).await.unwrap();
        let [peer] = writer.peers().await.unwrap().try_into().unwrap();
        writer.disconnect(peer.peer).await.unwrap();
        writing.finished().await.unwrap();
        reading.finished().await.unwrap();
        assert!(writer.disconnect(peer.peer).await.is_err());
    });
}

#[test]
fn an_upload_only_side_takes_nothing_and_a_download_only_side_gives_nothing() {
    within(async {
        let (left, right) = (Core::memory().unwrap(), Core::memory().unwrap());
        let ours = left.create_feed().await.unwrap();
        let theirs = right.create_feed().await.unwrap();
        ours.append("ours").await.unwrap();
        theirs.append("theirs").await.unwrap();
        let ours_there = right.open_feed(&ours.key().unwrap()).await.unwrap();
        let theirs_here = left.open_feed(&theirs.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        left.replicate(a, ReplicateOptions::new().download(false))
            .unwrap();
        right.replicate(b, ReplicateOptions::new()).unwrap();
        assert_eq!(ours_there.get(0).await.unwrap(), "ours");
        ours.append("again").await.unwrap();
        assert_eq!(ours_there.get(1).await.unwrap(), "again");
        assert_eq!(theirs_here.held_blocks(), 0);
        // Another connection, without that limit, brings it.
        let (a, b) = pipe(4096);
        left.replicate(a, ReplicateOptions::new()).unwrap();
        right
            .replicate(b, ReplicateOptions::new().download(false))
            .unwrap();
        assert_eq!(theirs_here.get(0).await.unwrap(), "theirs");
    });
}
