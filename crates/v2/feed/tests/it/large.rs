//! Feeds of many pages.

use crate::place::{Place, Where, index, pair};
use hyperfeed_v2_feed::Accepted;

/// Three bitmap pages of blocks, six of nodes.
const LENGTH: u64 = 9001;

fn writer(place: Where) -> Place {
    let mut writer = Place::live(place);
    let blocks: Vec<Vec<u8>> = (0..LENGTH)
        .map(|block| vec![block as u8; (block % 3) as usize])
        .collect();
    for batch in blocks.chunks(1500) {
        writer.append(batch);
        for letter in [b'B', b'T', b'S'] {
            assert!(writer.keys(letter).is_empty());
        }
    }
    writer
}

fn fetch(writer: &mut Place, copy: &mut Place, order: impl Iterator<Item = u64>, batch: usize) {
    let order: Vec<u64> = order.collect();
    for (blocks, number) in order.chunks(batch).zip(0..) {
        for block in blocks {
            let put = writer.answer(&copy.feed, *block);
            assert_eq!(copy.stage(put).unwrap(), Accepted::New);
        }
        copy.commit();
        if number % 23 == 0 {
            let before = (
                copy.feed.held().clone(),
                copy.feed.digest(index(LENGTH / 2)),
            );
            copy.reopen();
            let after = (
                copy.feed.held().clone(),
                copy.feed.digest(index(LENGTH / 2)),
            );
            assert_eq!(before, after);
            assert_eq!(
                copy.feed.held_blocks(),
                (number + 1) * batch.min(order.len()) as u64
            );
        }
    }
    copy.reopen();
    assert!(copy.feed.is_complete());
    assert_eq!(copy.feed.byte_length(), writer.feed.byte_length());
    for letter in [b'B', b'T', b'S'] {
        assert!(copy.keys(letter).is_empty(), "{}", letter as char);
    }
    for block in (0..LENGTH).step_by(97) {
        assert_eq!(copy.read(block), writer.read(block));
    }
}

#[test]
fn a_copy_in_sequence_has_no_bitmap_pages_in_the_end() {
    let mut writer = writer(Where::InStore);
    let mut copy = Place::copy(pair().key(), Where::InStore);
    fetch(&mut writer, &mut copy, 0..LENGTH, 16);
}

#[test]
fn a_copy_from_the_end_has_no_bitmap_pages_in_the_end() {
    let mut writer = writer(Where::Attached);
    let mut copy = Place::copy(pair().key(), Where::Attached);
    fetch(&mut writer, &mut copy, (0..LENGTH).rev(), 50);
    assert_eq!(copy.bytes(), writer.bytes());
}

#[test]
fn a_scattered_copy_has_no_bitmap_pages_in_the_end() {
    let mut writer = writer(Where::Attached);
    let mut copy = Place::copy(pair().key(), Where::Attached);
    // 7919 is a prime, so this comes by every block once.
    fetch(
        &mut writer,
        &mut copy,
        (0..LENGTH).map(|step| step * 7919 % LENGTH),
        40,
    );
    assert_eq!(copy.bytes(), writer.bytes());
}

#[test]
fn empty_pages_and_full_ones_are_told_apart() {
    let mut writer = writer(Where::InStore);
    let mut copy = Place::copy(pair().key(), Where::InStore);
    // The second page of blocks becomes full, with the first one missing.
    for block in 4096..8192 {
        let put = writer.answer(&copy.feed, block);
        copy.stage(put).unwrap();
    }
    copy.commit();
    copy.reopen();
    assert_eq!((copy.feed.held_blocks(), copy.feed.contiguous()), (4096, 0));
    assert_eq!(copy.keys(b'B').len(), 1);
    assert!(!copy.feed.has(index(4095)) && copy.feed.has(index(8191)));
}
