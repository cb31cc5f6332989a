//! Relations of nodes.

use crate::mix;
use hyperfeed_flat_tree::{NodeIndex, full_roots};

/// From a leaf to the root of a large tree, and the roots of a length.
pub(crate) fn walk(rounds: u64) -> u64 {
    let mut sum = 0_u64;
    for round in 0..rounds {
        let block = mix(round) >> 34;
        let Some(mut node) = NodeIndex::new(block * 2) else {
            continue;
        };
        while node.depth() < 30 {
            let blocks = node.sibling().blocks();
            sum = sum.wrapping_add(blocks.start ^ blocks.end ^ node.left_span().get());
            node = node.parent();
        }
        for root in full_roots(block) {
            sum = sum.wrapping_add(root.count() ^ root.offset());
        }
    }
    sum
}
