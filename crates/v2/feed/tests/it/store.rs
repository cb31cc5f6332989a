//! The catalogue, and records that were damaged.

use crate::place::{Place, Where, index, pair};
use bytes::Bytes;
use core::ops::ControlFlow;
use hyperfeed_storage::{Batch, Durability, Fault, FaultPlan, Faulty, KeyValue, Loss, MemoryStore};
use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_feed::{Blocks, Feed, FeedError, Kind, Slot, Store, leaf_hash};

fn blocks(count: u8) -> Vec<Vec<u8>> {
    (0..count).map(|block| vec![block; 3]).collect()
}

fn create(store: &mut Store, number: u8) -> Slot {
    let feed = Feed::create_clone(store, FeedKey::new([number; 32]), Blocks::InStore).unwrap();
    feed.slot()
}

#[test]
fn the_catalogue_finds_feeds_by_id_slot_and_alias() {
    let kv = MemoryStore::new();
    let mut store = Store::open(Box::new(kv.share())).unwrap();
    let (first, second) = (create(&mut store, 1), create(&mut store, 2));
    assert_ne!(first, second);
    // Also before the commit: nothing can be created twice in one batch.
    let id = store.record(first).unwrap().unwrap().id;
    assert_eq!(store.find(&id).unwrap(), Some(first));
    let again = Feed::create_clone(&mut store, FeedKey::new([1; 32]), Blocks::InStore);
    assert!(matches!(again, Err(FeedError::Exists { slot }) if slot == first));
    store.set_alias(first, Some("one")).unwrap();
    store.commit(Durability::Process).unwrap();
    assert!(!store.has_batch());

    let mut store = Store::open(Box::new(kv.share())).unwrap();
    assert_eq!(store.by_alias("one").unwrap(), Some(first));
    assert_eq!(store.find(&id).unwrap(), Some(first));
    assert_eq!(store.find(&PublicId::new([7; 32])).unwrap(), None);
    let feeds = store.feeds().unwrap();
    assert_eq!(feeds.len(), 2);
    assert_eq!(feeds[0].alias.as_deref(), Some("one"));
    assert_eq!(feeds[0].kind, Kind::Unknown);
    assert!(matches!(
        store.set_alias(second, Some("one")),
        Err(FeedError::Alias { taken_by: Some(slot) }) if slot == first
    ));
    for bad in ["", &"x".repeat(256)] {
        let refused = store.set_alias(second, Some(bad));
        assert!(matches!(refused, Err(FeedError::Alias { taken_by: None })));
    }
    store.set_alias(first, Some("uno")).unwrap();
    store.commit(Durability::Process).unwrap();
    assert_eq!(store.by_alias("one").unwrap(), None);
    store.set_alias(first, None).unwrap();
    store.commit(Durability::Process).unwrap();
    assert_eq!(store.by_alias("uno").unwrap(), None);
    let missing = store.set_alias(Slot::new(9), None);
    assert!(matches!(missing, Err(FeedError::NotFound { .. })));
}

#[test]
fn an_alias_outlives_the_first_proof() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(2));
    let mut copy = Place::copy(pair().key(), Where::InStore);
    copy.store
        .set_alias(copy.feed.slot(), Some("friend"))
        .unwrap();
    copy.store.commit(Durability::Process).unwrap();
    let put = writer.answer(&copy.feed, 0);
    copy.put(put).unwrap();
    let record = copy.store.record(copy.feed.slot()).unwrap().unwrap();
    assert_eq!(
        (record.kind, record.alias.as_deref()),
        (Kind::Live, Some("friend"))
    );
}

#[test]
fn a_removed_feed_leaves_nothing_and_its_slot_is_not_used_again() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(200));
    let mut copy = Place::copy(pair().key(), Where::InStore);
    let other = create(&mut copy.store, 7);
    copy.store.commit(Durability::Process).unwrap();
    for block in [199, 3, 100] {
        let put = writer.answer(&copy.feed, block);
        copy.put(put).unwrap();
    }
    let slot = copy.feed.slot();
    copy.store.set_alias(slot, Some("gone")).unwrap();
    copy.store.commit(Durability::Process).unwrap();
    copy.store.remove(slot).unwrap();
    copy.store.commit(Durability::Process).unwrap();
    for letter in b'A'..=b'Z' {
        let left = copy.keys(letter).len();
        assert_eq!(
            left,
            usize::from(b"FHIM".contains(&letter)),
            "{}",
            letter as char
        );
    }
    assert!(matches!(copy.open(slot), Err(FeedError::NotFound { .. })));
    let next = create(&mut copy.store, 8);
    assert!(next > slot && next > other);
}

