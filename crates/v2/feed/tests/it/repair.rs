//! What is damaged is found; what can be worked out again is; the rest is dropped, and can be fetched.

use crate::place::{Place, Where, index, pair};
use hyperfeed_storage::{Batch, Durability, KeyValue, RandomAccess};
use hyperfeed_v2_feed::{FeedError, Finding, OnlyCopy, Repair, Suspect};
use proptest::prelude::*;

fn blocks(count: u64) -> Vec<Vec<u8>> {
    (0..count)
        .map(|block| vec![block as u8; (block % 5) as usize + 1])
        .collect()
}

/// A writer and a complete copy of it.
fn pair_of_places(place: Where, count: u64) -> (Place, Place) {
    let mut writer = Place::live(place);
    writer.append(&blocks(count));
    let mut copy = Place::copy(pair().key(), place);
    for block in 0..count {
        let put = writer.answer(&copy.feed, block);
        copy.stage(put).unwrap();
    }
    copy.commit();
    (writer, copy)
}

fn key(letter: u8, slot: u32, number: u64) -> Vec<u8> {
    let mut key = vec![letter];
    key.extend_from_slice(&slot.to_be_bytes());
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Flips a bit of a stored value and opens the place again.
fn damage(place: &mut Place, key: &[u8], byte: usize) {
    let mut value = place.kv.get(key).unwrap().unwrap();
    let byte = byte % value.len();
    // The version byte of a bitmap page has to be right for the feed to open.
    let byte = if key[0] == b'T' && value.len() > 1 {
        byte.max(1)
    } else {
        byte
    };
    value[byte] ^= 4;
    let mut batch = Batch::new();
    batch.put(key, &value);
    place.kv.commit(&batch, Durability::Process).unwrap();
    place.reopen();
}

fn check(place: &mut Place) -> Vec<Finding> {
    let length = place.feed.length();
    let mut findings = place.feed.check(&mut place.store, 0..length).unwrap();
    findings.extend(place.feed.check_head(&mut place.store).unwrap());
    findings
}

fn repair(place: &mut Place, findings: &[Finding], only_copy: OnlyCopy) -> Repair {
    let repair = place
        .feed
        .stage_repair(&mut place.store, findings, only_copy)
        .unwrap();
    place.commit();
    place.reopen();
    repair
}

/// Fetches what is missing, and looks at everything.
fn heal(writer: &mut Place, copy: &mut Place) {
    for block in 0..writer.feed.length() {
        if !copy.feed.has(index(block)) {
            let put = writer.answer(&copy.feed, block);
            // The size of a root is covered by nothing: damage to it shows as a lie about it does.
            if let Err(FeedError::Unproven) = copy.put(put) {
                let put = writer.answer(&copy.feed, block);
                copy.put(put).unwrap();
            }
        }
        assert_eq!(copy.read(block), writer.read(block));
    }
    copy.reopen();
    assert!(copy.feed.is_complete());
    assert_eq!(check(copy), []);
    assert_eq!(copy.feed.held_bytes(), writer.feed.held_bytes());
}

#[test]
fn a_sound_feed_has_no_findings() {
    for place in [Where::InStore, Where::Attached] {
        let (mut writer, mut copy) = pair_of_places(place, 21);
        assert_eq!(check(&mut writer), []);
        assert_eq!(check(&mut copy), []);
    }
}

#[test]
fn a_damaged_block_is_dropped_and_fetched_without_a_proof() {
    let (mut writer, mut copy) = pair_of_places(Where::InStore, 21);
    let place = key(b'D', copy.feed.slot().get(), 7);
    damage(&mut copy, &place, 0);
    let findings = check(&mut copy);
    assert_eq!(findings, [Finding::block(index(7), "has another hash")]);
    let repair = repair(&mut copy, &findings, OnlyCopy::Keep);
    assert_eq!(repair.dropped, [index(7)]);
    assert_eq!(copy.feed.contiguous(), 7);
    let put = writer.answer(&copy.feed, 7);
    assert_eq!((put.nodes.len(), &put.signature), (0, &None));
    heal(&mut writer, &mut copy);
}

#[test]
fn damaged_bytes_of_an_attached_file_are_dropped_and_fetched() {
    let (mut writer, mut copy) = pair_of_places(Where::Attached, 21);
    copy.file.as_mut().unwrap().write(9, &[200, 201]).unwrap();
    let findings = check(&mut copy);
    assert!(!findings.is_empty());
    let repair = repair(&mut copy, &findings, OnlyCopy::Keep);
    assert_eq!(repair.dropped.len(), findings.len());
    heal(&mut writer, &mut copy);
    assert_eq!(copy.bytes(), writer.bytes());
}

/// Whatever part of whatever node: all blocks are found again, for sizes are mended before blocks are judged.
#[test]
fn damaged_sizes_of_an_attached_feed_cost_no_blocks() {
    let (_, copy) = pair_of_places(Where::Attached, 21);
    let slot = copy.feed.slot().get();
    for number in 0..39 {
        for byte in [6, 7, 20] {
            let mut copy = Place {
                kv: copy.kv.clone(),
                file: copy.file.clone(),
                ..Place::copy(pair().key(), Where::Attached)
            };
            copy.reopen();
            damage(&mut copy, &key(b'N', slot, 0), 9 + 40 * number + byte);
            let findings = check(&mut copy);
            let repair = repair(&mut copy, &findings, OnlyCopy::Keep);
            // A leaf's own size says where its block ends: bytes that cannot be read cannot mend it.
            let is_leaf = repair.mended.is_empty();
            assert!(
                repair.dropped.len() <= usize::from(is_leaf),
                "node {number}: {findings:?} {repair:?}"
            );
            assert_eq!(check(&mut copy), [], "node {number}");
        }
    }
}

/// Every bit that matters of every node: its hash is worked out again from its children or its block.
#[test]
fn a_damaged_node_over_held_blocks_is_mended() {
    let (mut writer, copy) = pair_of_places(Where::InStore, 21);
    let slot = copy.feed.slot().get();
    for (number, byte) in (0..39).flat_map(|number| [(number, 7), (number, 20)]) {
        let mut copy = Place {
            kv: copy.kv.clone(),
            ..Place::copy(pair().key(), Where::InStore)
        };
        copy.reopen();
        damage(&mut copy, &key(b'N', slot, 0), 9 + 40 * number + byte);
        let findings = check(&mut copy);
        assert!(!findings.is_empty(), "node {number}");
        let repair = repair(&mut copy, &findings, OnlyCopy::Keep);
        assert_eq!(
            (repair.mended.len(), repair.dropped.len()),
            (1, 0),
            "node {number}"
        );
        assert_eq!(check(&mut copy), [], "node {number}");
        heal(&mut writer, &mut copy);
    }
}

#[test]
fn a_lost_page_of_nodes_is_worked_out_from_the_blocks() {
    let (mut writer, mut copy) = pair_of_places(Where::InStore, 100);
    let slot = copy.feed.slot().get();
    damage(&mut copy, &key(b'N', slot, 1), 0);
    let findings = check(&mut copy);
    assert!(
        findings.iter().any(|finding| finding.what
            == Suspect::Node(hyperfeed_flat_tree::NodeIndex::leaf(index(32))))
    );
    let repair = repair(&mut copy, &findings, OnlyCopy::Keep);
    // The blocks are there: all can be worked out again.
    assert_eq!((repair.mended.len(), repair.dropped.len()), (63, 0));
    heal(&mut writer, &mut copy);
}

#[test]
fn a_writer_keeps_its_blocks_and_gets_its_nodes_back() {
    let (mut writer, _) = pair_of_places(Where::InStore, 21);
    let slot = writer.feed.slot().get();
    damage(&mut writer, &key(b'N', slot, 0), 9 + 40 * 9 + 20);
    let place = key(b'D', slot, 3);
    damage(&mut writer, &place, 0);
    let findings = check(&mut writer);
    let repair = repair(&mut writer, &findings, OnlyCopy::Keep);
    assert_eq!(
        (repair.kept.as_slice(), repair.dropped.len()),
        (&[index(3)][..], 0)
    );
    assert_eq!(repair.mended.len(), 1);
    assert_eq!(
        check(&mut writer),
        [Finding::block(index(3), "has another hash")]
    );
}

#[test]
fn an_older_signature_that_is_lost_is_found_and_what_hung_on_it_dropped() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(5));
    let mut copy = Place::copy(pair().key(), Where::InStore);
    let put = writer.answer(&copy.feed, 4);
    copy.put(put).unwrap();
    writer.append(&blocks(6));
    let put = writer.answer(&copy.feed, 10);
    copy.put(put).unwrap();
    let slot = copy.feed.slot().get();
    damage(&mut copy, &key(b'S', slot, 5), 30);
    let findings = check(&mut copy);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].what, Suspect::Signature { length: 5 });
    repair(&mut copy, &findings, OnlyCopy::Keep);
    assert_eq!(check(&mut copy), []);
    heal(&mut writer, &mut copy);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Sparse copies of copies with any damage: once repaired they are sound, and can be completed.
    #[test]
    fn any_damage_can_be_repaired(
        count in 1..40u64, more in 0..20u64,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<usize>()), 1..4),
    ) {
        let mut writer = Place::live(Where::InStore);
        writer.append(&blocks(count));
        let mut copy = Place::copy(pair().key(), Where::InStore);
        for (pick, number) in picks.iter().zip(0..) {
            if number == picks.len() / 2 && more > 0 {
                writer.append(&blocks(more));
            }
            let block = pick.index(writer.feed.length() as usize) as u64;
            let put = writer.answer(&copy.feed, block);
            copy.put(put).unwrap();
        }
        let mut records = copy.keys(b'N');
        records.extend(copy.keys(b'D'));
        records.extend(copy.keys(b'S'));
        records.extend(copy.keys(b'T'));
        prop_assume!(!records.is_empty());
        for (pick, byte) in hits {
            let record: &Vec<u8> = pick.get(&records);
            damage(&mut copy, record, byte);
        }
        let mut rounds = Vec::new();
        loop {
            let findings = check(&mut copy);
            if findings.is_empty() {
                break;
            }
            let repair = repair(&mut copy, &findings, OnlyCopy::Keep);
            prop_assert!(repair.kept.is_empty());
            rounds.push((findings, repair));
            prop_assert!(rounds.len() < 8, "{rounds:?}");
        }
        heal(&mut writer, &mut copy);
    }
}
