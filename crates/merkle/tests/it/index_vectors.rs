//! Every row of `tree-index.json`.

use crate::{bits, list, node_index, number, numbers};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Digest, TreeIndex};
use serde_json::Value;

fn vectors() -> Value {
    hyperfeed_testing_vectors::json("tree-index")
}

/// The proof as the vectors have it: nodes, and upstream's even number.
fn assert_proof(
    index: &TreeIndex,
    node: NodeIndex,
    digest: u64,
    nodes: &Value,
    verified_by: &Value,
    what: &str,
) {
    let plan = index.proof(node, Digest::new(digest));
    assert_eq!(plan.is_none(), nodes.is_null(), "{what}");
    let Some(plan) = plan else { return };
    let ours: Vec<u64> = plan.nodes.iter().map(|node| node.get()).collect();
    assert_eq!(ours, numbers(nodes), "{what}");
    assert_eq!(plan.verified_by * 2, number(verified_by), "{what}");
}

fn digest(index: &TreeIndex, node: NodeIndex) -> u64 {
    index.digest(node, index.allocated_bits()).get()
}

fn index_of(nodes: &[u64]) -> TreeIndex {
    let mut index = TreeIndex::new();
    for node in nodes {
        index.insert(node_index(*node));
    }
    index
}

fn assert_answers(index: &TreeIndex, tree: &Value) {
    let name = tree["name"].as_str().unwrap();
    assert_eq!(index.allocated_bits(), number(&tree["bits"]), "{name}");
    let roots: Vec<u64> = index.roots().map(NodeIndex::get).collect();
    assert_eq!(roots, numbers(&tree["roots"]), "{name}");
    for row in list(&tree["nodes"]) {
        let node = node_index(number(&row[0]));
        let what = format!("{name}, node {node}");
        assert_eq!(u64::from(index.get(node)), number(&row[1]), "{what}");
        assert_eq!(digest(index, node), number(&row[2]), "{what}");
        assert_eq!(index.verified_by(node) * 2, number(&row[3]), "{what}");
        assert_proof(index, node, 0, &row[4], &row[5], &what);
    }
    for row in tree["withDigest"].as_array().into_iter().flatten() {
        let (node, digest) = (node_index(number(&row[0])), number(&row[1]));
        assert_proof(
            index,
            node,
            digest,
            &row[2],
            &row[3],
            &format!("{name}, node {node}, digest {digest}"),
        );
    }
}

#[test]
fn indices_answer_as_upstream() {
    let vectors = vectors();
    let trees = list(&vectors["trees"]);
    assert_eq!(trees.len(), 58);
    for tree in trees {
        let sets = numbers(&tree["sets"]);
        let mut index = TreeIndex::new();
        let changed: Vec<u64> = sets
            .iter()
            .map(|node| u64::from(index.insert(node_index(*node))))
            .collect();
        if !tree["changed"].is_null() {
            assert_eq!(changed, numbers(&tree["changed"]), "{}", tree["name"]);
        }
        let held: Vec<u64> = index.bits().runs(0..u64::MAX).flatten().collect();
        assert_eq!(held, bits(&tree["buffer"]), "{}", tree["name"]);
        assert_answers(&index, tree);
    }
}

#[test]
fn a_contiguous_index_answers_as_one_of_bits() {
    let vectors = vectors();
    let mut whole = 0;
    for tree in list(&vectors["trees"]) {
        let held = bits(&tree["buffer"]);
        let contiguous = (0..).find(|block| !held.contains(&(block * 2))).unwrap();
        let mut index = index_of(&held);
        index.set_contiguous(contiguous);
        assert_answers(&index, tree);
        whole += u32::from(index.bits().is_empty());
    }
    assert!(whole > 18, "{whole}");
}

#[test]
fn pairs_ask_and_answer_as_upstream() {
    let vectors = vectors();
    for pair in list(&vectors["pairs"]) {
        let [local, remote] = ["local", "remote"].map(|side| index_of(&bits(&pair[side])));
        for row in list(&pair["rows"]) {
            let node = node_index(number(&row[0]));
            let what = format!("{}, node {node}", pair["name"]);
            assert_eq!(digest(&remote, node), number(&row[1]), "{what}");
            assert_proof(&local, node, number(&row[1]), &row[2], &row[3], &what);
        }
    }
}

#[test]
fn big_indices_answer_as_upstream() {
    let vectors = vectors();
    for feed in list(&vectors["big"]) {
        let blocks = number(&feed["blocks"]);
        let leaves: Vec<u64> = (0..blocks).map(|block| block * 2).collect();
        let mut contiguous = TreeIndex::new();
        contiguous.set_contiguous(blocks);
        for index in [index_of(&leaves), contiguous] {
            assert_eq!(index.allocated_bits(), number(&feed["bits"]));
            assert!(
                index
                    .roots()
                    .map(NodeIndex::get)
                    .eq(numbers(&feed["roots"]))
            );
            for row in list(&feed["rows"]) {
                let node = node_index(number(&row["index"]));
                assert_eq!(digest(&index, node), number(&row["digest"]));
                assert_eq!(digest(&TreeIndex::new(), node), number(&row["emptyDigest"]));
                assert_proof(
                    &index,
                    node,
                    0,
                    &row["nodes"],
                    &row["verifiedBy"],
                    &format!("{blocks}, {node}"),
                );
            }
        }
    }
}

/// A lone root high above leaf 0. Upstream's digest is right up to depth 29: its 32-bit or makes that of depth 30
/// negative, and those of depth 31 to 40 one, which claims that nothing is needed.
#[test]
fn digests_of_deep_trees_do_not_overflow() {
    let vectors = vectors();
    let rows = list(&vectors["deep"]);
    assert_eq!(rows.len(), 40);
    for depth in 1..=52 {
        let mut index = TreeIndex::new();
        index.insert(NodeIndex::at(depth, 0).unwrap());
        let digest = index
            .digest(NodeIndex::leaf(BlockIndex::ZERO), 1 << (depth + 1))
            .get();
        assert_eq!(digest, 1 | 2 << depth, "depth {depth}");
        let Some(row) = rows.get(depth as usize - 1) else {
            continue;
        };
        assert_eq!(number(&row[0]), u64::from(depth));
        let upstream = row[1].as_i64().unwrap();
        match depth {
            ..30 => assert_eq!(upstream.cast_unsigned(), digest),
            30 => assert_eq!(upstream as i32, digest as i32),
            _ => assert_eq!(upstream, 1),
        }
    }
}
