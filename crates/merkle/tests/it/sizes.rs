//! Sizes that nothing vouches for: reported, kept apart, and put right.

use crate::holder::{Holder, Refusal};
use crate::node_index;
use crate::recursive::Tree;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Digest, VerifyPlan};

/// A clone of five blocks that was lied to about the size of the first four.
fn deceived(tree: &Tree) -> Holder {
    let mut answer = Holder::writer(tree, 5).answer(4, Digest::NONE).unwrap();
    assert_eq!(answer.nodes[0].index, node_index(3));
    answer.nodes[0].size += 1000;
    let mut clone = Holder::default();
    clone.put(&answer).unwrap();
    let (node, is_proven) = clone.nodes[&node_index(3)];
    assert!(!is_proven && node.size >= 1000);
    clone
}

#[test]
fn a_block_beneath_puts_a_wrong_size_right() {
    let tree = Tree::of(8);
    let mut clone = deceived(&tree);
    let digest = clone.digest(1);
    clone
        .put(&Holder::writer(&tree, 5).answer(1, digest).unwrap())
        .unwrap();
    assert_eq!(
        clone.nodes[&node_index(3)],
        (tree.nodes[&node_index(3)], true)
    );
}

#[test]
fn a_wrong_size_makes_a_parent_fail_and_the_plan_tells_whose_fault_that_may_be() {
    let tree = Tree::of(8);
    let mut clone = deceived(&tree);
    let answer = Holder::writer(&tree, 8).answer(5, clone.digest(5)).unwrap();
    assert_eq!(clone.put(&answer), Err(Refusal::Signature));

    let proof: Vec<NodeIndex> = answer.nodes.iter().map(|node| node.index).collect();
    let block = BlockIndex::new(5).unwrap();
    let plan = VerifyPlan::new(|node| clone.index.get(node), block, &proof).unwrap();
    assert!(plan.sized_reads().contains(&node_index(3)));
}

#[test]
fn who_does_not_claim_unproven_siblings_gets_them_again() {
    let tree = Tree::of(8);
    let mut clone = deceived(&tree);
    let answer = Holder::writer(&tree, 8)
        .answer(5, clone.careful_digest(5))
        .unwrap();
    assert!(answer.nodes.iter().any(|node| node.index == node_index(3)));
    assert_eq!(clone.put(&answer), Ok(()));
    assert_eq!(
        clone.nodes[&node_index(3)],
        (tree.nodes[&node_index(3)], true)
    );
}

#[test]
fn siblings_that_are_only_compared_do_not_count_as_sized() {
    let known = [3, 8].map(node_index);
    let block = BlockIndex::new(5).unwrap();
    let held = |node| known.contains(&node);
    let plan = VerifyPlan::new(held, block, &[8, 13, 3].map(node_index)).unwrap();
    assert_eq!(plan.reads(), [8, 3].map(node_index));
    assert_eq!(plan.sized_reads(), []);
    let plan = VerifyPlan::new(held, block, &[8, 13].map(node_index)).unwrap();
    assert_eq!(plan.sized_reads(), [8, 3].map(node_index));
    let plan = VerifyPlan::new(held, block, &[13, 3].map(node_index)).unwrap();
    assert_eq!(plan.sized_reads(), [8].map(node_index));
    // The root 7 of another length is hashed without its size.
    let plan = VerifyPlan::new(
        |node| node == node_index(7),
        BlockIndex::new(8).unwrap(),
        &[],
    )
    .unwrap();
    assert_eq!(
        (plan.reads(), plan.sized_reads()),
        ([node_index(7)].as_slice(), [].as_slice())
    );
}
