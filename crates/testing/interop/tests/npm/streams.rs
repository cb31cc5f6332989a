//! The list of feeds, and streams of blocks: the same of both.

use std::collections::BTreeSet;

use futures::{SinkExt, TryStreamExt};
use hyperfeed::{Bytes, Core, FeedOptions, KeyPair};
use hyperfeed_testing_interop::{NpmPeer, Pattern};

use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(29, 500);

#[test]
fn both_list_the_keys_of_own_and_of_other_feeds() {
    within(async {
        let core = Core::memory().unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        let mut keys = BTreeSet::new();
        for number in 1..=3 {
            let secret = KeyPair::from_seed(&[number; 32]).secret().clone();
            let options = FeedOptions::new().secret(secret);
            let feed = core.create_feed_with(options).await.unwrap();
            npm.create_live_from(&number.to_string(), &[number; 32])
                .unwrap();
            keys.insert(feed.key().unwrap().to_string());
        }
        let elsewhere = Core::memory().unwrap();
        let other = elsewhere.create_feed().await.unwrap();
        let other = other.key().unwrap().to_string();
        ours::open(&core, &other).await;
        npm.open("other", &other, Default::default()).unwrap();
        keys.insert(other);
        let listed = core.list().await.unwrap().into_iter();
        let listed: BTreeSet<String> = listed.map(|feed| feed.key.unwrap().to_string()).collect();
        assert_eq!(listed, keys);
        assert_eq!(
            npm.list().unwrap().into_iter().collect::<BTreeSet<_>>(),
            keys
        );
    });
}

#[test]
fn blocks_written_through_a_stream_are_one_static_feed_of_both() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_static_feed().await.unwrap();
        let mut sink = feed.write_stream();
        for block in SIZES.blocks(0..40) {
            sink.send(block).await.unwrap();
        }
        SinkExt::<Vec<u8>>::close(&mut sink).await.unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.write_stream(SIZES.blocks(0..40)).unwrap();
        assert_eq!(feed.key().unwrap().to_string(), key);
        ours::assert_well(&mut npm);
    });
}

#[test]
fn a_range_is_the_same_stream_of_blocks_of_both() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..50, 50).await;
        let mut npm = NpmPeer::spawn().unwrap();
        npm.create_live("log").unwrap();
        npm.append_pattern("log", SIZES, 0, 50).unwrap();
        // An end of 0 and a start past the end are left out: upstream takes the one for none, and waits for the other.
        for (start, end) in [
            (None, None),
            (Some(7), None),
            (None, Some(9)),
            (Some(11), Some(31)),
        ] {
            let range = start.unwrap_or(0)..end.unwrap_or(50);
            let ours: Vec<Bytes> = feed.read_stream(range).try_collect().await.unwrap();
            let theirs = npm.read_stream("log", start, end).unwrap();
            assert_eq!(ours, theirs, "{start:?}..{end:?}");
            assert!(ours.len() > 8);
        }
        ours::assert_well(&mut npm);
    });
}
