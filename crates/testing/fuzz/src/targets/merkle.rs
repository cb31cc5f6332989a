//! Verification of proofs, without a feed around it.

use super::fixture::Written;
use crate::input::Input;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};
use hyperfeed_merkle::{Anchor, Node, TreeHash, VerifyPlan};
use hyperfeed_v2_crypto::Sha256Tree;
use hyperfeed_v2_feed::leaf_hash;

/// Whatever the nodes are: if what vouches for a proof is good, its leaf and all its nodes are the tree's.
pub(crate) fn verify(data: &[u8]) {
    let mut input = Input::new(data);
    let tree = Written::one(input.below(3));
    let mask = input.number();
    let held = |node: NodeIndex| {
        let bit = (node.get() * 7 + node.get() / 64) % 64;
        tree.nodes.contains_key(&node) && mask >> bit & 1 == 1
    };
    let block = u64::from(input.byte()) % (tree.blocks.len() as u64 + 2);
    let block = BlockIndex::new(block).expect("a small number");
    // A leaf is made of the data: its hash covers its size.
    let data = match (input.byte() % 4, tree.blocks.get(block.get() as usize)) {
        (1.., Some(truth)) => truth.to_vec(),
        _ => input.string().to_vec(),
    };
    let leaf = Node {
        index: NodeIndex::leaf(block),
        size: data.len() as u64,
        hash: leaf_hash(&data),
    };
    let proof = proof(&mut input, tree, block);
    let indices: Vec<NodeIndex> = proof.iter().map(|node| node.index).collect();
    let Ok(plan) = VerifyPlan::new(held, block, &indices) else {
        return;
    };
    assert!(plan.reads().iter().all(|node| held(*node)));
    assert!(plan.sized_reads().len() <= plan.reads().len());
    let stored: Vec<Node> = plan.reads().iter().map(|node| tree.nodes[node]).collect();
    let Ok(verified) = plan.run::<Sha256Tree>(leaf, &proof, &stored) else {
        return;
    };
    let is_good = match &verified.anchor {
        Anchor::Held => true,
        Anchor::Roots {
            length,
            hash,
            roots,
            unread,
        } => {
            assert!(*unread <= proof.len());
            assert_eq!(roots.len(), full_roots(*length).len());
            let truth: Option<Vec<Node>> = full_roots(*length)
                .map(|root| tree.nodes.get(&root).copied())
                .collect();
            truth.is_some_and(|roots| Sha256Tree::roots(&roots) == *hash)
        }
    };
    if is_good {
        for node in &verified.nodes {
            assert_eq!(tree.hash(node.index), Some(node.hash), "{node:?}");
        }
        for node in verified.proven_nodes() {
            assert_eq!(tree.nodes.get(&node.index), Some(node));
        }
    }
}

/// The nodes that a writer would send, some of them changed, missing, double, or in another place.
fn proof(input: &mut Input<'_>, tree: &Written, block: BlockIndex) -> Vec<Node> {
    let true_proof = tree.proofs.get(block.get() as usize);
    let late = input.byte() & 1;
    let mut nodes =
        true_proof.map_or_else(Vec::new, |proofs| proofs[usize::from(late)].nodes.clone());
    for _ in 0..input.below(6) {
        let at = input.below(nodes.len() + 1);
        match input.byte() % 5 {
            0 if at < nodes.len() => drop(nodes.remove(at)),
            1 if at < nodes.len() => nodes.insert(at, nodes[at]),
            2 if at < nodes.len() => nodes[at] = spoilt(input, nodes[at]),
            3 if nodes.len() > 1 => {
                let last = nodes.len() - 1;
                nodes.swap(at % last, last);
            }
            _ => {
                let index = NodeIndex::new(input.size()).unwrap_or(NodeIndex::MAX);
                let known = tree.nodes.get(&index).copied();
                nodes.insert(
                    at,
                    known.unwrap_or_else(|| Node {
                        index,
                        size: 1,
                        hash: [1; 32].into(),
                    }),
                );
            }
        }
    }
    nodes
}

pub(crate) fn spoilt(input: &mut Input<'_>, mut node: Node) -> Node {
    match input.byte() % 8 {
        0 => node.size = input.size(),
        1 => node.size = node.size.wrapping_add(1),
        2 => node.hash = [input.byte(); 32].into(),
        3 => {
            let draw = input.size();
            node.index = NodeIndex::new(node.index.get() ^ draw).unwrap_or(NodeIndex::MAX);
        }
        _ => {}
    }
    node
}
