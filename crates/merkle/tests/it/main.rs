//! Trees against the vectors, against slow twins, and against liars.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it goes wrong"
)]

mod ahead;
mod appender;
mod exchange;
mod feed_vectors;
mod holder;
mod hostile;
mod index_model;
mod index_twin;
mod index_vectors;
mod proof_vectors;
mod recursive;
mod sha256_tree;
mod sizes;
mod verify;

use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::Node;
use serde_json::Value;

fn node_index(index: u64) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

/// A number of the vectors.
fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

fn numbers(value: &Value) -> Vec<u64> {
    list(value).iter().map(number).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    hyperfeed_types::hex::decode(value.as_str().unwrap()).unwrap()
}

/// A node of the vectors: `[index, size, hash]`, or the same by name. `None` if the hash is none.
fn node(value: &Value) -> Option<Node> {
    let field = |at: usize, name: &str| {
        if value.is_array() {
            &value[at]
        } else {
            &value[name]
        }
    };
    Some(Node {
        index: node_index(number(field(0, "index"))),
        size: number(field(1, "size")),
        hash: hyperfeed_types::Hash::from_slice(&bytes(field(2, "hash")))?,
    })
}

/// The set bits of a buffer of upstream, highest bit of each byte first.
fn bits(buffer: &Value) -> Vec<u64> {
    let buffer = bytes(buffer);
    let bit = |at: &u64| buffer[*at as usize / 8] & (128 >> (at % 8)) != 0;
    (0..buffer.len() as u64 * 8).filter(bit).collect()
}
