//! Feeds that grow while they are shared.

use std::time::Duration;

use futures_timer::Delay;
use hyperfeed::{Core, ReplicateOptions};
use hyperfeed_testing_interop::{Connect, FeedDigest, FeedOptions, Listen, NpmPeer, Pattern};

use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(12, 4096);

#[test]
fn npm_follows_a_feed_that_we_append_to() {
    npm_follows(true);
}

#[test]
fn npm_follows_a_feed_that_we_append_to_without_the_cipher() {
    npm_follows(false);
}

#[test]
fn we_follow_a_feed_that_npm_appends_to() {
    we_follow(true);
}

#[test]
fn we_follow_a_feed_that_npm_appends_to_without_the_cipher() {
    we_follow(false);
}

#[test]
fn a_feed_that_was_empty_when_they_met_arrives_at_npm() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let mut events = feed.events();
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        ours::wait_event(&mut events, |event| {
            matches!(event, hyperfeed::FeedEvent::PeerAdded { .. })
        })
        .await;
        feed.append("first").await.unwrap();
        assert_eq!(npm.get("copy", 0).unwrap(), b"first");
        ours::assert_well(&mut npm);
    });
}

#[test]
fn a_quiet_connection_is_kept_alive_by_both() {
    within(async {
        // A keep-alive each 400 ms, the end after 600 ms of silence; three seconds are many of both.
        let timeout = Duration::from_millis(400);
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let port = ours::listen(&core, ReplicateOptions::new().timeout(timeout)).await;
        let connection = npm
            .connect(&Connect::to(port).feeds(["copy"]).timeout(timeout))
            .unwrap();
        feed.append("before").await.unwrap();
        npm.wait_blocks("copy", 1).unwrap();
        Delay::new(Duration::from_secs(3)).await;
        feed.append("after").await.unwrap();
        npm.wait_blocks("copy", 2).unwrap();
        npm.traffic(connection).unwrap();
        ours::assert_well(&mut npm);
    });
}

fn npm_follows(encrypted: bool) {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..30, 7).await;
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let port = ours::listen(&core, ReplicateOptions::new().encrypted(encrypted)).await;
        let mut options = Connect::to(port).feeds(["copy"]);
        if !encrypted {
            options = options.unencrypted();
        }
        npm.connect(&options).unwrap();
        npm.wait_blocks("copy", 30).unwrap();
        // One at a time, each awaited; then batches; then without waiting for anything.
        for block in 30..40 {
            ours::append_pattern(&feed, SIZES, block..block + 1, 1).await;
            npm.wait_blocks("copy", u64::from(block) + 1).unwrap();
        }
        ours::append_pattern(&feed, SIZES, 40..100, 13).await;
        npm.wait_blocks("copy", 100).unwrap();
        ours::append_pattern(&feed, SIZES, 100..200, 1).await;
        npm.wait_blocks("copy", 200).unwrap();
        assert_eq!(
            npm.digest_all("copy").unwrap(),
            FeedDigest::of(SIZES.blocks(0..200))
        );
        assert_eq!(npm.blocks("copy").unwrap().length, 200);
        ours::assert_well(&mut npm);
    });
}

fn we_follow(encrypted: bool) {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("log").unwrap().key;
        npm.append_pattern("log", SIZES, 0, 30).unwrap();
        let mut options = Listen::feeds(["log"]);
        if !encrypted {
            options = options.unencrypted();
        }
        let port = npm.listen(&options).unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open(&core, &key).await;
        ours::connect(&core, port, ReplicateOptions::new().encrypted(encrypted)).await;
        copy.download(0..30).await.unwrap();
        for block in 30..40 {
            npm.append_pattern("log", SIZES, block, 1).unwrap();
            assert_eq!(
                copy.get(u64::from(block)).await.unwrap(),
                SIZES.block(block)
            );
        }
        npm.append_pattern("log", SIZES, 40, 160).unwrap();
        copy.download(0..200).await.unwrap();
        assert_eq!(copy.length(), 200);
        assert_eq!(
            ours::digest(&copy).await,
            FeedDigest::of(SIZES.blocks(0..200))
        );
        ours::assert_well(&mut npm);
    });
}
