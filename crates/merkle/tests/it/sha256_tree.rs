//! The hashes of generation 2, for these tests alone (spec section 2).

use crate::{list, node};
use hyperfeed_merkle::{Node, TreeHash};
use hyperfeed_types::Hash;
use sha2::{Digest, Sha256};

#[derive(Debug)]
pub(crate) struct Sha256Tree;

impl TreeHash for Sha256Tree {
    fn leaf(data: &[u8]) -> Hash {
        hash(&[&[0], &encode(data.len() as u64), data])
    }

    fn parent(left: &Node, right: &Node) -> Hash {
        let size = encode(left.size + right.size);
        hash(&[&[1], &size, left.hash.as_ref(), right.hash.as_ref()])
    }

    fn roots(roots: &[Node]) -> Hash {
        let mut preimage = vec![2];
        for root in roots {
            preimage.extend(root.hash.as_ref());
            preimage.extend(encode(root.index.get()));
        }
        hash(&[&preimage])
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    Hash::new(Sha256::digest(parts.concat()).into())
}

/// Upstream's u64: the high word counts multiples of 2^32 - 1.
fn encode(value: u64) -> [u8; 8] {
    let (high, low) = (value / 0xffff_ffff, value % 0xffff_ffff);
    (high << 32 | low).to_be_bytes()
}

#[test]
fn parents_and_roots_hash_as_upstream_does() {
    let vectors: serde_json::Value = hyperfeed_testing_vectors::json("hashes");
    for row in list(&vectors["parent"]) {
        let (a, b) = (node(&row["a"]).unwrap(), node(&row["b"]).unwrap());
        let (left, right) = if a.index < b.index { (a, b) } else { (b, a) };
        assert_eq!(Sha256Tree::parent(&left, &right).to_string(), row["hash"]);
    }
    for row in list(&vectors["tree"]) {
        let roots: Vec<Node> = list(&row["roots"]).iter().filter_map(node).collect();
        assert_eq!(Sha256Tree::roots(&roots).to_string(), row["hash"]);
    }
}
