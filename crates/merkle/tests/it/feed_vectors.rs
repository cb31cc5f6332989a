//! Every feed of `feeds.json`: its nodes, the roots and roots hash of each length, its tree index.

use crate::sha256_tree::Sha256Tree;
use crate::{bits, bytes, list, node, number, numbers};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::{Appender, Node, TreeHash, TreeIndex};
use serde_json::Value;
use std::collections::BTreeMap;

/// Blocks in hex, or a sentence that ends in the sizes of blocks of a pattern.
fn blocks(data: &Value) -> Vec<Vec<u8>> {
    let Some(sentence) = data.as_str() else {
        return list(data).iter().map(bytes).collect();
    };
    let (_, sizes) = sentence.split_once("sizes ").unwrap();
    sizes
        .split(", ")
        .map(|size| pattern(size.parse().unwrap()))
        .collect()
}

fn pattern(size: u64) -> Vec<u8> {
    (0..size)
        .map(|at| (at * 31 + 7 + (at >> 8)) as u8)
        .collect()
}

#[test]
fn feeds_grow_as_upstream_grows_them() {
    let vectors: Value = hyperfeed_testing_vectors::json("feeds");
    let feeds = list(&vectors["feeds"]);
    assert_eq!(feeds.len(), 9);
    for feed in feeds {
        let mut appender = Appender::<Sha256Tree>::new();
        let (mut nodes, mut index) = (Vec::new(), TreeIndex::new());
        let mut lengths = list(&feed["lengths"]).iter().peekable();
        for (block, data) in (0..).zip(blocks(&feed["data"])) {
            appender
                .push(Sha256Tree::leaf(&data), data.len() as u64, &mut nodes)
                .unwrap();
            index.insert(BlockIndex::new(block).unwrap().into());
            if let Some(row) = lengths.next_if(|row| number(&row["blocks"]) == block + 1) {
                let roots: Vec<u64> = appender
                    .roots()
                    .iter()
                    .map(|root| root.index.get())
                    .collect();
                assert_eq!(roots, numbers(&row["roots"]), "{}", feed["name"]);
                assert_eq!(
                    appender.roots_hash().to_string(),
                    row["treeHash"],
                    "{}",
                    feed["name"]
                );
            }
        }
        assert!(lengths.next().is_none(), "{}", feed["name"]);
        let ours: BTreeMap<u64, Node> =
            nodes.iter().map(|node| (node.index.get(), *node)).collect();
        assert_eq!(ours.len(), nodes.len());
        let theirs: BTreeMap<u64, Node> = list(&feed["nodes"])
            .iter()
            .filter_map(node)
            .map(|node| (node.index.get(), node))
            .collect();
        assert_eq!(ours, theirs, "{}", feed["name"]);
        let held: Vec<u64> = index.bits().runs(0..u64::MAX).flatten().collect();
        assert_eq!(
            held,
            bits(&feed["finalState"]["treeBitfield"]),
            "{}",
            feed["name"]
        );
    }
}
