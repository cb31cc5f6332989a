//! A whole tree by its recursive definition: slow, and plainly right.

use crate::node_index;
use crate::sha256_tree::Sha256Tree;
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::{Node, TreeHash};
use hyperfeed_types::Hash;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) blocks: Vec<Vec<u8>>,
    /// Every node of every length so far.
    pub(crate) nodes: BTreeMap<NodeIndex, Node>,
}

impl Tree {
    pub(crate) fn of(blocks: u64) -> Self {
        let mut tree = Self::default();
        for block in 0..blocks {
            tree.push(block_data(block));
        }
        tree
    }

    pub(crate) fn push(&mut self, data: Vec<u8>) {
        self.blocks.push(data);
        let length = self.length();
        // The subtrees that end with the new block: every power of two that divides the new length.
        for size in (0..63)
            .map(|depth| 1 << depth)
            .take_while(|size| length.is_multiple_of(*size))
        {
            let node = self.subtree(length - size, size);
            self.nodes.insert(node.index, node);
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// The node over `size` blocks, a power of two, from `start` on.
    fn subtree(&self, start: u64, size: u64) -> Node {
        let index = node_index(2 * start + size - 1);
        if size == 1 {
            let data = &self.blocks[start as usize];
            return Node {
                index,
                size: data.len() as u64,
                hash: Sha256Tree::leaf(data),
            };
        }
        let (left, right) = (
            self.subtree(start, size / 2),
            self.subtree(start + size / 2, size / 2),
        );
        Node {
            index,
            size: left.size + right.size,
            hash: Sha256Tree::parent(&left, &right),
        }
    }

    pub(crate) fn roots(&self, length: u64) -> Vec<Node> {
        fn split(tree: &Tree, start: u64, rest: u64, roots: &mut Vec<Node>) {
            if rest == 0 {
                return;
            }
            let mut size = 1;
            while size * 2 <= rest {
                size *= 2;
            }
            roots.push(tree.subtree(start, size));
            split(tree, start + size, rest - size, roots);
        }
        let mut roots = Vec::new();
        split(self, 0, length, &mut roots);
        roots
    }

    pub(crate) fn roots_hash(&self, length: u64) -> Hash {
        Sha256Tree::roots(&self.roots(length))
    }
}

/// Blocks of different sizes, an empty one now and then.
pub(crate) fn block_data(block: u64) -> Vec<u8> {
    let size = block * 7 % 5;
    (0..size).map(|at| (block * 31 + at) as u8).collect()
}