#[test]
fn an_interrupted_removal_is_finished_by_the_next_opening() {
    let plan = FaultPlan::new();
    let kv = Faulty::new(MemoryStore::new(), &plan);
    let mut store = Store::open(Box::new(kv.share())).unwrap();
    let mut feed = Feed::create_live(&mut store, pair(), Blocks::InStore).unwrap();
    let data = Bytes::from_static(b"data");
    let leaf = leaf_hash(&data);
    feed.stage_append(&mut store, data, leaf).unwrap();
    feed.seal(&mut store, Durability::Power).unwrap();
    store.commit(Durability::Power).unwrap();
    store.remove(feed.slot()).unwrap();
    // The commit of the removal itself goes through, what follows does not.
    plan.halt(plan.operations() + 1, Fault::Before);
    store.commit(Durability::Power).unwrap();
    let image = kv.crash(Loss::Power);
    assert!(image.key_count() > 2);
    let mut store = Store::open(Box::new(image.share())).unwrap();
    assert_eq!(image.key_count(), 1);
    assert_eq!(store.feeds().unwrap(), []);
    store.close().unwrap();
}

#[test]
fn a_failed_commit_leaves_the_catalogue_as_it_was() {
    let plan = FaultPlan::new();
    let mut store = Store::open(Box::new(Faulty::new(MemoryStore::new(), &plan))).unwrap();
    create(&mut store, 1);
    plan.fail(plan.operations(), Fault::Before);
    assert!(matches!(
        store.commit(Durability::Process),
        Err(FeedError::Storage(_))
    ));
    assert!(!store.has_batch());
    assert_eq!(store.feeds().unwrap(), []);
    let slot = create(&mut store, 1);
    store.commit(Durability::Process).unwrap();
    assert_eq!(store.feeds().unwrap()[0].slot, slot);
}

#[test]
fn a_store_of_another_format_is_refused() {
    let mut kv = MemoryStore::new();
    let mut batch = Batch::new();
    batch.put(b"M", &[9, 0, 0, 0, 0]);
    kv.commit(&batch, Durability::Process).unwrap();
    assert!(matches!(
        Store::open(Box::new(kv)),
        Err(FeedError::Corrupt { .. })
    ));
}

/// Any byte of any record wrong, cut, or the record gone: an error or a finding, or no matter; never a wrong block.
#[test]
fn no_damage_is_taken_for_data() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(9));
    let mut copy = Place::copy(pair().key(), Where::InStore);
    for block in [8, 2, 3, 6] {
        let put = writer.answer(&copy.feed, block);
        copy.put(put).unwrap();
    }
    for place in [&writer, &copy] {
        for (key, value) in entries(&place.kv) {
            let mut damaged = vec![None, Some(value[..value.len() / 2].to_vec())];
            damaged.extend((0..value.len()).step_by(3).map(|byte| {
                let mut value = value.clone();
                value[byte] ^= 1 << (byte % 8);
                Some(value)
            }));
            for value in damaged {
                let mut kv = place.kv.clone();
                let mut batch = Batch::new();
                match &value {
                    Some(value) => batch.put(&key, value),
                    None => batch.delete(&key),
                }
                kv.commit(&batch, Durability::Process).unwrap();
                survive(kv);
            }
        }
    }
}

#[test]
fn a_bitmap_that_the_head_does_not_count_is_refused() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(9));
    let mut copy = Place::copy(pair().key(), Where::InStore);
    let put = writer.answer(&copy.feed, 4);
    copy.put(put).unwrap();
    let key = copy.keys(b'B').remove(0);
    let mut page = copy.kv.get(&key).unwrap().unwrap();
    page[1] ^= 1 << 5;
    let mut batch = Batch::new();
    batch.put(&key, &page);
    copy.kv.commit(&batch, Durability::Process).unwrap();
    let opened = copy.open(copy.feed.slot());
    assert!(matches!(
        opened,
        Err(FeedError::Corrupt { what: "head", .. })
    ));
}

fn entries(kv: &MemoryStore) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut entries = Vec::new();
    kv.scan(b"", &mut |key, value| {
        entries.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    entries
}

fn survive(kv: MemoryStore) {
    let Ok(mut store) = Store::open(Box::new(kv)) else {
        return;
    };
    let Ok(mut feed) = Feed::open(&mut store, Slot::new(0), None, Blocks::InStore) else {
        return;
    };
    let mut findings = feed.check(&mut store, 0..feed.length()).unwrap();
    findings.extend(feed.check_head(&mut store).unwrap());
    for block in (0..9).map(index) {
        let Ok(Some(found)) = feed.block(&mut store, block) else {
            continue;
        };
        let digest = hyperfeed_merkle::Digest::NONE;
        let proof = feed.proof(&mut store, block, digest);
        if findings.is_empty() {
            assert!(found.is_intact());
            assert_eq!(found.data[..], [block.get() as u8; 3]);
            let proof = proof.unwrap().unwrap();
            let mut fresh = Place::copy(pair().key(), Where::InStore);
            let put = hyperfeed_v2_feed::Put::new(block, found.data, proof.nodes, proof.signature);
            fresh.put(put).unwrap();
        }
    }
}
