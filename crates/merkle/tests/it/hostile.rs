//! Proofs that were tampered with: refused, or harmless.

use crate::exchange::{CLONES, World, any_step};
use crate::holder::{Answer, Holder, Refusal};
use crate::node_index;
use crate::recursive::Tree;
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::{Digest, MAX_SIZE, Node, VerifyError};
use hyperfeed_types::Hash;
use proptest::prelude::*;

/// A way to tamper, and three numbers for where and with what.
type Tampering = (u8, u64, u64, u64);

fn tamper(answer: &mut Answer, tree: &Tree, (way, at, to, with): Tampering) {
    let count = answer.nodes.len() as u64;
    let place = |at: u64, count: u64| (at % count.max(1)) as usize;
    let known: Vec<Node> = tree.nodes.values().copied().collect();
    let known = known[place(with, known.len() as u64)];
    let garbage = Node {
        index: node_index(with % 200),
        size: to % 50,
        hash: Hash::new([7; 32]),
    };
    match way {
        0 => answer.data.push(with as u8),
        1 => answer.data = tree.blocks[place(with, tree.length())].clone(),
        2 => answer.block = with % (tree.length() * 2),
        3 => answer.signature = Some(tree.roots_hash(1 + with % tree.length())),
        4 => answer.signature = None,
        5 => answer.nodes.insert(place(at, count + 1), known),
        6 => answer.nodes.insert(place(at, count + 1), garbage),
        7 => {
            let length = 1 + with % tree.length();
            answer.nodes = tree.roots(length);
            answer.signature = Some(tree.roots_hash(length));
        }
        _ if count == 0 => {}
        8 => drop(answer.nodes.remove(place(at, count))),
        9 => answer.nodes.swap(place(at, count), place(to, count)),
        10 => answer.nodes.push(answer.nodes[place(at, count)]),
        11 => {
            let node = &mut answer.nodes[place(at, count)];
            node.index = [
                node.index.sibling(),
                node.index.parent(),
                known.index,
                NodeIndex::MAX,
            ][place(to, 4)];
        }
        12 => {
            let node = &mut answer.nodes[place(at, count)];
            node.size = [
                node.size.wrapping_add(1),
                node.size.wrapping_sub(1),
                u64::MAX,
                MAX_SIZE,
            ][place(to, 4)];
        }
        _ => {
            let node = &mut answer.nodes[place(at, count)];
            let mut hash = *node.hash.as_bytes();
            hash[place(with, 32)] ^= 1 << (to % 8);
            node.hash = Hash::new(hash);
        }
    }
}

fn assert_true(holder: &Holder, tree: &Tree) {
    for (block, data) in &holder.blocks {
        assert_eq!(*data, tree.blocks[*block as usize], "block {block}");
    }
    for (index, (node, is_proven)) in &holder.nodes {
        let truth = &tree.nodes[index];
        assert_eq!(node.hash, truth.hash, "node {index}");
        assert!(
            !is_proven || node.size == truth.size,
            "node {index} has a wrong size for proven"
        );
    }
    holder.assert_consistent();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_tampered_proof_is_refused_or_harmless(
        first in 1_u64..20,
        steps in prop::collection::vec(any_step(), 0..30),
        ask in (0..CLONES, any::<u64>(), prop::option::of(any::<u8>())),
        tampering in prop::collection::vec((0_u8..14, any::<u64>(), any::<u64>(), any::<u64>()), 1..4),
    ) {
        let mut world = World::after(first, &steps);
        let (who, block, digest) = ask;
        let block = block % world.tree.length();
        let digest = digest.map_or_else(|| world.holders[who].digest(block), |bits| Digest::new(bits.into()));
        let mut answer = world.holders[CLONES].answer(block, digest).unwrap();
        for tampering in tampering {
            tamper(&mut answer, &world.tree, tampering);
        }
        let holder = &mut world.holders[who];
        let before = (holder.index.clone(), holder.nodes.clone());
        if holder.put(&answer).is_err() {
            prop_assert!(before == (holder.index.clone(), holder.nodes.clone()));
        }
        assert_true(holder, &world.tree);
    }
}

#[test]
fn every_bit_of_a_proof_counts_but_the_sizes_of_roots() {
    let tree = Tree::of(11);
    let answer = Holder::writer(&tree, 11).answer(2, Digest::NONE).unwrap();
    let path = 3; // 6, 1, 11; then the roots 17 and 20
    assert_eq!(answer.nodes.len(), path + 2);
    for at in 0..answer.nodes.len() {
        for bit in 0..256 {
            let mut changed = answer.clone();
            let mut hash = *changed.nodes[at].hash.as_bytes();
            hash[bit / 8] ^= 1 << (bit % 8);
            changed.nodes[at].hash = Hash::new(hash);
            assert_eq!(Holder::default().put(&changed), Err(Refusal::Signature));
        }
        for bit in 0..50 {
            let mut changed = answer.clone();
            changed.nodes[at].size ^= 1 << bit;
            let expected = if at < path {
                Err(Refusal::Signature)
            } else {
                Ok(())
            };
            let mut holder = Holder::default();
            assert_eq!(holder.put(&changed), expected, "node {at} bit {bit}");
            assert!(
                at < path || holder.nodes[&changed.nodes[at].index] == (changed.nodes[at], false)
            );
        }
    }
}

/// Upstream accepts this: it checks that the roots are signed, not that the block is under them.
#[test]
fn roots_of_a_signed_length_vouch_for_no_other_data() {
    let tree = Tree::of(8);
    let forged = Answer {
        block: 3,
        data: b"forged".to_vec(),
        nodes: tree.roots(8),
        signature: Some(tree.roots_hash(8)),
    };
    let unbound = VerifyError::Unbound {
        block: hyperfeed_flat_tree::BlockIndex::new(3).unwrap(),
    };
    assert_eq!(
        Holder::default().put(&forged),
        Err(Refusal::Verify(unbound))
    );
    // Nor do roots that are held.
    let mut holder = Holder::default();
    let honest = Holder::writer(&tree, 8).answer(0, Digest::NONE).unwrap();
    holder.put(&honest).unwrap();
    assert_ne!(holder.put(&forged), Ok(()));
    assert_ne!(
        holder.put(&Answer {
            nodes: vec![],
            ..forged
        }),
        Ok(())
    );
}

/// Upstream replaces nodes by those of a proof, and then cannot prove what it had.
#[test]
fn another_history_does_not_replace_nodes_that_are_held() {
    let (ours, mut other) = (Tree::of(4), Tree::default());
    for block in 0..8_u8 {
        other.push(vec![block, 0]);
    }
    let mut holder = Holder::default();
    for block in 0..4 {
        let digest = holder.digest(block);
        holder
            .put(&Holder::writer(&ours, 4).answer(block, digest).unwrap())
            .unwrap();
    }
    let fork = Holder::writer(&other, 8).answer(4, Digest::NONE).unwrap();
    let mismatch = VerifyError::ChecksumMismatch {
        node: node_index(3),
    };
    assert_eq!(holder.put(&fork), Err(Refusal::Verify(mismatch)));
    let roots = Holder::writer(&other, 5).answer(4, Digest::NONE).unwrap();
    assert_eq!(holder.put(&roots), Err(Refusal::Verify(mismatch)));
}
