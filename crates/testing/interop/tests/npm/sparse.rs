//! Peers that hold parts.

use hyperfeed::{Core, ReplicateOptions};
use hyperfeed_testing_interop::{
    Connect, Event, FeedDigest, FeedOptions, Listen, NpmPeer, Pattern,
};

use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(16, 2048);

#[test]
fn we_get_single_blocks_from_npm_and_nothing_else() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("log").unwrap().key;
        npm.append_pattern("log", SIZES, 0, 100).unwrap();
        let port = npm.listen(&Listen::feeds(["log"])).unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open_sparse(&core, &key).await;
        ours::connect(&core, port, ReplicateOptions::new()).await;
        for block in [99, 0, 42, 64, 41, 1] {
            assert_eq!(
                copy.get(u64::from(block)).await.unwrap(),
                SIZES.block(block)
            );
        }
        copy.download(20..30).await.unwrap();
        npm.append_pattern("log", SIZES, 100, 10).unwrap();
        assert_eq!(copy.get(107).await.unwrap(), SIZES.block(107));
        assert_eq!(copy.held_blocks(), 17);
        assert_eq!(npm.stats("log").unwrap().uploaded, 17);
        assert_eq!(copy.length(), 110);
        ours::assert_well(&mut npm);
    });
}

#[test]
fn npm_gets_what_we_hold_of_its_feed_and_the_rest_once_we_have_it() {
    within(async {
        let mut writer = NpmPeer::spawn().unwrap();
        let key = writer.create_live("log").unwrap().key;
        writer.append_pattern("log", SIZES, 0, 100).unwrap();
        let port = writer.listen(&Listen::feeds(["log"])).unwrap();
        let core = Core::memory().unwrap();
        let middle = ours::open_sparse(&core, &key).await;
        ours::connect(&core, port, ReplicateOptions::new()).await;
        for block in [3, 17, 99] {
            middle.get(block).await.unwrap();
        }
        middle.download(40..50).await.unwrap();
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let mut reader = NpmPeer::spawn().unwrap();
        reader.open("copy", &key, FeedOptions::default()).unwrap();
        reader.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        reader.wait_blocks("copy", 13).unwrap();
        for block in [3, 17, 40, 49, 99] {
            assert_eq!(
                reader.get("copy", u64::from(block)).unwrap(),
                SIZES.block(block)
            );
        }
        assert!(!reader.has("copy", 0).unwrap());
        assert_eq!(reader.blocks("copy").unwrap().length, 100);
        middle.get(0).await.unwrap();
        reader.wait_blocks("copy", 14).unwrap();
        assert!(reader.has("copy", 0).unwrap());
        middle.download(..).await.unwrap();
        reader.wait_blocks("copy", 100).unwrap();
        assert_eq!(
            reader.digest_all("copy").unwrap(),
            FeedDigest::of(SIZES.blocks(0..100))
        );
        ours::assert_well(&mut writer);
        ours::assert_well(&mut reader);
    });
}

#[test]
fn npm_puts_a_feed_together_from_two_of_ours_that_hold_half_each() {
    within(async {
        let writing = Core::memory().unwrap();
        let feed = writing.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..80, 6).await;
        let key = feed.key().unwrap().to_string();
        let port = ours::listen(&writing, ReplicateOptions::new()).await;
        let mut reader = NpmPeer::spawn().unwrap();
        reader.open("copy", &key, FeedOptions::default()).unwrap();
        let mut halves = Vec::new();
        for half in [0, 1] {
            let core = Core::memory().unwrap();
            let copy = ours::open_sparse(&core, &key).await;
            let replication = ours::connect(&core, port, ReplicateOptions::new()).await;
            for block in (half..80).step_by(2) {
                copy.get(block).await.unwrap();
            }
            replication.close().await;
            let port = ours::listen(&core, ReplicateOptions::new()).await;
            reader.connect(&Connect::to(port).feeds(["copy"])).unwrap();
            halves.push((core, copy));
        }
        reader.wait_blocks("copy", 80).unwrap();
        assert_eq!(
            reader.digest_all("copy").unwrap(),
            FeedDigest::of(SIZES.blocks(0..80))
        );
        // Who is new to them both hears it from npm.
        for (_, copy) in &halves {
            assert_eq!(copy.held_blocks(), 40);
            copy.download(..).await.unwrap();
            assert_eq!(
                ours::digest(copy).await,
                FeedDigest::of(SIZES.blocks(0..80))
            );
        }
        ours::assert_well(&mut reader);
    });
}

#[test]
fn we_put_a_feed_together_from_two_npm_peers_and_ask_each_for_what_it_has() {
    within(async {
        let mut writer = NpmPeer::spawn().unwrap();
        let key = writer
            .create_static("file")
            .and_then(|()| {
                writer.append_pattern("file", SIZES, 0, 90)?;
                writer.finalize("file")
            })
            .unwrap()
            .key;
        let core = Core::memory().unwrap();
        let copy = ours::open(&core, &key).await;
        let mut parts = Vec::new();
        for part in [0..50, 40..90] {
            let mut npm = NpmPeer::spawn().unwrap();
            npm.open("part", &key, FeedOptions::default()).unwrap();
            for block in part {
                let digest = npm.digest("part", block).unwrap();
                let proof = writer.proof("file", block, digest).unwrap();
                let data = writer.get("file", block).unwrap();
                npm.put("part", block, &data, &proof).unwrap();
            }
            let port = npm.listen(&Listen::feeds(["part"])).unwrap();
            ours::connect(&core, port, ReplicateOptions::new()).await;
            parts.push(npm);
        }
        copy.download(0..90).await.unwrap();
        assert_eq!(
            ours::digest(&copy).await,
            FeedDigest::of(SIZES.blocks(0..90))
        );
        for npm in &mut parts {
            ours::assert_well(npm);
        }
    });
}

#[test]
fn a_get_for_which_nobody_has_the_block_is_answered_when_npm_appends_it() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("log").unwrap().key;
        let port = npm.listen(&Listen::feeds(["log"])).unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open_sparse(&core, &key).await;
        ours::connect(&core, port, ReplicateOptions::new()).await;
        let get = copy.get(4);
        npm.wait_event("peer", |event| matches!(event, Event::PeerAdded { .. }))
            .unwrap();
        for block in 0..6 {
            npm.append_pattern("log", SIZES, block, 1).unwrap();
        }
        assert_eq!(get.await.unwrap(), SIZES.block(4));
        assert_eq!(copy.held_blocks(), 1);
        ours::assert_well(&mut npm);
    });
}

#[test]
fn a_want_of_npm_is_answered() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..20, 20).await;
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        npm.wait_blocks("copy", 20).unwrap();
        // Whole, from the middle of a byte, past the end, absurd: none may disturb the connection.
        for (start, end) in [(0, 20), (11, 13), (400, 401), (1 << 40, (1 << 40) + 1)] {
            npm.want("copy", start, end).unwrap();
            npm.cancel("copy", start).unwrap();
        }
        feed.append("after").await.unwrap();
        assert_eq!(npm.get("copy", 20).unwrap(), b"after");
        ours::assert_well(&mut npm);
    });
}
