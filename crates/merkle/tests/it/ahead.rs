//! Requests that count on answers still on their way.

use crate::holder::{Answer, Holder, leaf};
use crate::recursive::{Tree, block_data};
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::Digest;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A writer of a feed of this length, and a copy that has this block.
fn writer_and_copy(length: u64, first: u64) -> (Holder, Holder) {
    let mut tree = Tree::default();
    for block in 0..length {
        tree.push(block_data(block));
    }
    let (writer, mut copy) = (Holder::writer(&tree, length), Holder::default());
    let answer = writer.answer(first, copy.digest(first)).unwrap();
    copy.put(&answer).unwrap();
    (writer, copy)
}

/// Asks for blocks in this order before any answer arrives.
fn ask(writer: &Holder, copy: &Holder, blocks: &[u64]) -> Vec<Answer> {
    let mut arriving = BTreeSet::new();
    let mut answers = Vec::new();
    for block in blocks {
        let digest = copy.index.digest_ahead(
            leaf(*block),
            copy.index.allocated_bits(),
            |_| true,
            |node| arriving.range(node.blocks()).next().is_some(),
        );
        arriving.insert(*block);
        answers.push(writer.answer(*block, digest).unwrap());
    }
    answers
}

#[test]
fn neighbours_asked_for_together_bring_each_node_once() {
    let (writer, mut copy) = writer_and_copy(64, 0);
    let before = copy.nodes.len();
    let answers = ask(&writer, &copy, &(1..64).collect::<Vec<_>>());
    let sent: usize = answers.iter().map(|answer| answer.nodes.len()).sum();
    for answer in &answers {
        copy.put(answer).unwrap();
    }
    // 127 nodes make the tree. Those sent and those there before have the other half as parents.
    assert_eq!(copy.nodes.len(), 127);
    assert!(before + sent <= 64 + 7, "{sent} nodes were sent");
    let once: BTreeSet<_> = answers
        .iter()
        .flat_map(|answer| answer.nodes.iter().map(|node| node.index))
        .collect();
    assert_eq!(once.len(), sent);
}

#[test]
fn a_copy_of_nothing_claims_nothing_ahead() {
    let copy = Holder::default();
    let digest = copy
        .index
        .digest_ahead(leaf(5), copy.index.allocated_bits(), |_| true, |_| true);
    assert_eq!(digest, copy.digest(5));
}

/// What is claimed ahead, worked out from what is held: all the way up to the lowest node that is held, whatever comes.
fn claimed(copy: &Holder, block: u64, bits: u64, arriving: &BTreeSet<u64>) -> Digest {
    let held = copy.index.digest(leaf(block), bits);
    if held == Digest::ALL || held.get() & 1 == 0 {
        return held;
    }
    let mut top = leaf(block);
    for level in 0..held.get().ilog2() - 1 {
        if arriving.range(top.sibling().blocks()).next().is_some() {
            let claimed = held.get() & ((2 << level) - 2) | 1 | 2 << level;
            let is_all = (claimed + 1).is_power_of_two();
            return if is_all {
                Digest::ALL
            } else {
                Digest::new(claimed)
            };
        }
        top = top.parent();
    }
    held
}

proptest! {
    #[test]
    fn what_is_claimed_ahead_is_the_lowest_node_that_arrives_below_the_lowest_that_is_held(
        length in 1_u64..300,
        block in 0_u64..600,
        bits in 5_u32..11,
        held in proptest::collection::vec(any::<u64>(), 1..9),
        arriving in proptest::collection::btree_set(0_u64..600, 0..9),
    ) {
        let (writer, mut copy) = writer_and_copy(length, held[0] % length);
        for block in held.iter().map(|block| block % length) {
            let answer = writer.answer(block, copy.digest(block)).unwrap();
            copy.put(&answer).unwrap();
        }
        for bits in [1 << bits, copy.index.allocated_bits()] {
            let comes = |node: NodeIndex| arriving.range(node.blocks()).next().is_some();
            prop_assert_eq!(
                copy.index.digest_ahead(leaf(block), bits, |_| true, comes),
                claimed(&copy, block, bits, &arriving)
            );
        }
    }

    #[test]
    fn answers_that_arrive_in_order_all_verify(
        length in 1_u64..70,
        order in proptest::collection::vec(any::<u64>(), 0..70),
        held in proptest::collection::vec(any::<u64>(), 1..20),
    ) {
        let (writer, mut copy) = writer_and_copy(length, held[0] % length);
        for block in held.iter().map(|block| block % length) {
            let answer = writer.answer(block, copy.digest(block)).unwrap();
            copy.put(&answer).unwrap();
        }
        let mut asked = BTreeSet::new();
        let missing: Vec<u64> = order
            .iter()
            .map(|block| block % length)
            .filter(|block| !copy.blocks.contains_key(block) && asked.insert(*block))
            .collect();
        let answers = ask(&writer, &copy, &missing);
        for answer in &answers {
            prop_assert_eq!(copy.put(answer), Ok(()));
        }
        let sent: Vec<_> = answers.iter().flat_map(|answer| answer.nodes.iter()).collect();
        let once: BTreeSet<_> = sent.iter().map(|node| node.index).collect();
        prop_assert_eq!(once.len(), sent.len(), "a node was sent twice");
    }

    #[test]
    fn what_an_answer_that_is_lost_leaves_unproven_can_be_asked_for_again(
        length in 2_u64..70,
        order in proptest::collection::vec(any::<u64>(), 1..70),
        lost in any::<prop::sample::Index>(),
    ) {
        let (writer, mut copy) = writer_and_copy(length, 0);
        let mut asked = BTreeSet::from([0]);
        let missing: Vec<u64> =
            order.iter().map(|block| block % length).filter(|block| asked.insert(*block)).collect();
        let answers = ask(&writer, &copy, &missing);
        for (number, answer) in answers.iter().enumerate() {
            if number != lost.index(order.len()) && copy.put(answer).is_err() {
                let again = writer.answer(answer.block, copy.digest(answer.block)).unwrap();
                prop_assert_eq!(copy.put(&again), Ok(()));
            }
        }
    }
}
