//! A clone of a clone: the middle has the feed from the writer, the end has it from the middle.

use hyperfeed::{Core, ReplicateOptions};
use hyperfeed_testing_interop::{Connect, FeedDigest, FeedOptions, Listen, NpmPeer, Pattern};

use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(13, 8192);

#[test]
fn we_stand_between_two_npm_peers() {
    we_between(true);
}

#[test]
fn we_stand_between_two_npm_peers_without_the_cipher() {
    we_between(false);
}

#[test]
fn npm_stands_between_two_of_ours() {
    npm_between(true);
}

#[test]
fn npm_stands_between_two_of_ours_without_the_cipher() {
    npm_between(false);
}

#[test]
fn our_copy_serves_npm_after_its_writer_is_gone() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = NpmPeer::spawn().unwrap();
        let key = writer.create_live("log").unwrap().key;
        writer.append_pattern("log", SIZES, 0, 77).unwrap();
        let port = writer.listen(&Listen::feeds(["log"])).unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let middle = ours::open(&core, &key).await;
        ours::connect(&core, port, ReplicateOptions::new().live(false))
            .await
            .finished()
            .await
            .unwrap();
        drop(writer);
        assert_eq!(middle.length(), 77);
        core.close().await.unwrap();
        // From what is on disk: upstream's own reopened clone forgets here that it is live.
        let core = Core::open(dir.path()).await.unwrap();
        let middle = core.open_local(&key).await.unwrap();
        assert!(middle.is_complete());
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let mut reader = NpmPeer::spawn().unwrap();
        reader.open("copy", &key, FeedOptions::default()).unwrap();
        reader.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        reader.wait_blocks("copy", 77).unwrap();
        assert_eq!(
            reader.digest_all("copy").unwrap(),
            FeedDigest::of(SIZES.blocks(0..77))
        );
        ours::assert_well(&mut reader);
    });
}

#[test]
fn a_static_feed_passes_both_kinds_of_middle() {
    within(async {
        // ours -> npm -> ours -> npm
        let first = Core::memory().unwrap();
        let feed = first.create_static_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..60, 60).await;
        let key = feed.finalize().await.unwrap().to_string();
        let port = ours::listen(&first, ReplicateOptions::new()).await;
        let mut second = NpmPeer::spawn().unwrap();
        second.open("copy", &key, FeedOptions::default()).unwrap();
        second.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        let port = second.listen(&Listen::feeds(["copy"])).unwrap();
        let third = Core::memory().unwrap();
        let copy = ours::open(&third, &key).await;
        ours::connect(&third, port, ReplicateOptions::new()).await;
        let port = ours::listen(&third, ReplicateOptions::new()).await;
        let mut fourth = NpmPeer::spawn().unwrap();
        fourth.open("copy", &key, FeedOptions::default()).unwrap();
        fourth.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        fourth.wait_blocks("copy", 60).unwrap();
        let expected = FeedDigest::of(SIZES.blocks(0..60));
        assert_eq!(fourth.digest_all("copy").unwrap(), expected);
        assert_eq!(ours::digest(&copy).await, expected);
        ours::assert_well(&mut second);
        ours::assert_well(&mut fourth);
    });
}

fn we_between(encrypted: bool) {
    within(async {
        let mut writer = NpmPeer::spawn().unwrap();
        let key = writer.create_live("log").unwrap().key;
        writer.append_pattern("log", SIZES, 0, 50).unwrap();
        let mut listen = Listen::feeds(["log"]);
        if !encrypted {
            listen = listen.unencrypted();
        }
        let port = writer.listen(&listen).unwrap();
        let options = ReplicateOptions::new().encrypted(encrypted);
        let core = Core::memory().unwrap();
        let middle = ours::open(&core, &key).await;
        let ours_port = ours::listen(&core, options.clone()).await;
        let mut reader = NpmPeer::spawn().unwrap();
        reader.open("copy", &key, FeedOptions::default()).unwrap();
        let mut connect = Connect::to(ours_port).feeds(["copy"]);
        if !encrypted {
            connect = connect.unencrypted();
        }
        // The end is there before the middle has anything.
        reader.connect(&connect).unwrap();
        ours::connect(&core, port, options).await;
        reader.wait_blocks("copy", 50).unwrap();
        for block in 50..60 {
            writer.append_pattern("log", SIZES, block, 1).unwrap();
            reader.wait_blocks("copy", u64::from(block) + 1).unwrap();
        }
        writer.append_pattern("log", SIZES, 60, 70).unwrap();
        reader.wait_blocks("copy", 130).unwrap();
        let expected = FeedDigest::of(SIZES.blocks(0..130));
        assert_eq!(reader.digest_all("copy").unwrap(), expected);
        assert_eq!(ours::digest(&middle).await, expected);
        ours::assert_well(&mut writer);
        ours::assert_well(&mut reader);
    });
}

fn npm_between(encrypted: bool) {
    within(async {
        let options = ReplicateOptions::new().encrypted(encrypted);
        let writing = Core::memory().unwrap();
        let feed = writing.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..50, 9).await;
        let key = feed.key().unwrap().to_string();
        let port = ours::listen(&writing, options.clone()).await;
        let mut middle = NpmPeer::spawn().unwrap();
        middle.open("copy", &key, FeedOptions::default()).unwrap();
        let mut listen = Listen::feeds(["copy"]);
        let mut connect = Connect::to(port).feeds(["copy"]);
        if !encrypted {
            (listen, connect) = (listen.unencrypted(), connect.unencrypted());
        }
        let middle_port = middle.listen(&listen).unwrap();
        let reading = Core::memory().unwrap();
        let copy = ours::open(&reading, &key).await;
        ours::connect(&reading, middle_port, options).await;
        middle.connect(&connect).unwrap();
        copy.download(0..50).await.unwrap();
        for block in 50..60 {
            ours::append_pattern(&feed, SIZES, block..block + 1, 1).await;
            assert_eq!(
                copy.get(u64::from(block)).await.unwrap(),
                SIZES.block(block)
            );
        }
        ours::append_pattern(&feed, SIZES, 60..130, 11).await;
        copy.download(0..130).await.unwrap();
        let expected = FeedDigest::of(SIZES.blocks(0..130));
        assert_eq!(ours::digest(&copy).await, expected);
        middle.wait_blocks("copy", 130).unwrap();
        assert_eq!(middle.digest_all("copy").unwrap(), expected);
        ours::assert_well(&mut middle);
    });
}
