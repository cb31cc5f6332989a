//! Sizes that no hash covers never place a byte.

use crate::place::{Place, Where, index, pair};
use bytes::Bytes;
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::{Node, TreeHash, VerifyError};
use hyperfeed_storage::{Durability, FaultPlan, Faulty, Loss, MemoryFile, MemoryStore};
use hyperfeed_v2_crypto::Sha256Tree;
use hyperfeed_v2_feed::{Accepted, Blocks, Feed, FeedError, Put, Slot, Store, leaf_hash};
use proptest::prelude::*;

fn blocks(count: u8) -> Vec<Vec<u8>> {
    (0..count)
        .map(|block| vec![block; block as usize % 5 + 1])
        .collect()
}

/// A put of block 4 at length 5 whose other root has a forged size.
fn forged(writer: &mut Place, copy: &Feed, size: u64) -> Put {
    let mut put = writer.answer(copy, 4);
    assert_eq!(put.nodes.len(), 1);
    put.nodes[0].size = size;
    put
}

#[test]
fn a_block_waits_until_its_offset_is_proven() {
    for size in [0, 1000, 15, 1 << 52] {
        let mut writer = Place::live(Where::Attached);
        writer.append(&blocks(5));
        let mut copy = Place::copy(pair().key(), Where::Attached);
        let put = forged(&mut writer, &copy.feed, size);
        assert_eq!(copy.put(put).unwrap(), Accepted::New);
        assert_eq!((copy.feed.waiting_blocks(), copy.bytes().len()), (1, 0));
        copy.reopen();
        assert_eq!(copy.read(4), writer.read(4));
        // One honest block under the forged root tells its true size.
        let put = writer.answer(&copy.feed, 1);
        assert_eq!(copy.put(put).unwrap(), Accepted::New);
        assert_eq!(copy.feed.waiting_blocks(), 0);
        assert_eq!(copy.feed.byte_length(), writer.feed.byte_length());
        for block in [0, 2, 3] {
            let put = writer.answer(&copy.feed, block);
            copy.put(put).unwrap();
        }
        copy.reopen();
        assert_eq!(copy.bytes(), blocks(5).concat());
        assert_eq!(copy.read(4), writer.read(4));
    }
}

#[test]
fn a_forged_size_spoils_one_proof_and_is_not_claimed_again() {
    let mut writer = Place::live(Where::Attached);
    writer.append(&blocks(5));
    let mut copy = Place::copy(pair().key(), Where::Attached);
    let put = forged(&mut writer, &copy.feed, 1000);
    copy.put(put).unwrap();
    writer.append(&blocks(3));
    let put = writer.answer(&copy.feed, 5);
    assert!(matches!(copy.put(put), Err(FeedError::Unproven)));
    let put = writer.answer(&copy.feed, 5);
    assert_eq!(copy.put(put).unwrap(), Accepted::New);
    assert_eq!(copy.feed.waiting_blocks(), 0);
    for block in [7, 6, 3, 2, 1, 0] {
        let put = writer.answer(&copy.feed, block);
        assert_eq!(copy.put(put).unwrap(), Accepted::New);
    }
    assert_eq!(copy.bytes(), writer.bytes());
}

#[test]
fn a_liar_is_blamed_once_the_forged_size_is_known() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(5));
    let mut copy = Place::copy(pair().key(), Where::InStore);
    let put = forged(&mut writer, &copy.feed, 1000);
    copy.put(put).unwrap();
    writer.append(&blocks(3));
    for expected_unproven in [true, false] {
        let mut put = writer.answer(&copy.feed, 5);
        put = Put::new(
            put.block,
            Bytes::from_static(b"lie"),
            put.nodes,
            put.signature,
        );
        let error = copy.put(put).unwrap_err();
        assert_eq!(
            matches!(error, FeedError::Unproven),
            expected_unproven,
            "{error:?}"
        );
    }
}

#[test]
fn a_root_that_is_proven_keeps_its_size() {
    let mut writer = Place::live(Where::Attached);
    writer.append(&blocks(5));
    let mut copy = Place::copy(pair().key(), Where::Attached);
    let put = writer.answer(&copy.feed, 0);
    copy.put(put).unwrap();
    let before = copy.feed.byte_length();
    // The asker claimed root 3, but a liar sends it all the same.
    let mut put = writer.answer(&Place::copy(pair().key(), Where::InStore).feed, 4);
    put.nodes[0].size = 7;
    copy.put(put).ok();
    assert_eq!(copy.feed.byte_length(), before);
    let node = copy
        .feed
        .node(&mut copy.store, NodeIndex::new(3).unwrap())
        .unwrap();
    assert_eq!(node.unwrap().size, 15 - 5);
}

