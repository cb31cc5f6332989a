use crate::within::within;
use hyperfeed::{Core, ErrorKind, FeedOptions};

#[test]
fn a_feed_is_found_by_each_of_its_names() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core
            .create_feed_with(FeedOptions::new().alias("diary"))
            .await
            .unwrap();
        feed.append("dear").await.unwrap();
        let (key, id) = (
            feed.key().unwrap().to_string(),
            feed.public_id().to_string(),
        );
        for name in [
            "diary",
            &key,
            &id,
            &key[..6],
            &id[..12],
            &key[..20].to_uppercase(),
        ] {
            let info = core.find(name).await.unwrap();
            assert_eq!(info.public_id, feed.public_id(), "{name}");
            assert_eq!((info.length, info.byte_length, info.open), (1, 4, true));
            assert_eq!(info.alias.as_deref(), Some("diary"));
        }
        for name in [&key[..5], "nobody", "", "zzzzzzzz"] {
            assert_eq!(
                core.find(name).await.unwrap_err().kind(),
                ErrorKind::NotFound,
                "{name}"
            );
        }
    });
}

#[test]
fn a_closed_feed_is_opened_by_alias() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("a").await.unwrap();
        core.set_alias(&feed.public_id(), Some("mine"))
            .await
            .unwrap();
        drop(feed);
        let info = core.find("mine").await.unwrap();
        assert_eq!((info.open, info.length), (false, 1));
        let again = core.open_local("mine").await.unwrap();
        assert_eq!(again.append("b").await.unwrap(), 1);
    });
}

#[test]
fn an_alias_names_one_feed() {
    within(async {
        let core = Core::memory().unwrap();
        let first = core
            .create_feed_with(FeedOptions::new().alias("x"))
            .await
            .unwrap();
        let refused = core
            .create_feed_with(FeedOptions::new().alias("x"))
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InUse);
        assert_eq!(core.list().await.unwrap().len(), 1);
        core.set_alias(&first.public_id(), None).await.unwrap();
        core.create_feed_with(FeedOptions::new().alias("x"))
            .await
            .unwrap();
    });
}

#[test]
fn the_list_has_every_feed_open_or_not() {
    within(async {
        let core = Core::memory().unwrap();
        let kept = core.create_feed().await.unwrap();
        let dropped = core.create_feed().await.unwrap();
        dropped.append_batch(["a", "b"]).await.unwrap();
        let id = dropped.public_id();
        drop(dropped);
        let list = core.list().await.unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].public_id, list[0].open), (kept.public_id(), true));
        assert_eq!(
            (list[1].public_id, list[1].open, list[1].length),
            (id, false, 2)
        );
    });
}

#[test]
fn a_removed_feed_is_gone() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("a").await.unwrap();
        core.remove(&feed.public_id()).await.unwrap();
        assert_eq!(feed.get(0).await.unwrap_err().kind(), ErrorKind::Closed);
        assert!(core.list().await.unwrap().is_empty());
        assert_eq!(
            core.remove(&feed.public_id()).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
        assert_eq!(
            core.secret_key(&feed.public_id()).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
        // The same key again is an empty copy.
        let copy = core.open_feed(&feed.key().unwrap()).await.unwrap();
        assert_eq!((copy.length(), copy.is_writable()), (0, false));
    });
}
