use crate::pipe::pipe;
use crate::within::within;
use futures::io::AsyncWriteExt;
use hyperfeed::{Core, ErrorKind, FeedOptions, ReplicateOptions};

#[test]
fn a_copy_cannot_be_appended_to() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        assert_eq!(
            copy.append("a").await.unwrap_err().kind(),
            ErrorKind::NotWritable
        );
    });
}

#[test]
fn the_secret_key_of_another_feed_is_refused() {
    within(async {
        let core = Core::memory().unwrap();
        let (mine, yours) = (
            core.create_feed().await.unwrap(),
            core.create_feed().await.unwrap(),
        );
        let secret = core.secret_key(&yours.public_id()).await.unwrap().unwrap();
        let options = FeedOptions::new().secret(secret);
        let refused = core
            .open_feed_with(&mine.key().unwrap(), options)
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_feed_moves_with_its_secret_key() {
    within(async {
        let (old, new) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = old.create_feed().await.unwrap();
        let secret = old.secret_key(&feed.public_id()).await.unwrap().unwrap();
        let options = FeedOptions::new().secret(secret);
        let moved = new
            .open_feed_with(&feed.key().unwrap(), options)
            .await
            .unwrap();
        assert!(moved.is_writable());
        assert_eq!(moved.append("a").await.unwrap(), 0);
    });
}

#[test]
fn feeds_that_only_one_side_has_are_not_shared() {
    within(async {
        let (one, other) = (Core::memory().unwrap(), Core::memory().unwrap());
        let (mine, yours) = (
            one.create_feed().await.unwrap(),
            other.create_feed().await.unwrap(),
        );
        mine.append("secret").await.unwrap();
        let (a, b) = pipe(4096);
        one.replicate(a, ReplicateOptions::new()).unwrap();
        let there = other.replicate(b, ReplicateOptions::new()).unwrap();
        let mut events = there.events();
        loop {
            if let Some(hyperfeed::ReplicationEvent::Feed { joined, .. }) =
                futures::StreamExt::next(&mut events).await
            {
                assert!(!joined);
                break;
            }
        }
        assert_eq!(there.peer().await.unwrap().feeds, [yours.public_id()]);
        assert!(yours.sync_state().await.unwrap().peers.is_empty());
        assert_eq!(yours.stats().peers, 0);
    });
}

#[test]
fn a_peer_that_talks_nonsense_is_dropped_with_a_reason() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let (a, mut b) = pipe(4096);
        let replication = feed.replicate(a).unwrap();
        b.write_all(b"GET / HTTP/1.1\r\nhost: example.com\r\n\r\n")
            .await
            .unwrap();
        b.write_all(&[0xff; 64]).await.unwrap();
        let reason = replication.finished().await.unwrap_err();
        assert_eq!(reason.kind(), ErrorKind::Peer, "{reason}");
        // Others are not touched.
        assert_eq!(feed.append("a").await.unwrap(), 0);
    });
}

#[test]
fn a_silent_peer_times_out() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let (a, _b) = pipe(4096);
        let options = ReplicateOptions::new()
            .listed([&feed])
            .timeout(std::time::Duration::from_millis(20));
        let replication = core.replicate(a, options).unwrap();
        let events = replication.events();
        assert_eq!(
            replication.finished().await.unwrap_err().kind(),
            ErrorKind::TimedOut
        );
        let events: Vec<_> = futures::StreamExt::collect(events).await;
        assert!(matches!(
            events[..],
            [
                hyperfeed::ReplicationEvent::Timeout,
                hyperfeed::ReplicationEvent::Closed { .. }
            ]
        ));
    });
}

#[test]
fn a_cut_connection_leaves_the_copy_usable() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch(["a", "b"]).await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        let (_, connection) = feed
            .replicate_with(a, ReplicateOptions::new().listed([&feed]))
            .unwrap();
        let reading = copy.replicate(b).unwrap();
        let connection = async_std::task::spawn(connection);
        copy.download(..).await.unwrap();
        connection.cancel().await;
        reading.finished().await.ok();
        let (a, b) = pipe(4096);
        feed.append("c").await.unwrap();
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        assert_eq!(copy.get(2).await.unwrap(), "c");
    });
}