/// A writer can sign parents whose sums are wrong. Then no file can be right, and the block is refused.
#[test]
fn a_writer_that_signs_wrong_sums_is_refused() {
    let pair = pair();
    let node = |index, size, data: &[u8]| Node {
        index: NodeIndex::new(index).unwrap(),
        size,
        hash: leaf_hash(data),
    };
    let (left, right) = (node(0, 3, b"abc"), node(2, 100, b"hello"));
    let root = Node {
        index: NodeIndex::new(1).unwrap(),
        size: 103,
        hash: Sha256Tree::parent(&left, &right),
    };
    let signature = pair.sign(&Sha256Tree::roots(&[root]));
    let mut copy = Place::copy(pair.key(), Where::Attached);
    let put = Put::new(
        index(0),
        Bytes::from_static(b"abc"),
        vec![right],
        Some(signature),
    );
    assert_eq!(copy.put(put).unwrap(), Accepted::New);
    let put = Put::new(index(1), Bytes::from_static(b"hello"), Vec::new(), None);
    let refused = copy.put(put);
    assert!(matches!(
        refused,
        Err(FeedError::Verify(VerifyError::ChecksumMismatch { .. }))
    ));
    assert_eq!(copy.bytes(), b"abc");
}

/// A waiting block that is safe from a power loss must not become less so by moving to its place.
#[test]
fn a_moved_block_stays_as_durable_as_it_was() {
    for seed in 0..64 {
        let mut writer = Place::live(Where::Attached);
        writer.append(&blocks(5));
        let plan = FaultPlan::seeded(seed);
        let kv = Faulty::new(MemoryStore::new(), &plan);
        let file = Faulty::new(MemoryFile::new(), &plan);
        let mut store = Store::open(Box::new(kv.share())).unwrap();
        let attached = Blocks::Attached(Box::new(file.share()));
        let mut copy = Feed::create_clone(&mut store, pair().key(), attached).unwrap();
        for (block, class) in [(4, Durability::Power), (0, Durability::Process)] {
            let put = writer.answer(&copy, block);
            copy.stage_put(&mut store, put).unwrap();
            copy.seal(&mut store, class).unwrap();
            store.commit(class).unwrap();
            copy.committed();
        }
        assert_eq!(copy.waiting_blocks(), 0);
        let mut store = Store::open(Box::new(kv.crash(Loss::Power))).unwrap();
        let attached = Blocks::Attached(Box::new(file.crash(Loss::Power)));
        let mut copy = Feed::open(&mut store, Slot::new(0), None, attached).unwrap();
        let found = copy.block(&mut store, index(4)).unwrap().unwrap();
        assert!(found.is_intact(), "seed {seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Liars give any size to whatever nodes they send; whoever also hears the truth ends with the truth.
    #[test]
    fn lies_about_sizes_never_misplace_a_block(
        lengths in prop::collection::vec(1..9u8, 1..5),
        asks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), 0..4096u64), 1..40),
    ) {
        let mut writer = Place::live(Where::Attached);
        let mut plain = Vec::new();
        let mut copy = Place::copy(pair().key(), Where::Attached);
        let mut asks = asks.into_iter();
        for length in lengths {
            writer.append(&blocks(length));
            plain.extend(blocks(length).concat());
            for (pick, lies, size) in asks.by_ref().take(10) {
                let block = pick.index(writer.feed.length() as usize) as u64;
                let mut put = writer.answer(&copy.feed, block);
                for node in put.nodes.iter_mut().filter(|_| lies) {
                    node.size = size;
                }
                copy.put(put).ok();
                copy.feed.held().runs(0..u64::MAX).flatten().for_each(drop);
            }
        }
        copy.reopen();
        for block in 0..writer.feed.length() {
            // What was spoilt by a lie is asked for again.
            for _ in 0..8 {
                if copy.feed.has(index(block)) {
                    break;
                }
                let put = writer.answer(&copy.feed, block);
                copy.put(put).ok();
            }
            prop_assert_eq!(copy.read(block), writer.read(block));
        }
        prop_assert_eq!(copy.feed.waiting_blocks(), 0);
        prop_assert_eq!(copy.bytes(), plain);
    }
}
