use crate::within::within;
use futures::future::join_all;
use hyperfeed::{Core, ErrorKind, Kind};

#[test]
fn what_was_appended_can_be_got() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        assert_eq!(feed.append("zero").await.unwrap(), 0);
        assert_eq!(feed.append_batch(["one", "two"]).await.unwrap(), 1..3);
        assert_eq!(
            (feed.length(), feed.byte_length(), feed.held_blocks()),
            (3, 10, 3)
        );
        assert_eq!(feed.get(0).await.unwrap(), "zero");
        assert_eq!(feed.get(2).await.unwrap(), "two");
        assert_eq!(feed.kind(), Kind::Live);
        assert!(feed.is_writable() && feed.is_complete());
    });
}

#[test]
fn a_block_that_is_not_there_is_none_at_once() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("zero").await.unwrap();
        assert_eq!(feed.try_get(0).await.unwrap().unwrap(), "zero");
        assert_eq!(feed.try_get(1).await.unwrap(), None);
        assert!(feed.has(0).await.unwrap());
        assert!(!feed.has(1).await.unwrap());
        assert!(!feed.has(u64::MAX).await.unwrap());
        assert_eq!(
            feed.get(u64::MAX).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    });
}

#[test]
fn an_empty_block_is_a_block() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("").await.unwrap();
        assert_eq!(feed.get(0).await.unwrap(), "");
        assert_eq!((feed.length(), feed.byte_length()), (1, 0));
    });
}

#[test]
fn an_empty_batch_appends_nothing() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("zero").await.unwrap();
        assert_eq!(
            feed.append_batch(Vec::<Vec<u8>>::new()).await.unwrap(),
            1..1
        );
        assert_eq!(feed.length(), 1);
    });
}

#[test]
fn many_feeds_of_one_core_do_not_mix() {
    within(async {
        let core = Core::memory().unwrap();
        let feeds = join_all((0..50).map(|_| core.create_feed())).await;
        for (number, feed) in feeds.iter().enumerate() {
            feed.as_ref()
                .unwrap()
                .append(number.to_string())
                .await
                .unwrap();
        }
        for (number, feed) in feeds.iter().enumerate() {
            assert_eq!(
                feed.as_ref().unwrap().get(0).await.unwrap(),
                number.to_string()
            );
        }
    });
}

#[test]
fn a_byte_is_found_in_its_block() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append_batch(["abc", "", "defg", "h"]).await.unwrap();
        assert_eq!(feed.seek(0).await.unwrap(), Some((0, 0)));
        assert_eq!(feed.seek(2).await.unwrap(), Some((0, 2)));
        assert_eq!(feed.seek(3).await.unwrap(), Some((2, 0)));
        assert_eq!(feed.seek(7).await.unwrap(), Some((3, 0)));
        assert_eq!(feed.seek(8).await.unwrap(), None);
    });
}

#[test]
fn a_proof_carries_a_block_by_hand() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append_batch((0..9).map(|number| format!("block {number}")))
            .await
            .unwrap();
        let other = Core::memory().unwrap();
        let copy = other.open_feed(&feed.key().unwrap()).await.unwrap();
        for block in [4, 0, 8] {
            let digest = copy.digest(block).await.unwrap();
            let proof = feed.proof(block, digest).await.unwrap().unwrap();
            assert!(
                copy.put(block, format!("block {block}"), proof)
                    .await
                    .unwrap()
            );
            assert_eq!(copy.get(block).await.unwrap(), format!("block {block}"));
        }
        assert_eq!((copy.length(), copy.held_blocks()), (9, 3));
        assert_eq!(copy.missing(..).await.unwrap(), [1..4, 5..8]);
        assert_eq!(copy.missing(7..20).await.unwrap(), [7..8, 9..20]);

        let proof = feed
            .proof(1, copy.digest(1).await.unwrap())
            .await
            .unwrap()
            .unwrap();
        let refused = copy.put(1, "another block", proof).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Verification);
        assert!(!copy.has(1).await.unwrap());
    });
}

#[test]
fn handles_go_to_any_thread() {
    fn is_shared<T: Clone + Send + Sync + 'static>() {}
    fn is_sent<T: Send + 'static>() {}
    is_shared::<Core>();
    is_shared::<hyperfeed::Feed>();
    is_shared::<hyperfeed::Replication>();
    is_shared::<hyperfeed::Error>();
    is_sent::<hyperfeed::Get>();
    is_sent::<hyperfeed::Download>();
    is_sent::<hyperfeed::ReadStream>();
    is_sent::<hyperfeed::WriteStream>();
    is_sent::<hyperfeed::FeedEvents>();
}

#[test]
fn debug_does_not_show_keys() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let key = feed.key().unwrap().to_string();
        let info = core.stat(&feed.public_id()).await.unwrap();
        let shown = format!(
            "{core:?} {feed:?} {info:?} {:?} {:?}",
            core.list().await,
            feed.get(0)
        );
        assert!(!shown.contains(&key[..8]), "{shown}");
    });
}
