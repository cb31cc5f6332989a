//! The power fails while block bytes are not synced, and every commit that speaks of them is there: no block is ever
//! wrong, and what is lost is found.

use crate::place::{index, pair};
use bytes::Bytes;
use hyperfeed_storage::{
    Durability, FaultPlan, Faulty, Loss, MemoryFile, MemoryStore, RandomAccess,
};
use hyperfeed_v2_feed::{Blocks, Feed, Finding, OnlyCopy, Put, Slot, Store, Suspect, leaf_hash};

const BLOCKS: u64 = 12;
/// Blocks that are appended in class `Power`, before the others.
const SAFE: u64 = 5;

fn block(number: u64) -> Bytes {
    vec![number as u8 + 1; number as usize % 4 + 1].into()
}

fn attached(file: impl RandomAccess + 'static) -> Blocks {
    Blocks::Attached(Box::new(file))
}

fn append(store: &mut Store, feed: &mut Feed, number: u64, class: Durability) {
    let data = block(number);
    let leaf = leaf_hash(&data);
    feed.stage_append(store, data, leaf).unwrap();
    commit(store, feed, class);
}

fn commit(store: &mut Store, feed: &mut Feed, class: Durability) {
    feed.seal(store, class).unwrap();
    store.commit(class).unwrap();
    feed.committed();
}

/// A writer as the loss of power leaves it: all commits, and of the bytes what the plan lets survive.
fn writer(plan: &FaultPlan) -> (MemoryStore, MemoryFile, Slot) {
    let (kv, file) = (MemoryStore::new(), Faulty::new(MemoryFile::new(), plan));
    let mut store = Store::open(Box::new(kv.share())).unwrap();
    let mut feed = Feed::create_live(&mut store, pair(), attached(file.share())).unwrap();
    commit(&mut store, &mut feed, Durability::Power);
    for number in 0..BLOCKS {
        let class = if number < SAFE {
            Durability::Power
        } else {
            Durability::Process
        };
        append(&mut store, &mut feed, number, class);
    }
    (kv, file.crash(Loss::Power), feed.slot())
}

fn reopen(kv: &MemoryStore, file: &MemoryFile, slot: Slot) -> (Store, Feed) {
    let mut store = Store::open(Box::new(kv.share())).unwrap();
    let secret = Some(pair().secret().clone());
    let feed = Feed::open(&mut store, slot, secret, attached(file.share())).unwrap();
    (store, feed)
}

fn findings(store: &mut Store, feed: &mut Feed) -> Vec<Finding> {
    let mut findings = feed.check(store, 0..feed.length()).unwrap();
    findings.extend(feed.check_head(store).unwrap());
    findings
}

#[test]
fn blocks_past_the_end_of_the_file_are_told_when_it_is_opened() {
    let (kv, file, slot) = writer(&FaultPlan::new());
    let (mut store, mut feed) = reopen(&kv, &file, slot);
    assert_eq!(feed.length(), BLOCKS, "the signed length is not forgotten");
    let lost = feed.lost_blocks(&mut store).unwrap();
    assert_eq!(lost, (SAFE..BLOCKS).map(index).collect::<Vec<_>>());
    for number in 0..BLOCKS {
        let found = feed.block(&mut store, index(number));
        assert_eq!(found.is_ok(), number < SAFE, "block {number}");
    }
    // The next block has an index of its own.
    append(&mut store, &mut feed, BLOCKS, Durability::Process);
    let found = feed.block(&mut store, index(BLOCKS)).unwrap().unwrap();
    assert!(found.is_intact());
}

#[test]
fn whatever_bytes_are_lost_no_block_is_wrong_and_a_check_finds_the_others() {
    for seed in 0..200 {
        let (kv, file, slot) = writer(&FaultPlan::seeded(seed));
        let (mut store, mut feed) = reopen(&kv, &file, slot);
        let lost = feed.lost_blocks(&mut store).unwrap();
        let found = findings(&mut store, &mut feed);
        for number in 0..BLOCKS {
            let read = feed.block(&mut store, index(number));
            let intact = read.is_ok_and(|read| read.is_some_and(|read| read.is_intact()));
            let is_found = found
                .iter()
                .any(|finding| finding.what == Suspect::Block(index(number)));
            assert_eq!(intact, !is_found, "seed {seed}, block {number}");
            assert!(intact || number >= SAFE, "seed {seed}, block {number}");
            assert!(!intact || !lost.contains(&index(number)), "seed {seed}");
        }
    }
}

#[test]
fn a_copy_drops_what_is_lost_and_fetches_it_again() {
    let whole = FaultPlan::new();
    let (kv, file) = (MemoryStore::new(), Faulty::new(MemoryFile::new(), &whole));
    let mut theirs = Store::open(Box::new(kv.share())).unwrap();
    let mut writer = Feed::create_live(&mut theirs, pair(), attached(file.share())).unwrap();
    commit(&mut theirs, &mut writer, Durability::Power);
    for number in 0..BLOCKS {
        append(&mut theirs, &mut writer, number, Durability::Power);
    }
    let mut put = |store: &mut Store, copy: &mut Feed, number: u64| {
        let digest = copy.digest(index(number));
        let proof = writer
            .proof(&mut theirs, index(number), digest)
            .unwrap()
            .unwrap();
        let put = Put::new(index(number), block(number), proof.nodes, proof.signature);
        copy.stage_put(store, put).map(drop)
    };

    let (kv, file) = (MemoryStore::new(), Faulty::new(MemoryFile::new(), &whole));
    let mut store = Store::open(Box::new(kv.share())).unwrap();
    let mut copy = Feed::create_clone(&mut store, pair().key(), attached(file.share())).unwrap();
    commit(&mut store, &mut copy, Durability::Power);
    for number in 0..BLOCKS {
        put(&mut store, &mut copy, number).unwrap();
        commit(&mut store, &mut copy, Durability::Process);
    }
    let (slot, file) = (copy.slot(), file.crash(Loss::Power));
    let mut store = Store::open(Box::new(kv.share())).unwrap();
    let mut copy = Feed::open(&mut store, slot, None, attached(file.share())).unwrap();
    let lost = copy.lost_blocks(&mut store).unwrap();
    assert_eq!(lost, (0..BLOCKS).map(index).collect::<Vec<_>>());
    let found = findings(&mut store, &mut copy);
    copy.stage_repair(&mut store, &found, OnlyCopy::Keep)
        .unwrap();
    commit(&mut store, &mut copy, Durability::Power);
    assert_eq!(copy.held_blocks(), 0);
    for number in 0..BLOCKS {
        put(&mut store, &mut copy, number).unwrap();
        commit(&mut store, &mut copy, Durability::Power);
    }
    assert!(copy.is_complete());
    assert_eq!(findings(&mut store, &mut copy), []);
}
