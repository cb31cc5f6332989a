//! Two thousand blocks from empty to 1 MiB, while the writer goes on appending.

use hyperfeed::v2::wire;
use hyperfeed::{Core, Feed, ReplicateOptions};
use hyperfeed_testing_interop::{
    Connect, Event, FeedDigest, FeedOptions, Listen, NpmPeer, Pattern,
};

use crate::ours::{self, within};

/// Mostly small: upstream's cryptography is JavaScript.
const SIZES: Pattern = Pattern::new(19, 1_048_576);
const SMALL: Pattern = Pattern::new(19, 2048);
const BLOCKS: u32 = 2000;
const BEFORE: u32 = 1200;

/// Each 100th block is large, the rest small; the largest is 1 MiB, the smallest nothing.
fn block(index: u32) -> Vec<u8> {
    match index {
        500 => vec![0x5a; 1_048_576],
        index if index % 100 == 7 => SIZES.block(index),
        index => SMALL.block(index),
    }
}

fn expected() -> FeedDigest {
    let digest = FeedDigest::of((0..BLOCKS).map(block));
    assert!((0..BLOCKS).any(|index| block(index).is_empty()));
    assert!(digest.bytes > 2_000_000, "{digest:?}");
    digest
}

async fn append(feed: &Feed, blocks: std::ops::Range<u32>, batch: usize) {
    for start in blocks.clone().step_by(batch) {
        let end = blocks.end.min(start + u32::try_from(batch).unwrap());
        feed.append_batch((start..end).map(block)).await.unwrap();
    }
}

#[test]
fn npm_clones_two_thousand_blocks_of_ours_while_we_append() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.create_feed().await.unwrap();
        append(&feed, 0..BEFORE, 64).await;
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let mut npm = NpmPeer::spawn().unwrap();
        npm.quiet().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        for start in (BEFORE..BLOCKS).step_by(40) {
            append(&feed, start..start + 40, 5).await;
            // In step with npm, so that appending goes on for as long as downloading does.
            npm.wait_blocks("copy", u64::from(start - BEFORE) * 2)
                .unwrap();
        }
        npm.wait_blocks("copy", u64::from(BLOCKS)).unwrap();
        assert_eq!(npm.digest_all("copy").unwrap(), expected());
        assert_eq!(feed.stats().uploaded_blocks, u64::from(BLOCKS));
        ours::assert_well(&mut npm);
    });
}

#[test]
fn we_clone_two_thousand_blocks_of_npm_while_it_appends() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.quiet().unwrap();
        let key = npm.create_live("log").unwrap().key;
        for start in (0..BEFORE).step_by(100) {
            npm.append("log", (start..start + 100).map(block)).unwrap();
        }
        let port = npm.listen(&Listen::feeds(["log"])).unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let copy = ours::open(&core, &key).await;
        ours::connect(&core, port, ReplicateOptions::new()).await;
        for start in (BEFORE..BLOCKS).step_by(40) {
            npm.append("log", (start..start + 40).map(block)).unwrap();
            copy.get(u64::from(start)).await.unwrap();
        }
        copy.download(0..u64::from(BLOCKS)).await.unwrap();
        assert_eq!(ours::digest(&copy).await, expected());
        assert_eq!(npm.stats("log").unwrap().uploaded, u64::from(BLOCKS));
        ours::assert_well(&mut npm);
    });
}

#[test]
fn the_largest_block_we_take_goes_both_ways() {
    within(async {
        let block = vec![0xa5; wire::limits::MAX_BLOCK];
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append(block.clone()).await.unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("theirs").unwrap().key;
        npm.append("theirs", [&block]).unwrap();
        npm.open(
            "ours",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let copy = ours::open(&core, &key).await;
        let port = npm.listen(&Listen::feeds(["ours", "theirs"])).unwrap();
        ours::connect(&core, port, ReplicateOptions::new()).await;
        assert!(
            copy.get(0).await.unwrap() == block,
            "a large block came changed"
        );
        npm.wait_event("block", |event| {
            matches!(event, Event::Have { block: 0, .. })
        })
        .unwrap();
        assert_eq!(npm.digest_all("ours").unwrap(), FeedDigest::of([&block]));
        ours::assert_well(&mut npm);
    });
}
