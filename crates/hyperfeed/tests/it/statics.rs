use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{Core, ErrorKind, FeedEvent, Kind};

#[test]
fn a_sealed_feed_is_cloned_by_its_key() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_static_feed().await.unwrap();
        assert_eq!((feed.kind(), feed.key()), (Kind::Static, None));
        feed.append_batch(["a", "b", "c"]).await.unwrap();
        let mut events = feed.events();
        let key = feed.finalize().await.unwrap();
        assert_eq!(feed.key(), Some(key));
        assert!(feed.is_finalized() && !feed.is_writable());
        loop {
            if let FeedEvent::Finalized { key: told } = events.next().await.unwrap() {
                assert_eq!(told, key);
                break;
            }
        }

        let copy = reader.open_feed(&key).await.unwrap();
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        let blocks: Vec<_> = copy.read_stream(..).map(Result::unwrap).collect().await;
        assert_eq!(blocks, ["a", "b", "c"]);
        assert_eq!(copy.kind(), Kind::Static);
    });
}

#[test]
fn a_sealed_feed_takes_no_blocks_and_no_second_seal() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_static_feed().await.unwrap();
        feed.append("a").await.unwrap();
        feed.finalize().await.unwrap();
        assert_eq!(
            feed.append("b").await.unwrap_err().kind(),
            ErrorKind::Finalized
        );
        assert_eq!(
            feed.finalize().await.unwrap_err().kind(),
            ErrorKind::Finalized
        );
        assert_eq!(feed.length(), 1);
    });
}

#[test]
fn a_feed_without_blocks_cannot_be_sealed() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_static_feed().await.unwrap();
        assert_eq!(
            feed.finalize().await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        feed.append("a").await.unwrap();
        feed.finalize().await.unwrap();
    });
}

#[test]
fn a_block_past_the_end_of_a_sealed_feed_is_an_error_and_not_a_wait() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_static_feed().await.unwrap();
        feed.append("a").await.unwrap();
        feed.finalize().await.unwrap();
        assert_eq!(feed.get(1).await.unwrap_err().kind(), ErrorKind::PastEnd);
        let blocks: Vec<_> = feed.read_stream(..).live().collect().await;
        assert_eq!(blocks.len(), 1);
    });
}

#[test]
fn a_feed_that_is_not_sealed_cannot_be_shared() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_static_feed().await.unwrap();
        let (a, _b) = pipe(4096);
        let replication = core
            .replicate(a, hyperfeed::ReplicateOptions::new())
            .unwrap();
        assert_eq!(
            replication.join(&feed).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    });
}
