use crate::{Digest, TreeIndex};
use alloc::vec::Vec;
use hyperfeed_flat_tree::{NodeIndex, full_roots};

/// Which nodes prove a block to someone, given what that one has (spec section 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofPlan {
    /// The nodes to send: siblings from the leaf upwards, then the other full roots, left to right. All are held.
    pub nodes: Vec<NodeIndex>,
    /// The length, in blocks, whose signature is to come along (a static feed has none); 0 if none is needed.
    pub verified_by: u64,
}

impl TreeIndex {
    /// Plans the proof of a node for an asker that sent this digest; `None` if the node is not held.
    ///
    /// Any digest is answered; one that makes no sense gets a proof that may be of no use to whoever sent it. Costs
    /// some steps for each level of the tree, whatever the digest.
    #[must_use]
    pub fn proof(&self, node: NodeIndex, digest: Digest) -> Option<ProofPlan> {
        if !self.get(node) {
            return None;
        }
        let mut nodes = Vec::new();
        if digest == Digest::ALL {
            return Some(ProofPlan {
                nodes,
                verified_by: 0,
            });
        }
        let theirs = self.theirs(node, digest);
        let mut top = node;
        while !theirs.has(top) {
            let sibling = top.sibling();
            if !self.get(sibling) {
                let verified_by = self.verified_by(top);
                let others =
                    full_roots(verified_by).filter(|root| *root != top && !theirs.has(*root));
                nodes.extend(others);
                return Some(ProofPlan { nodes, verified_by });
            }
            if !theirs.has(sibling) {
                nodes.push(sibling);
            }
            top = top.parent();
        }
        Some(ProofPlan {
            nodes,
            verified_by: 0,
        })
    }

    /// The nodes held here that the asker has too.
    fn theirs(&self, node: NodeIndex, digest: Digest) -> Theirs {
        let mut theirs = Theirs::new(node);
        let has_root = digest.get() & 1 == 1;
        let mut rest = digest.get() >> 1;
        let mut next = node;
        while rest > 0 {
            if rest == 1 && has_root {
                if self.get(next) {
                    theirs.insert(next);
                }
                // Who has this has what is to its left: the roots of the length it was verified by.
                let left = next.min(next.sibling());
                for root in full_roots(left.blocks().end).filter(|root| self.get(*root)) {
                    theirs.insert(root);
                }
                break;
            }
            let sibling = next.sibling();
            if rest & 1 == 1 && self.get(sibling) {
                theirs.insert(sibling);
            }
            next = next.parent();
            rest >>= 1;
        }
        theirs
    }
}

/// A set of nodes on the way up from one, and beside it, in which parents follow from their children.
struct Theirs {
    depth: u32,
    offset: u64,
    /// Bit k: the node of the way k levels up.
    way: u64,
    /// Bit k: the sibling of that.
    beside: u64,
}

impl Theirs {
    const fn new(node: NodeIndex) -> Self {
        Self {
            depth: node.depth(),
            offset: node.offset(),
            way: 0,
            beside: 0,
        }
    }

    fn has(&self, node: NodeIndex) -> bool {
        self.place(node).is_some_and(|(level, is_way)| {
            let side = if is_way { self.way } else { self.beside };
            side >> level & 1 == 1
        })
    }

    /// Adds a node. One that is elsewhere would be of no use.
    fn insert(&mut self, node: NodeIndex) {
        let Some((mut level, is_way)) = self.place(node) else {
            return;
        };
        let side = if is_way {
            &mut self.way
        } else {
            &mut self.beside
        };
        *side |= 1 << level;
        while self.way & self.beside & 1 << level != 0 {
            level += 1;
            self.way |= 1 << level;
        }
    }

    /// How many levels up a node is, and whether it is of the way; `None` if it is not beside it either.
    fn place(&self, node: NodeIndex) -> Option<(u32, bool)> {
        let level = node.depth().checked_sub(self.depth)?;
        match node.offset() ^ self.offset >> level {
            0 => Some((level, true)),
            1 => Some((level, false)),
            _ => None,
        }
    }
}
