use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{Core, Feed, Feeds, Kind, ReplicateOptions, ReplicationEvent, Status};

/// A feed of `blocks` blocks.
async fn written(core: &Core, blocks: u32) -> Feed {
    let feed = core.create_feed().await.unwrap();
    feed.append_batch((0..blocks).map(|number| format!("block {number}")))
        .await
        .unwrap();
    feed
}

#[test]
fn a_copy_fetches_everything() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = written(&writer, 1000).await;
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        assert_eq!(copy.kind(), Kind::Unknown);
        let (a, b) = pipe(64 << 10);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        let progress = copy.download(..).await.unwrap();
        assert_eq!((progress.held, progress.total), (1000, 1000));
        assert!(copy.is_complete() && !copy.is_writable());
        assert_eq!(copy.kind(), Kind::Live);
        assert_eq!(
            (copy.length(), copy.byte_length()),
            (feed.length(), feed.byte_length())
        );
        for block in [0, 1, 499, 999] {
            assert_eq!(copy.get(block).await.unwrap(), format!("block {block}"));
        }
        assert_eq!(copy.sync_state().await.unwrap().status, Status::Complete);
        assert_eq!(copy.stats().downloaded_blocks, 1000);
        assert_eq!(feed.stats().uploaded_bytes, feed.byte_length());
    });
}

#[test]
fn a_pipe_of_a_few_bytes_does_not_stand_still() {
    within(async {
        let (one, other) = (Core::memory().unwrap(), Core::memory().unwrap());
        let (mine, yours) = (written(&one, 100).await, written(&other, 100).await);
        let mine_there = other.open_feed(&mine.key().unwrap()).await.unwrap();
        let yours_here = one.open_feed(&yours.key().unwrap()).await.unwrap();
        let (a, b) = pipe(7);
        one.replicate(a, ReplicateOptions::new()).unwrap();
        other.replicate(b, ReplicateOptions::new()).unwrap();
        let (there, here) = futures::join!(mine_there.download(..), yours_here.download(..));
        assert_eq!((there.unwrap().held, here.unwrap().held), (100, 100));
    });
}

#[test]
fn large_blocks_travel_both_ways_at_once() {
    within(async {
        let (one, other) = (Core::memory().unwrap(), Core::memory().unwrap());
        let (mine, yours) = (
            one.create_feed().await.unwrap(),
            other.create_feed().await.unwrap(),
        );
        for feed in [&mine, &yours] {
            feed.append_batch((0..12_u8).map(|byte| vec![byte; 1 << 20]))
                .await
                .unwrap();
        }
        let mine_there = other.open_feed(&mine.key().unwrap()).await.unwrap();
        let yours_here = one.open_feed(&yours.key().unwrap()).await.unwrap();
        let (a, b) = pipe(256 << 10);
        one.replicate(a, ReplicateOptions::new()).unwrap();
        other.replicate(b, ReplicateOptions::new()).unwrap();
        let (there, here) = futures::join!(mine_there.download(..), yours_here.download(..));
        assert_eq!((there.unwrap().held, here.unwrap().held), (12, 12));
        assert_eq!(mine_there.get(11).await.unwrap(), vec![11; 1 << 20]);
    });
}

#[test]
fn a_connection_that_is_not_live_ends_when_all_is_fetched() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = written(&writer, 300).await;
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(64 << 10);
        let serving = feed.replicate(a).unwrap();
        let fetching = reader
            .replicate(b, ReplicateOptions::new().listed([&copy]).live(false))
            .unwrap();
        fetching.finished().await.unwrap();
        assert_eq!(copy.held_blocks(), 300);
        serving.finished().await.unwrap();
    });
}

#[test]
fn a_sparse_copy_fetches_what_is_asked_for() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = written(&writer, 100).await;
        let options = hyperfeed::FeedOptions::new().sparse(true);
        let copy = reader
            .open_feed_with(&feed.key().unwrap(), options)
            .await
            .unwrap();
        let (a, b) = pipe(64 << 10);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        assert_eq!(copy.get(42).await.unwrap(), "block 42");
        copy.download(10..20).await.unwrap();
        assert_eq!(copy.held_blocks(), 11);
        assert_eq!(copy.missing(5..15).await.unwrap(), vec![5..10; 1]);
    });
}

#[test]
fn a_copy_serves_a_copy() {
    within(async {
        let cores = [
            Core::memory().unwrap(),
            Core::memory().unwrap(),
            Core::memory().unwrap(),
        ];
        let feed = written(&cores[0], 200).await;
        let key = feed.key().unwrap();
        let (middle, last) = (
            cores[1].open_feed(&key).await.unwrap(),
            cores[2].open_feed(&key).await.unwrap(),
        );
        let ((a, b), (c, d)) = (pipe(4096), pipe(4096));
        feed.replicate(a).unwrap();
        middle.replicate(b).unwrap();
        middle.replicate(c).unwrap();
        last.replicate(d).unwrap();
        assert_eq!(last.download(0..200).await.unwrap().held, 200);
        assert_eq!(last.get(199).await.unwrap(), "block 199");
    });
}

#[test]
fn a_server_opens_what_it_is_asked_for() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let key = written(&writer, 10).await.key().unwrap();
        // No handle is left: the feed is closed, and only in the store.
        let copy = reader.open_feed(&key).await.unwrap();
        let (a, b) = pipe(4096);
        writer
            .replicate(a, ReplicateOptions::new().feeds(Feeds::Requested))
            .unwrap();
        copy.replicate(b).unwrap();
        assert_eq!(copy.download(..).await.unwrap().held, 10);
    });
}

#[test]
fn a_feed_opened_after_the_peer_asked_for_it_is_joined() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = written(&writer, 10).await;
        let (a, b) = pipe(4096);
        writer.replicate(a, ReplicateOptions::new()).unwrap();
        let reading = reader.replicate(b, ReplicateOptions::new()).unwrap();
        let mut events = reading.events();
        loop {
            let event = events.next().await.unwrap();
            if let ReplicationEvent::Feed { public_id, joined } = event {
                assert_eq!((public_id, joined), (feed.public_id(), false));
                break;
            }
        }
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        assert_eq!(copy.download(..).await.unwrap().held, 10);
    });
}
