use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{Core, ErrorKind, FeedOptions};

#[test]
fn a_get_waits_for_the_append() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let (block, appended) = futures::join!(feed.get(2), feed.append_batch(["a", "b", "c"]));
        assert_eq!(block.unwrap(), "c");
        assert_eq!(appended.unwrap(), 0..3);
    });
}

#[test]
fn a_get_waits_for_a_peer_to_come() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch((0..100).map(|number| number.to_string()))
            .await
            .unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let mut waiting = copy.get(99);
        assert!(futures::poll!(&mut waiting).is_pending());
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        assert_eq!(waiting.await.unwrap(), "99");
    });
}

#[test]
fn a_dropped_get_takes_its_request_back() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch(["a", "b", "c"]).await.unwrap();
        let sparse = FeedOptions::new().sparse(true);
        let copy = reader
            .open_feed_with(&feed.key().unwrap(), sparse)
            .await
            .unwrap();
        let (dropped, kept) = (copy.get(1), copy.get(2));
        drop(dropped);
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        assert_eq!(kept.await.unwrap(), "c");
        // Requests go out in order: had it been asked for, block 1 would be here or on its way.
        assert_eq!(copy.sync_state().await.unwrap().peers[0].in_flight, 0);
        assert_eq!(copy.missing(..).await.unwrap(), vec![0..2; 1]);
    });
}

#[test]
fn a_dropped_download_takes_its_wish_back() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch(["a", "b", "c"]).await.unwrap();
        let sparse = FeedOptions::new().sparse(true);
        let copy = reader
            .open_feed_with(&feed.key().unwrap(), sparse)
            .await
            .unwrap();
        drop(copy.download(0..2));
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        copy.download(2..3).await.unwrap();
        assert_eq!(copy.held_blocks(), 1);
    });
}

#[test]
fn progress_comes_until_the_download_is_done() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch((0..500).map(|_| vec![7; 2000]))
            .await
            .unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let download = copy.download(0..500);
        let progress = download.progress();
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        let (done, seen) = futures::join!(download, progress.collect::<Vec<_>>());
        assert_eq!(done.unwrap().held, 500);
        assert!(seen.windows(2).all(|pair| pair[0].held <= pair[1].held));
        assert_eq!(seen.last().unwrap().held, 500);
    });
}

#[test]
fn what_waits_for_a_closed_feed_fails() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let (block, closed) = futures::join!(feed.get(0), feed.close());
        closed.unwrap();
        assert_eq!(block.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(
            feed.append("a").await.unwrap_err().kind(),
            ErrorKind::Closed
        );
        assert!(feed.events().next().await.is_none());
        let again = core.open_feed(&feed.key().unwrap()).await.unwrap();
        assert_eq!(again.append("a").await.unwrap(), 0);
    });
}
