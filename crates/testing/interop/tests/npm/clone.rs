//! A whole feed, from them to us and from us to them.

use hyperfeed::{Core, Kind, ReplicateOptions};
use hyperfeed_testing_interop::{Connect, FeedDigest, FeedOptions, Listen, NpmPeer, Pattern};

use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(11, 65_536);
const BLOCKS: u32 = 150;

#[derive(Clone, Copy)]
struct Case {
    live: bool,
    encrypted: bool,
}

#[test]
fn npm_clones_a_live_feed_of_ours() {
    npm_clones(Case {
        live: true,
        encrypted: true,
    });
}

#[test]
fn npm_clones_a_live_feed_of_ours_without_the_cipher() {
    npm_clones(Case {
        live: true,
        encrypted: false,
    });
}

#[test]
fn npm_clones_a_static_feed_of_ours() {
    npm_clones(Case {
        live: false,
        encrypted: true,
    });
}

#[test]
fn npm_clones_a_static_feed_of_ours_without_the_cipher() {
    npm_clones(Case {
        live: false,
        encrypted: false,
    });
}

#[test]
fn we_clone_a_live_feed_of_npm() {
    we_clone(Case {
        live: true,
        encrypted: true,
    });
}

#[test]
fn we_clone_a_live_feed_of_npm_without_the_cipher() {
    we_clone(Case {
        live: true,
        encrypted: false,
    });
}

#[test]
fn we_clone_a_static_feed_of_npm() {
    we_clone(Case {
        live: false,
        encrypted: true,
    });
}

#[test]
fn we_clone_a_static_feed_of_npm_without_the_cipher() {
    we_clone(Case {
        live: false,
        encrypted: false,
    });
}

#[test]
fn a_static_feed_of_one_block_has_the_key_npm_gives_it() {
    within(async {
        let core = Core::memory().unwrap();
        let ours = core.create_static_feed().await.unwrap();
        ours.append("one").await.unwrap();
        let key = ours.finalize().await.unwrap().to_string();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.create_static("theirs").unwrap();
        npm.append("theirs", ["one"]).unwrap();
        assert_eq!(npm.finalize("theirs").unwrap().key, key);

        let mut reader = NpmPeer::spawn().unwrap();
        reader.open("copy", &key, FeedOptions::default()).unwrap();
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        reader.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        assert_eq!(reader.get("copy", 0).unwrap(), b"one");
        ours::assert_well(&mut reader);
    });
}

#[test]
fn npm_keeps_a_feed_of_ours_in_external_storage() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..BLOCKS, 40).await;
        let mut npm = NpmPeer::spawn().unwrap();
        let options = FeedOptions {
            external: true,
            ..FeedOptions::default()
        };
        npm.open("copy", &feed.key().unwrap().to_string(), options)
            .unwrap();
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        npm.wait_blocks("copy", u64::from(BLOCKS)).unwrap();
        assert_eq!(
            npm.digest_all("copy").unwrap(),
            FeedDigest::of(SIZES.blocks(0..BLOCKS))
        );
        ours::assert_well(&mut npm);
    });
}

#[test]
fn we_keep_a_feed_of_npm_as_a_plain_file() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plain");
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("log").unwrap().key;
        npm.append_pattern("log", SIZES, 0, BLOCKS).unwrap();
        let port = npm.listen(&Listen::feeds(["log"])).unwrap();

        let core = Core::memory().unwrap();
        let file = hyperfeed::FileStore::open(&path, true).unwrap();
        let options = hyperfeed::FeedOptions::new().external(file);
        let copy = core
            .open_feed_with(&key.parse().unwrap(), options)
            .await
            .unwrap();
        ours::connect(&core, port, ReplicateOptions::new()).await;
        copy.download(..).await.unwrap();
        copy.flush().await.unwrap();
        let plain: Vec<u8> = SIZES.blocks(0..BLOCKS).flatten().collect();
        assert!(
            std::fs::read(&path).unwrap() == plain,
            "the file is not the blocks one after the other"
        );
        ours::assert_well(&mut npm);
    });
}

/// Whoever of the two connects.
fn npm_clones(case: Case) {
    within(async {
        let core = Core::memory().unwrap();
        let feed = if case.live {
            core.create_feed().await.unwrap()
        } else {
            core.create_static_feed().await.unwrap()
        };
        ours::append_pattern(&feed, SIZES, 0..BLOCKS, 17).await;
        let key = feed.finalize().await.unwrap().to_string();
        let expected = FeedDigest::of(SIZES.blocks(0..BLOCKS));
        let options = ReplicateOptions::new()
            .encrypted(case.encrypted)
            .listed([&feed]);

        let mut connecting = NpmPeer::spawn().unwrap();
        let names = connecting
            .open("copy", &key, FeedOptions::default())
            .unwrap();
        assert_eq!(names.public_id, feed.public_id().to_string());
        let port = ours::listen(&core, options.clone()).await;
        let mut to_us = Connect::to(port).feeds(["copy"]);
        if !case.encrypted {
            to_us = to_us.unencrypted();
        }
        connecting.connect(&to_us).unwrap();

        let mut listening = NpmPeer::spawn().unwrap();
        listening
            .open("copy", &key, FeedOptions::default())
            .unwrap();
        let mut for_us = Listen::feeds(["copy"]);
        if !case.encrypted {
            for_us = for_us.unencrypted();
        }
        let port = listening.listen(&for_us).unwrap();
        ours::connect(&core, port, options).await;

        for npm in [&mut connecting, &mut listening] {
            npm.wait_blocks("copy", u64::from(BLOCKS)).unwrap();
            assert_eq!(npm.digest_all("copy").unwrap(), expected);
            ours::assert_well(npm);
        }
        assert_eq!(feed.stats().uploaded_blocks, 2 * u64::from(BLOCKS));
    });
}

/// Whoever of the two connects.
fn we_clone(case: Case) {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let key = if case.live {
            npm.create_live("feed").unwrap();
            npm.append_pattern("feed", SIZES, 0, BLOCKS).unwrap();
            npm.finalize("feed").unwrap().key
        } else {
            npm.create_static("feed").unwrap();
            npm.append_pattern("feed", SIZES, 0, BLOCKS).unwrap();
            npm.finalize("feed").unwrap().key
        };
        let expected = FeedDigest::of(SIZES.blocks(0..BLOCKS));
        let options = ReplicateOptions::new().encrypted(case.encrypted);

        let connecting = Core::memory().unwrap();
        let mut for_us = Listen::feeds(["feed"]);
        if !case.encrypted {
            for_us = for_us.unencrypted();
        }
        let port = npm.listen(&for_us).unwrap();
        let first = ours::open(&connecting, &key).await;
        let replication = ours::connect(&connecting, port, options.clone().live(false)).await;

        let listening = Core::memory().unwrap();
        let second = ours::open(&listening, &key).await;
        let port = ours::listen(&listening, options).await;
        let mut to_us = Connect::to(port).feeds(["feed"]);
        if !case.encrypted {
            to_us = to_us.unencrypted();
        }
        npm.connect(&to_us).unwrap();

        replication.finished().await.unwrap();
        second.download(..).await.unwrap();
        for copy in [&first, &second] {
            assert!(copy.is_complete());
            assert_eq!(ours::digest(copy).await, expected);
            assert_eq!(
                copy.kind(),
                if case.live { Kind::Live } else { Kind::Static }
            );
            assert!(!copy.is_writable());
        }
        assert_eq!(npm.stats("feed").unwrap().uploaded, 2 * u64::from(BLOCKS));
        ours::assert_well(&mut npm);
    });
}
