//! A block's way from a writer over a copy to another copy.

use crate::place::{Place, Where, index, pair};
use bytes::Bytes;
use hyperfeed_v2_feed::{Accepted, FeedError, Kind, leaf_hash};

fn blocks(count: u64) -> Vec<Vec<u8>> {
    (0..count)
        .map(|block| vec![block as u8; (block % 7) as usize])
        .collect()
}

#[test]
fn an_append_shows_after_its_commit_and_not_before() {
    let mut writer = Place::live(Where::InStore);
    let data = Bytes::from_static(b"hello");
    let block = writer
        .feed
        .stage_append(&mut writer.store, data.clone(), leaf_hash(&data))
        .unwrap();
    assert_eq!(block, index(0));
    assert_eq!((writer.feed.length(), writer.feed.has(block)), (0, false));
    assert_eq!(writer.feed.staged_length(), 1);
    let committed = writer.commit();
    assert_eq!(committed.appended, 0..1);
    assert_eq!((writer.feed.length(), writer.feed.byte_length()), (1, 5));
    assert_eq!(writer.read(0), Some(data));
}

#[test]
fn blocks_travel_from_copy_to_copy() {
    for place in [Where::InStore, Where::Attached] {
        let mut writer = Place::live(place);
        writer.append(&blocks(5));
        writer.append(&blocks(6));
        let mut first = Place::copy(pair().key(), place);
        let mut second = Place::copy(pair().key(), place);
        for block in [10, 0, 3, 4, 9, 1, 2, 5, 8, 6, 7] {
            let put = writer.answer(&first.feed, block);
            assert_eq!(first.put(put).unwrap(), Accepted::New);
            let put = first.answer(&second.feed, block);
            assert_eq!(second.put(put).unwrap(), Accepted::New);
        }
        for place in [&mut first, &mut second] {
            place.reopen();
            assert_eq!(place.feed.kind(), Kind::Live);
            assert!(place.feed.is_complete());
            assert_eq!(place.feed.roots(), writer.feed.roots());
            for block in 0..11 {
                assert_eq!(place.read(block), writer.read(block), "block {block}");
            }
        }
    }
}

#[test]
fn a_static_feed_is_named_by_its_roots() {
    let mut writer = Place::unfinished(Where::InStore);
    writer.append(&blocks(5));
    let key = writer.feed.stage_finalize(&mut writer.store).unwrap();
    assert!(writer.commit().finalized);
    assert_eq!(writer.feed.key(), Some(&key));
    let mut copy = Place::copy(key, Where::InStore);
    for block in [4, 2, 0, 1, 3] {
        let put = writer.answer(&copy.feed, block);
        assert_eq!(copy.put(put).unwrap(), Accepted::New);
    }
    copy.reopen();
    assert!(copy.feed.is_complete() && copy.feed.is_finalized());
    assert_eq!(copy.feed.kind(), Kind::Static);
    writer.reopen();
    let data = Bytes::from_static(b"more");
    let refused = writer
        .feed
        .stage_append(&mut writer.store, data.clone(), leaf_hash(&data));
    assert!(matches!(refused, Err(FeedError::Finalized)));
}

#[test]
fn placed_blocks_lie_where_they_are_read_from() {
    let mut here = Place::live(Where::Attached);
    let all: Vec<Vec<u8>> = (0..50_u8)
        .map(|block| vec![block; usize::from(block % 7)])
        .collect();
    here.append(&all);
    let file = all.concat();
    for (start, max_bytes) in [(0, 1), (3, 20), (10, 1_000_000), (49, 0)] {
        let placed = here.feed.placed(&mut here.store, start..50, max_bytes);
        let placed = placed.unwrap().unwrap();
        assert_eq!(placed.first, start);
        assert!(placed.leaves.len() == 1 || placed.bytes() <= max_bytes);
        let mut rest = &file[placed.offset as usize..];
        for ((size, leaf), at) in placed.leaves.iter().zip(start..placed.end()) {
            let (data, after) = rest.split_at(*size);
            let read = here.feed.block(&mut here.store, index(at)).unwrap();
            let read = read.unwrap();
            assert_eq!((&*read.data, read.leaf), (data, *leaf), "block {at}");
            rest = after;
        }
    }
    let all = here.feed.placed(&mut here.store, 10..50, 1 << 20);
    assert_eq!(all.unwrap().unwrap().end(), 50);
    let past = here.feed.placed(&mut here.store, 50..60, 1 << 20);
    assert_eq!(past.unwrap(), None);

    let mut inside = Place::live(Where::InStore);
    inside.append(&[b"block".to_vec()]);
    let none = inside.feed.placed(&mut inside.store, 0..1, 1 << 20);
    assert_eq!(none.unwrap(), None);
}
