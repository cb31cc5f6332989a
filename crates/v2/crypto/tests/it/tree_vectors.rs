use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::{Node, TreeHash};
use hyperfeed_testing_vectors::json;
use hyperfeed_types::hex;
use hyperfeed_v2_crypto::Sha256Tree;
use serde_json::Value;

fn node(row: &Value) -> Node {
    Node {
        index: NodeIndex::new(row["index"].as_u64().unwrap()).unwrap(),
        size: row["size"].as_u64().unwrap(),
        hash: row["hash"].as_str().unwrap().parse().unwrap(),
    }
}

#[test]
fn every_leaf_hash_of_the_vectors_is_reproduced() {
    let vectors = json("hashes");
    let rows = vectors["leaf"].as_array().unwrap();
    assert_eq!(rows.len(), 36);
    for row in rows {
        let size = row["size"].as_u64().unwrap() as usize;
        let data = match row["data"].as_str().unwrap() {
            "pattern" => (0..size)
                .map(|i| ((i * 31 + 7 + (i >> 8)) & 255) as u8)
                .collect(),
            text => hex::decode(text).unwrap(),
        };
        assert_eq!(data.len(), size);
        assert_eq!(Sha256Tree::leaf(&data).to_string(), row["hash"], "{size}");
    }
}

#[test]
fn every_parent_hash_of_the_vectors_is_reproduced() {
    let vectors = json("hashes");
    let rows = vectors["parent"].as_array().unwrap();
    assert_eq!(rows.len(), 13);
    for row in rows {
        let (a, b) = (node(&row["a"]), node(&row["b"]));
        // Upstream orders the two by itself; our callers know which is the left one.
        let (left, right) = if a.index < b.index { (a, b) } else { (b, a) };
        let hash = Sha256Tree::parent(&left, &right);
        assert_eq!(hash.to_string(), row["hash"], "{row}");
    }
}

#[test]
fn every_roots_hash_of_the_vectors_is_reproduced() {
    let vectors = json("hashes");
    let rows = vectors["tree"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let roots: Vec<Node> = row["roots"].as_array().unwrap().iter().map(node).collect();
        assert_eq!(Sha256Tree::roots(&roots).to_string(), row["hash"], "{row}");
    }
}
