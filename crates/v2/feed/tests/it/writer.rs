//! A writer never signs two blocks for one index, and refuses what no peer could take.

use crate::place::{Place, Where, index, pair};
use bytes::Bytes;
use hyperfeed_storage::{Durability, MemoryStore};
use hyperfeed_types::PublicId;
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::{Accepted, Blocks, Feed, FeedError, Kind, OnlyCopy, Store, leaf_hash};
use hyperfeed_v2_wire::limits::MAX_BLOCK;

fn blocks(count: u8) -> Vec<Vec<u8>> {
    (0..count).map(|block| vec![block; 3]).collect()
}

fn try_append(place: &mut Place) -> Result<(), FeedError> {
    let data = Bytes::from_static(b"other");
    let leaf = leaf_hash(&data);
    place.feed.stage_append(&mut place.store, data, leaf)?;
    place.feed.seal(&mut place.store, Durability::Process)?;
    place.store.commit(Durability::Process)?;
    place.feed.committed();
    Ok(())
}

/// A backup of the store was put back: peers know more than the writer.
#[test]
fn an_old_copy_of_a_writer_fetches_before_it_appends() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(3));
    let backup = writer.kv.clone();
    writer.append(&blocks(4));
    let mut old = Place::live(Where::InStore);
    old.kv = backup;
    old.reopen();
    assert_eq!(old.feed.length(), 3);
    let put = writer.answer(&old.feed, 5);
    assert_eq!(old.put(put).unwrap(), Accepted::New);
    for block in [6, 3] {
        assert!(
            matches!(try_append(&mut old), Err(FeedError::Behind { held, signed: 7 }) if held < 7)
        );
        let put = writer.answer(&old.feed, block);
        old.put(put).unwrap();
        old.reopen();
    }
    let put = writer.answer(&old.feed, 4);
    old.put(put).unwrap();
    try_append(&mut old).unwrap();
    assert_eq!(old.feed.length(), 8);
}

#[test]
fn appends_that_a_longer_signed_length_overtakes_fail() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(3));
    let backup = writer.kv.clone();
    writer.append(&blocks(1));
    let mut old = Place::live(Where::InStore);
    old.kv = backup;
    old.reopen();
    let data = Bytes::from_static(b"other");
    let leaf = leaf_hash(&data);
    old.feed.stage_append(&mut old.store, data, leaf).unwrap();
    let put = writer.answer(&old.feed, 3);
    assert_eq!(old.stage(put.clone()).unwrap(), Accepted::Withheld);
    let sealed = old.feed.seal(&mut old.store, Durability::Process);
    assert!(matches!(
        sealed,
        Err(FeedError::Behind { held: 3, signed: 4 })
    ));
    assert!(!old.store.has_batch());
    old.feed.discard_staged(&mut old.store).unwrap();
    // Even though nothing was stored, it is not forgotten.
    assert!(matches!(
        try_append(&mut old),
        Err(FeedError::Behind { .. })
    ));
    assert_eq!(old.put(put).unwrap(), Accepted::New);
    try_append(&mut old).unwrap();
    assert_eq!(old.feed.length(), 5);
}

#[test]
fn two_handles_of_one_feed_do_not_both_write() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(1));
    let slot = writer.feed.slot();
    let mut second = writer.open(slot).unwrap();
    core::mem::swap(&mut writer.feed, &mut second);
    try_append(&mut writer).unwrap();
    core::mem::swap(&mut writer.feed, &mut second);
    assert!(matches!(try_append(&mut writer), Err(FeedError::Conflict)));
    writer.feed.discard_staged(&mut writer.store).unwrap();
    assert_eq!(writer.feed.length(), 2);
    try_append(&mut writer).unwrap();
}

#[test]
fn a_feed_is_written_by_its_owner_alone() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(2));
    let slot = writer.feed.slot();
    writer.secret = Some(KeyPair::from_seed(&[2; 32]));
    assert!(matches!(writer.open(slot), Err(FeedError::WrongSecret)));
    writer.secret = None;
    writer.reopen();
    assert!(!writer.feed.is_writable());
    assert!(matches!(
        try_append(&mut writer),
        Err(FeedError::NotWritable)
    ));
    let mut copy = Place::copy(pair().key(), Where::InStore);
    assert!(matches!(try_append(&mut copy), Err(FeedError::NotWritable)));
    // Whoever opens a copy with the secret key owns it.
    copy.secret = Some(pair());
    copy.reopen();
    assert_eq!(
        (copy.feed.kind(), copy.feed.is_writable()),
        (Kind::Live, true)
    );
    try_append(&mut copy).unwrap();
    copy.reopen();
    assert!(copy.feed.record().writable);
}

