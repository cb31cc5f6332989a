//! What a plan refuses, and what it asks for.

use crate::node_index;
use crate::recursive::Tree;
use crate::sha256_tree::Sha256Tree;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Anchor, MAX_SIZE, Node, VerifyError, VerifyPlan};
use hyperfeed_types::Hash;

fn plan(held: &[u64], block: u64, proof: &[u64]) -> Result<VerifyPlan, VerifyError> {
    let proof: Vec<NodeIndex> = proof.iter().copied().map(node_index).collect();
    VerifyPlan::new(
        |node| held.contains(&node.get()),
        BlockIndex::new(block).unwrap(),
        &proof,
    )
}

fn reads(held: &[u64], block: u64, proof: &[u64]) -> Vec<u64> {
    plan(held, block, proof)
        .unwrap()
        .reads()
        .iter()
        .map(|node| node.get())
        .collect()
}

fn missing(node: u64) -> VerifyError {
    VerifyError::MissingNode {
        node: node_index(node),
    }
}

#[test]
fn plans_read_what_they_need_in_order() {
    assert!(reads(&[], 0, &[2, 5]).is_empty());
    assert_eq!(reads(&[0], 0, &[]), [0]);
    assert_eq!(reads(&[1], 0, &[2]), [1]);
    assert_eq!(reads(&[2, 5, 7], 0, &[11]), [2, 5, 7]);
    assert_eq!(reads(&[3, 9, 12], 7, &[]), [12, 9, 3]);
    assert_eq!(reads(&[3, 8], 7, &[12, 9]), [3]);
    assert_eq!(reads(&[7, 19], 12, &[]), [7, 19]); // Roots 7, 19 and 24.
}

#[test]
fn what_no_node_can_make_good_is_refused_by_the_plan() {
    assert_eq!(plan(&[], 4, &[]), Err(missing(3)));
    assert_eq!(plan(&[], 0, &[2, 100]), Err(missing(31)));
    assert_eq!(plan(&[], 0, &[11]), Err(missing(7)));
    let unbound = |block| {
        Err(VerifyError::Unbound {
            block: BlockIndex::new(block).unwrap(),
        })
    };
    assert_eq!(plan(&[], 3, &[7]), unbound(3));
    assert_eq!(plan(&[1, 3], 1, &[1]), unbound(1));
    let far = NodeIndex::MAX;
    assert_eq!(
        plan(&[], 0, &[far.get()]),
        Err(VerifyError::TooFar { node: far })
    );
    assert_eq!(
        plan(&[], BlockIndex::MAX.get(), &[]),
        Err(missing((1 << 52) - 1))
    );
    let apex = [NodeIndex::APEX; 100];
    assert!(VerifyPlan::new(|_| false, BlockIndex::MAX, &apex).is_err());
    assert!(VerifyPlan::new(|_| true, BlockIndex::MAX, &apex).is_ok());
    // Someone who claims to hold nodes past all trees.
    let beside = |node: NodeIndex| !node.contains(NodeIndex::leaf(BlockIndex::ZERO));
    assert!(VerifyPlan::new(beside, BlockIndex::ZERO, &apex).is_err());
}

#[test]
fn nodes_that_were_not_planned_for_are_missing() {
    let tree = Tree::of(3);
    let [leaf, sibling, root] = [0, 2, 4].map(|index| tree.nodes[&node_index(index)]);
    let run = |leaf, proof: &[Node], stored: &[Node]| {
        plan(&[4], 0, &[2])
            .unwrap()
            .run::<Sha256Tree>(leaf, proof, stored)
    };
    // Roots of two blocks: 4 is not read.
    assert!(run(leaf, &[sibling], &[]).is_ok());
    assert_eq!(run(sibling, &[sibling], &[]), Err(missing(0)));
    assert_eq!(run(leaf, &[], &[]), Err(missing(2)));
    assert_eq!(run(leaf, &[root], &[]), Err(missing(2)));
    let held = plan(&[0], 0, &[]).unwrap();
    assert_eq!(held.run::<Sha256Tree>(root, &[], &[root]), Err(missing(0)));
    let held = plan(&[1], 0, &[2]).unwrap();
    assert_eq!(
        held.run::<Sha256Tree>(leaf, &[sibling], &[]),
        Err(missing(1))
    );
}

#[test]
fn sizes_that_no_double_can_tell_are_refused() {
    let node = |index, size| Node {
        index: node_index(index),
        size,
        hash: Hash::new([0; 32]),
    };
    let overflow = |index| VerifyError::SizeOverflow {
        node: node_index(index),
    };
    let path = plan(&[], 0, &[2]).unwrap();
    let run = |size| {
        path.run::<Sha256Tree>(node(0, 1), &[node(2, size)], &[])
            .map(|_| ())
    };
    assert_eq!(run(MAX_SIZE - 1), Ok(()));
    assert_eq!(run(MAX_SIZE), Err(overflow(1)));
    assert_eq!(run(u64::MAX), Err(overflow(1)));
    let roots = plan(&[], 2, &[1]).unwrap();
    let run = |size| {
        roots
            .run::<Sha256Tree>(node(4, 1), &[node(1, size)], &[])
            .map(|_| ())
    };
    assert_eq!(run(MAX_SIZE), Ok(()));
    assert_eq!(run(MAX_SIZE + 1), Err(overflow(1)));
}

#[test]
fn nodes_left_over_are_counted_at_roots_and_ignored_at_a_held_node() {
    let tree = Tree::of(5);
    let node = |index| tree.nodes[&node_index(index)];
    let plan = plan(&[], 4, &[3, 1, 5]).unwrap();
    let verified = plan
        .run::<Sha256Tree>(node(8), &[node(3), node(1), node(5)], &[])
        .unwrap();
    let Anchor::Roots {
        length,
        hash,
        roots,
        unread,
    } = verified.anchor.clone()
    else {
        panic!("no roots");
    };
    assert_eq!((length, hash, unread), (5, tree.roots_hash(5), 2));
    assert_eq!(roots, tree.roots(5));
    assert_eq!(
        (verified.proven_nodes(), verified.unproven_nodes()),
        ([node(8)].as_slice(), [node(3)].as_slice())
    );

    let plan = self::plan(&[8], 4, &[3, 1]).unwrap();
    let verified = plan
        .run::<Sha256Tree>(node(8), &[node(3), node(1)], &[node(8)])
        .unwrap();
    assert_eq!(
        (verified.anchor, verified.nodes),
        (Anchor::Held, vec![node(8)])
    );
}
