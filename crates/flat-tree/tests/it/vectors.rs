//! Every row of `flat-tree.json`.

use hyperfeed_flat_tree::{NodeIndex, full_roots};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../testing/vectors/gen2/flat-tree.json")).unwrap()
}

fn rows<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    let rows = value[name].as_array().unwrap();
    assert!(!rows.is_empty());
    rows
}

#[test]
fn relations_equal_upstream() {
    let vectors = vectors();
    for row in rows(&vectors, "nodes") {
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
        assert_eq!(
            node.children().is_none(),
            row["children"].is_null(),
            "{node}"
        );
        assert_eq!(node.blocks().start, number("leftSpan") / 2, "{node}");
        assert_eq!(node.blocks().end, number("rightSpan") / 2 + 1, "{node}");
    }
}

#[test]
fn full_roots_equal_upstream() {
    let vectors = vectors();
    for row in rows(&vectors, "fullRoots") {
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
    let vectors = vectors();
    for row in rows(&vectors, "index") {
        let [depth, offset, index] = [0, 1, 2].map(|at| row[at].as_u64().unwrap());
        let node = NodeIndex::at(u32::try_from(depth).unwrap(), offset).unwrap();
        assert_eq!(node.get(), index);
    }
}
