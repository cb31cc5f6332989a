//! The tree index word for word as the specification tells it, over a plain set.

use hyperfeed_flat_tree::{NodeIndex, full_roots};
use std::collections::BTreeSet;

#[derive(Debug, Default, Clone)]
pub(crate) struct IndexModel {
    pub(crate) set: BTreeSet<NodeIndex>,
    highest: u64,
}

impl IndexModel {
    pub(crate) fn get(&self, node: NodeIndex) -> bool {
        self.set.contains(&node)
    }

    pub(crate) fn set(&mut self, node: NodeIndex) -> bool {
        if !self.set.insert(node) {
            return false;
        }
        self.highest = self.highest.max(node.get());
        let mut at = node;
        while self.get(at.sibling()) {
            at = at.parent();
            if !self.set.insert(at) {
                break;
            }
            self.highest = self.highest.max(at.get());
        }
        true
    }

    pub(crate) fn bits(&self) -> u64 {
        let mut bits = 32;
        while bits <= self.highest {
            bits *= 2;
        }
        bits
    }

    /// The even number of upstream.
    pub(crate) fn verified_by(&self, node: NodeIndex) -> u64 {
        if !self.get(node) {
            return 0;
        }
        let mut top = node;
        while self.get(top.parent()) && self.get(top.sibling()) {
            top = top.parent();
        }
        let mut depth = top.depth();
        while depth > 0 {
            top = NodeIndex::at(depth, top.offset() + 1)
                .unwrap()
                .left_child()
                .unwrap();
            depth -= 1;
            while !self.get(top) && depth > 0 {
                top = top.left_child().unwrap();
                depth -= 1;
            }
        }
        if self.get(top) {
            top.get() + 2
        } else {
            top.get()
        }
    }

    pub(crate) fn roots(&self) -> Vec<NodeIndex> {
        let mut at = NodeIndex::default();
        let mut last = None;
        loop {
            if self.get(at) {
                last = Some(at);
            }
            if at.right_span().get() >= self.bits() {
                break;
            }
            at = at.parent();
        }
        last.map_or(vec![], |node| {
            full_roots(self.verified_by(node) / 2).collect()
        })
    }

    pub(crate) fn digest(&self, node: NodeIndex) -> u64 {
        if self.get(node) {
            return 1;
        }
        let (mut digest, mut at) = (0, node);
        for level in 0.. {
            let (sibling, parent) = (at.sibling(), at.parent());
            if sibling.right_span().get() >= self.bits() && parent.left_span().get() == 0 {
                break;
            }
            if self.get(sibling) {
                digest |= 1 << (level + 1);
            }
            if self.get(parent) {
                digest |= 1 | 1 << (level + 2);
                return if digest == (1 << (level + 3)) - 1 {
                    1
                } else {
                    digest
                };
            }
            at = parent;
        }
        digest
    }

    /// Nodes, and upstream's even number.
    pub(crate) fn proof(&self, node: NodeIndex, digest: u64) -> Option<(Vec<NodeIndex>, u64)> {
        if !self.get(node) {
            return None;
        }
        if digest == 1 {
            return Some((vec![], 0));
        }
        let theirs = self.theirs(node, digest);
        let mut nodes = vec![];
        let mut at = node;
        while !theirs.get(at) {
            if !self.get(at.sibling()) {
                let verified_by = self.verified_by(at);
                for root in full_roots(verified_by / 2) {
                    if root != at && !theirs.get(root) {
                        nodes.push(root);
                    }
                }
                return Some((nodes, verified_by));
            }
            if !theirs.get(at.sibling()) {
                nodes.push(at.sibling());
            }
            at = at.parent();
        }
        Some((nodes, 0))
    }

    fn theirs(&self, node: NodeIndex, digest: u64) -> Self {
        let mut theirs = Self::default();
        let has_root = digest % 2 == 1;
        let mut digest = digest / 2;
        let mut at = node;
        while digest > 0 {
            if digest == 1 && has_root {
                if self.get(at) {
                    theirs.set(at);
                }
                if at.sibling() < at {
                    at = at.sibling();
                }
                for root in full_roots((at.right_span().get() + 2) / 2) {
                    if self.get(root) {
                        theirs.set(root);
                    }
                }
                break;
            }
            if digest % 2 == 1 && self.get(at.sibling()) {
                theirs.set(at.sibling());
            }
            at = at.parent();
            digest /= 2;
        }
        theirs
    }
}
