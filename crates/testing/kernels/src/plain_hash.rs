//! A hash that costs nearly nothing and is the same on every machine.

use crate::mix;
use hyperfeed_merkle::{Node, TreeHash};
use hyperfeed_types::Hash;

#[derive(Debug)]
pub(crate) struct PlainHash;

impl TreeHash for PlainHash {
    fn leaf(data: &[u8]) -> Hash {
        hash(data.len() as u64)
    }

    fn parent(left: &Node, right: &Node) -> Hash {
        hash(first(left) ^ first(right).rotate_left(1))
    }

    fn roots(roots: &[Node]) -> Hash {
        hash(roots.iter().map(first).fold(0, u64::wrapping_add))
    }
}

fn first(node: &Node) -> u64 {
    let bytes: &[u8] = node.hash.as_ref();
    bytes
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn hash(number: u64) -> Hash {
    let mut bytes = [0; 32];
    for (chunk, at) in bytes.chunks_exact_mut(8).zip(0..) {
        chunk.copy_from_slice(&mix(number ^ at).to_le_bytes());
    }
    Hash::new(bytes)
}
