//! Proofs, planned and verified.

use crate::mix;
use crate::plain_hash::PlainHash;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Digest, Node, TreeHash, TreeIndex, VerifyPlan};
use std::collections::BTreeMap;

const BLOCKS: u64 = 1 << 20;

/// Of a feed of a million blocks: the digest of a reader that has some, and the nodes that it is sent.
pub(crate) fn plan(rounds: u64) -> u64 {
    let mut writer = TreeIndex::new();
    writer.set_contiguous(BLOCKS);
    let mut reader = TreeIndex::new();
    for number in 0..1_000 {
        for node in proof_nodes(&writer, mix(number) % BLOCKS, Digest::NONE) {
            reader.insert(node);
        }
    }
    let allocated = reader.allocated_bits();
    let mut sum = 0_u64;
    for round in 0..rounds {
        let block = mix(round ^ 0xff) % BLOCKS;
        let Some(leaf) = BlockIndex::new(block).map(NodeIndex::leaf) else {
            continue;
        };
        let digest = reader.digest(leaf, allocated);
        for node in proof_nodes(&writer, block, digest) {
            sum = sum.wrapping_add(node.get());
        }
    }
    sum
}

/// Blocks of a feed of 256, by a reader that has nothing but the first root.
pub(crate) fn verify(rounds: u64) -> u64 {
    let (writer, nodes) = tree(256);
    let Some(root) = writer.roots().next() else {
        return 0;
    };
    let mut sum = 0_u64;
    for round in 0..rounds {
        let Some(block) = BlockIndex::new(mix(round) % 256) else {
            continue;
        };
        let leaf = NodeIndex::leaf(block);
        let proof: Vec<NodeIndex> = proof_nodes(&writer, block.get(), Digest::NONE)
            .into_iter()
            .filter(|node| *node != leaf)
            .collect();
        let of = |wanted: &[NodeIndex]| -> Vec<Node> {
            wanted
                .iter()
                .filter_map(|node| nodes.get(node).copied())
                .collect()
        };
        let verified = VerifyPlan::new(|node| node == root, block, &proof).and_then(|plan| {
            let leaf = nodes.get(&leaf).copied().unwrap_or_else(|| node(leaf, 0));
            plan.run::<PlainHash>(leaf, &of(&proof), &of(plan.reads()))
        });
        sum = sum.wrapping_add(verified.map_or(0, |verified| verified.nodes.len() as u64));
    }
    sum
}

fn proof_nodes(writer: &TreeIndex, block: u64, digest: Digest) -> Vec<NodeIndex> {
    let leaf = BlockIndex::new(block).map(NodeIndex::leaf);
    leaf.and_then(|leaf| writer.proof(leaf, digest))
        .map_or_else(Vec::new, |plan| plan.nodes)
}

fn tree(blocks: u64) -> (TreeIndex, BTreeMap<NodeIndex, Node>) {
    let mut index = TreeIndex::new();
    index.set_contiguous(blocks);
    let mut nodes = BTreeMap::new();
    for block in (0..blocks).filter_map(BlockIndex::new) {
        let mut top = node(NodeIndex::leaf(block), block.get());
        nodes.insert(top.index, top);
        while let Some(left) = nodes.get(&top.index.sibling()).copied()
            && left.index < top.index
        {
            top = Node {
                index: top.index.parent(),
                size: left.size + top.size,
                hash: PlainHash::parent(&left, &top),
            };
            nodes.insert(top.index, top);
        }
    }
    (index, nodes)
}

fn node(index: NodeIndex, size: u64) -> Node {
    let data = vec![0; usize::try_from(size).unwrap_or(0)];
    Node {
        index,
        size,
        hash: PlainHash::leaf(&data),
    }
}
