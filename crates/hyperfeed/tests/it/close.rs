use crate::pipe::pipe;
use crate::within::within;
use futures::AsyncReadExt;
use futures::future::join_all;
use hyperfeed::{Core, ErrorKind, MemoryStore, ReplicateOptions};

#[test]
fn closing_under_load_keeps_what_was_acknowledged() {
    within(async {
        let store = MemoryStore::new();
        let core = Core::builder().store(store.share()).open().await.unwrap();
        let feed = core.create_feed().await.unwrap();
        let secret = core.secret_key(&feed.public_id()).await.unwrap().unwrap();
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let feed = feed.clone();
                async_std::task::spawn(async move {
                    let mut acknowledged = 0;
                    loop {
                        match feed.append("x").await {
                            Ok(_) => acknowledged += 1,
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::Closed);
                                return acknowledged;
                            }
                        }
                    }
                })
            })
            .collect();
        while feed.length() < 100 {
            feed.append("x").await.unwrap();
        }
        let key = feed.key().unwrap();
        let own = feed.clone();
        core.clone().close().await.unwrap();
        let acknowledged: u64 = join_all(tasks).await.into_iter().sum();
        assert_eq!(
            own.append("late").await.unwrap_err().kind(),
            ErrorKind::Closed
        );
        assert_eq!(core.list().await.unwrap_err().kind(), ErrorKind::Closed);
        core.close().await.unwrap();

        let core = Core::builder().store(store.share()).open().await.unwrap();
        let options = hyperfeed::FeedOptions::new().secret(secret);
        let feed = core.open_feed_with(&key, options).await.unwrap();
        assert!(
            feed.length() >= acknowledged,
            "{} of {acknowledged}",
            feed.length()
        );
        assert_eq!(feed.get(feed.length() - 1).await.unwrap(), "x");
        feed.append("y").await.unwrap();
    });
}

#[test]
fn closing_a_core_ends_its_connections_and_waits() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        let writing = writer.replicate(a, ReplicateOptions::new()).unwrap();
        let reading = reader.replicate(b, ReplicateOptions::new()).unwrap();
        let (block, closed) = futures::join!(copy.get(0), reader.clone().close());
        closed.unwrap();
        assert_eq!(block.unwrap_err().kind(), ErrorKind::Closed);
        reading.finished().await.unwrap();
        writing.finished().await.unwrap();
        assert!(futures::StreamExt::next(&mut copy.events()).await.is_none());
    });
}

#[test]
fn the_last_handle_closes_the_core() {
    within(async {
        let store = MemoryStore::new();
        let core = Core::builder().store(store.share()).open().await.unwrap();
        let feed = core.create_feed().await.unwrap();
        drop(core);
        let mut events = feed.events();
        feed.append("a").await.unwrap();
        drop(feed);
        // The owner is gone when the events end.
        assert!(futures::StreamExt::next(&mut events).await.is_some());
        assert!(futures::StreamExt::next(&mut events).await.is_none());
    });
}

#[test]
fn dropping_everything_ends_a_connection() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let (a, _b) = pipe(4096);
        let (replication, connection) = feed.replicate_with(a, ReplicateOptions::new()).unwrap();
        drop((core, feed, replication));
        connection.await.unwrap();
    });
}

#[test]
fn what_follows_a_close_is_not_written_and_no_error() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let late = core.create_feed().await.unwrap();
        let (io, mut peer) = pipe(4096);
        let options = ReplicateOptions::new().listed([&feed]);
        let replication = core.replicate(io, options).unwrap();
        replication.close().await;
        // The peer has read the end, and has not closed its own side yet.
        peer.read_to_end(&mut Vec::new()).await.unwrap();
        replication.join(&late).await.unwrap();
        replication.finished().await.unwrap();
        drop(peer);
    });
}