#[test]
fn blocks_that_no_peer_could_take_are_refused_together_with_their_neighbours() {
    let mut writer = Place::live(Where::InStore);
    assert!(writer.feed.check_append([MAX_BLOCK, 0]).is_ok());
    let refused = writer.feed.check_append([1, MAX_BLOCK + 1]);
    assert!(matches!(refused, Err(FeedError::TooLarge { .. })));
    let data = Bytes::from(vec![0; MAX_BLOCK + 1]);
    let leaf = leaf_hash(&data);
    assert!(
        writer
            .feed
            .stage_append(&mut writer.store, data, leaf)
            .is_err()
    );
    assert_eq!(writer.feed.staged().blocks, 0);
}

#[test]
fn a_damaged_block_of_a_writer_is_kept_unless_told() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(4));
    let dropped = |repair: hyperfeed_v2_feed::Repair| repair.dropped.len();
    let kept = writer
        .feed
        .stage_drop(&mut writer.store, [index(2)], OnlyCopy::Keep)
        .unwrap();
    assert_eq!((kept.kept.len(), dropped(kept)), (1, 0));
    writer.commit();
    assert!(writer.feed.is_complete());
    let gone = writer
        .feed
        .stage_drop(&mut writer.store, [index(2)], OnlyCopy::Drop)
        .unwrap();
    assert_eq!(dropped(gone), 1);
    writer.commit();
    writer.reopen();
    assert_eq!((writer.feed.contiguous(), writer.feed.length()), (2, 4));
    assert!(matches!(
        try_append(&mut writer),
        Err(FeedError::Behind { held: 2, signed: 4 })
    ));
}

#[test]
fn staged_and_sealed_blocks_are_discarded_whole() {
    for place in [Where::InStore, Where::Attached] {
        let mut writer = Place::live(place);
        writer.append(&blocks(2));
        let data = Bytes::from_static(b"never");
        let leaf = leaf_hash(&data);
        writer
            .feed
            .stage_append(&mut writer.store, data, leaf)
            .unwrap();
        writer
            .feed
            .seal(&mut writer.store, Durability::Process)
            .unwrap();
        writer.store.clear_batch();
        writer.feed.discard_staged(&mut writer.store).unwrap();
        assert_eq!((writer.feed.length(), writer.feed.staged().blocks), (2, 0));
        assert_eq!(writer.append(&blocks(1)).appended, 2..3);
        if place == Where::Attached {
            assert_eq!(writer.bytes(), [blocks(2), blocks(1)].concat().concat());
        }
    }
}

#[test]
fn sealing_again_after_the_batch_was_dropped_does_the_same() {
    let mut writer = Place::live(Where::Attached);
    let data = Bytes::from_static(b"once");
    let leaf = leaf_hash(&data);
    writer
        .feed
        .stage_append(&mut writer.store, data.clone(), leaf)
        .unwrap();
    writer
        .feed
        .seal(&mut writer.store, Durability::Process)
        .unwrap();
    writer.store.clear_batch();
    assert_eq!(writer.commit().appended, 0..1);
    writer.reopen();
    assert_eq!(writer.read(0), Some(data));
}

#[test]
fn many_feeds_share_a_commit() {
    let kv = MemoryStore::new();
    let mut store = Store::open(Box::new(kv.share())).unwrap();
    let mut feeds: Vec<Feed> = (0..5u8)
        .map(|seed| {
            let id = PublicId::new([seed; 32]);
            Feed::create_static(&mut store, id, Blocks::InStore).unwrap()
        })
        .collect();
    for (feed, seed) in feeds.iter_mut().zip(0..) {
        for _ in 0..=seed {
            let data = Bytes::from(vec![seed; 4]);
            let leaf = leaf_hash(&data);
            feed.stage_append(&mut store, data, leaf).unwrap();
        }
        feed.seal(&mut store, Durability::Process).unwrap();
    }
    store.commit(Durability::Process).unwrap();
    for (feed, seed) in feeds.iter_mut().zip(0..) {
        assert_eq!(feed.committed().appended, 0..seed + 1);
        let found = feed.block(&mut store, index(seed)).unwrap().unwrap();
        assert_eq!(found.data[..], [seed as u8; 4]);
    }
    assert_eq!(store.feeds().unwrap().len(), 5);
}

#[test]
fn an_expected_length_keeps_an_owner_from_appending_until_it_is_held() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(3));
    let backup = writer.kv.clone();
    writer.append(&blocks(2));
    let mut old = Place::live(Where::InStore);
    old.kv = backup;
    old.reopen();
    for length in [2, 3, 5, 4, 5] {
        let is_new = length == 5 && old.feed.check_append([1]).is_ok();
        old.feed.expect_length(&mut old.store, length).unwrap();
        assert_eq!(old.store.has_batch(), is_new, "length {length}");
        old.store.commit(Durability::Process).unwrap();
    }
    for block in [3, 4] {
        let refused = try_append(&mut old);
        assert!(matches!(
            refused,
            Err(FeedError::Behind { held, signed: 5 }) if held == block
        ));
        old.reopen();
        let put = writer.answer(&old.feed, block);
        old.put(put).unwrap();
    }
    try_append(&mut old).unwrap();
    assert_eq!(old.feed.length(), 6);
    old.reopen();
    try_append(&mut old).unwrap();
}
