//! Every row of `flat-tree.json`.

use hyperfeed_flat_tree::{NodeIndex, full_roots};
use serde_json::{Value, json};

fn rows<'a>(vectors: &'a Value, name: &str, count: usize) -> &'a Vec<Value> {
    let rows = vectors[name].as_array().unwrap();
    assert_eq!(rows.len(), count);
    rows
}

#[test]
fn relations_equal_upstream() {
    let vectors = hyperfeed_testing_vectors::json("flat-tree");
    for row in rows(&vectors, "nodes", 511) {
        let number = |name: &str| row[name].as_u64().unwrap();
        let node = NodeIndex::new(number("index")).unwrap();
        assert_eq!(u64::from(node.depth()), number("depth"), "{node}");
        assert_eq!(node.offset(), number("offset"), "{node}");
        assert_eq!(node.parent().get(), number("parent"), "{node}");
        assert_eq!(node.sibling().get(), number("sibling"), "{node}");
        assert_eq!(node.left_span().get(), number("leftSpan"), "{node}");
        assert_eq!(node.right_span().get(), number("rightSpan"), "{node}");
        assert_eq!(node.count(), number("count"), "{node}");
        let child = |name: &str| row[name].as_u64(); // -1 for none
        assert_eq!(
            node.left_child().map(NodeIndex::get),
            child("leftChild"),
            "{node}"
        );
        assert_eq!(
            node.right_child().map(NodeIndex::get),
            child("rightChild"),
            "{node}"
        );
        let children = node
            .children()
            .map(|(left, right)| [left.get(), right.get()]);
        assert_eq!(json!(children), row["children"], "{node}");
        let spans = [node.left_span().get(), node.right_span().get()];
        assert_eq!(json!(spans), row["spans"], "{node}");
        assert_eq!(node.blocks().start, number("leftSpan") / 2, "{node}");
        assert_eq!(node.blocks().end, number("rightSpan") / 2 + 1, "{node}");
    }
}

#[test]
fn full_roots_equal_upstream() {
    let vectors = hyperfeed_testing_vectors::json("flat-tree");
    for row in rows(&vectors, "fullRoots", 230) {
        let index = row["index"].as_u64().unwrap();
        let roots: Vec<u64> = row["roots"]
            .as_array()
            .unwrap()
            .iter()
            .map(|root| root.as_u64().unwrap())
            .collect();
        let ours: Vec<u64> = full_roots(index / 2).map(NodeIndex::get).collect();
        assert_eq!(ours, roots, "{index}");
        assert_eq!(full_roots(index / 2).len(), roots.len());
    }
}

#[test]
fn places_equal_upstream() {
    let vectors = hyperfeed_testing_vectors::json("flat-tree");
    for row in rows(&vectors, "index", 282) {
        let [depth, offset, index] = [0, 1, 2].map(|at| row[at].as_u64().unwrap());
        let node = NodeIndex::at(u32::try_from(depth).unwrap(), offset).unwrap();
        assert_eq!(node.get(), index);
    }
}
