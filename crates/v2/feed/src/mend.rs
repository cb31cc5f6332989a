//! Working nodes out again, and what cannot be trusted without them.

use crate::check::{is_damage, join};
use crate::{Feed, FeedError, Store, leaf_hash};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};
use hyperfeed_merkle::Node;
use std::collections::{BTreeMap, BTreeSet};

impl Feed {
    /// Works out again what is beneath the lowest node above `node` that can be trusted.
    pub(crate) fn mend(
        &self,
        store: &mut Store,
        node: NodeIndex,
        work: &mut Work,
    ) -> Result<(), FeedError> {
        if work.nodes.contains(&node) {
            return Ok(());
        }
        if node.blocks().end > self.head.length {
            work.nodes.insert(node);
            return Ok(());
        }
        if !self.tree.get(node) {
            work.marked.push(node);
        }
        let trusted = match self.trusted_above(store, node, work)? {
            None => self.trusted_root(store, node, work)?,
            trusted => trusted,
        };
        let Some(trusted) = trusted else {
            let is_there = self.now(store, node, work)?.is_some();
            if is_there || !self.tree.get(node) {
                self.distrust_length(self.tree.verified_by(node), work);
                self.drop_below(node.parent(), work);
            } else {
                // It may never have been there. What it leaves without roots is found by the next check.
                work.nodes.insert(node);
            }
            return Ok(());
        };
        work.note(self.lenient(store, trusted.index)?, trusted);
        self.mend_size(store, &trusted, work)?;
        for leaves in [Leaves::Stored, Leaves::Hashed] {
            let mut mended = Vec::new();
            let made = self.make(store, trusted.index, leaves, work, &mut mended)?;
            if made == Some(trusted) {
                for (stored, node) in mended {
                    work.note(stored, node);
                }
                if self.now(store, node, work)?.is_none() {
                    work.nodes.insert(node);
                }
                return Ok(());
            }
        }
        self.drop_below(trusted.index, work);
        Ok(())
    }

    /// If a child of a trusted node has nothing wrong but its size, that is what the other one leaves over.
    fn mend_size(
        &self,
        store: &mut Store,
        trusted: &Node,
        work: &mut Work,
    ) -> Result<(), FeedError> {
        let Some((left, right)) = trusted.index.children() else {
            return Ok(());
        };
        let left = self.now(store, left, work)?;
        let (Some(left), Some(right)) = (left, self.now(store, right, work)?) else {
            return Ok(());
        };
        let rest = |other: &Node| trusted.size.checked_sub(other.size);
        let lefts = rest(&right).map(|size| (Node { size, ..left }, right));
        let rights = rest(&left).map(|size| (left, Node { size, ..right }));
        for (new_left, new_right) in lefts.into_iter().chain(rights) {
            if join(&new_left, &new_right) != Some(*trusted) {
                continue;
            }
            // The parent's hash covers the sum alone: what is beneath must bear the parts out.
            let before = work.mended.clone();
            work.note(Some(left), new_left);
            work.note(Some(right), new_right);
            let borne_out = [
                self.fits_below(store, &new_left, work)?,
                self.fits_below(store, &new_right, work)?,
            ];
            if borne_out.contains(&Some(true)) && !borne_out.contains(&Some(false)) {
                break;
            }
            work.mended = before;
        }
        Ok(())
    }

    /// Whether a node is what its children or its block make; none if they are not here.
    fn fits_below(
        &self,
        store: &mut Store,
        node: &Node,
        work: &Work,
    ) -> Result<Option<bool>, FeedError> {
        let Some((left, right)) = node.index.children() else {
            let block = node.index.block().filter(|block| self.has(*block));
            let Some(block) = block else { return Ok(None) };
            let again = self.hash_again(store, block, Some(node), work)?;
            return Ok(Some(again == Some(*node)));
        };
        if !self.tree.get(left) || !self.tree.get(right) {
            return Ok(None);
        }
        let (left, right) = (self.now(store, left, work)?, self.now(store, right, work)?);
        let made = left
            .zip(right)
            .and_then(|(left, right)| join(&left, &right));
        Ok(Some(made == Some(*node)))
    }

    /// The root over a node of the older length it is verified by, if a signature vouches for that.
    fn trusted_root(
        &self,
        store: &mut Store,
        node: NodeIndex,
        work: &Work,
    ) -> Result<Option<Node>, FeedError> {
        let length = self.tree.verified_by(node);
        let root = full_roots(length).find(|root| root.contains(node));
        match root {
            Some(root) if self.vouches(store, length)? => self.now(store, root, work),
            _ => Ok(None),
        }
    }

    /// The lowest node above `node`, or itself, whose value its parent and sibling agree with, or the head does.
    fn trusted_above(
        &self,
        store: &mut Store,
        node: NodeIndex,
        work: &Work,
    ) -> Result<Option<Node>, FeedError> {
        let mut at = node;
        loop {
            if let Some(root) = self.head.roots.iter().find(|root| root.index == at) {
                return Ok(Some(*root));
            }
            let (sibling, parent) = (at.sibling(), at.parent());
            if !self.tree.get(sibling) || !self.tree.get(parent) {
                return Ok(None);
            }
            let node = self.now(store, at, work)?;
            let other = self.now(store, sibling, work)?;
            let above = self.now(store, parent, work)?;
            if let (Some(node), Some(other)) = (node, other) {
                let (left, right) = if at < sibling {
                    (node, other)
                } else {
                    (other, node)
                };
                if above.is_some() && join(&left, &right) == above {
                    return Ok(Some(node));
                }
            }
            at = parent;
        }
    }

    /// Works out a node from the leaves up, as far as they are known; lists the nodes on the way that are stored
    /// otherwise.
    fn make(
        &self,
        store: &mut Store,
        node: NodeIndex,
        leaves: Leaves,
        work: &Work,
        mended: &mut Vec<(Option<Node>, Node)>,
    ) -> Result<Option<Node>, FeedError> {
        let stored = self.now(store, node, work)?;
        let made = match node.children() {
            Some((left, right)) if self.tree.get(left) && self.tree.get(right) => {
                let left = self.make(store, left, leaves, work, mended)?;
                let right = self.make(store, right, leaves, work, mended)?;
                left.zip(right)
                    .and_then(|(left, right)| join(&left, &right))
            }
            Some(_) => stored,
            None => match node.block() {
                Some(block) if leaves == Leaves::Hashed && self.has(block) => {
                    self.hash_again(store, block, stored.as_ref(), work)?
                }
                _ => stored,
            },
        };
        if let Some(made) = made
            && stored != Some(made)
        {
            mended.push((stored, made));
        }
        Ok(made)
    }

    /// The leaf as the bytes of its block make it. Attached bytes are found only where the sizes are right.
    fn hash_again(
        &self,
        store: &mut Store,
        block: BlockIndex,
        leaf: Option<&Node>,
        work: &Work,
    ) -> Result<Option<Node>, FeedError> {
        let data = if self.is_placed(block) {
            let mut offset = Some(0u64);
            for root in full_roots(block.get()) {
                let size = self.now(store, root, work)?.map(|root| root.size);
                offset = offset
                    .zip(size)
                    .and_then(|(offset, size)| offset.checked_add(size));
            }
            let (Some(offset), Some(leaf)) = (offset, leaf) else {
                return Ok(None);
            };
            self.read_placed(store, block, offset, leaf.size)
        } else {
            self.read_stored(store, block)
        };
        match data {
            Ok(data) => Ok(Some(Node {
                index: NodeIndex::leaf(block),
                size: data.len() as u64,
                hash: leaf_hash(&data),
            })),
            Err(FeedError::Storage(error)) if !is_damage(&error) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }

    /// A stored node, or what it was mended to.
    pub(crate) fn now(
        &self,
        store: &mut Store,
        index: NodeIndex,
        work: &Work,
    ) -> Result<Option<Node>, FeedError> {
        match work.mended.get(&index) {
            Some(node) => Ok(Some(*node)),
            None => self.lenient(store, index),
        }
    }

    /// An older length that nothing vouches for: what is known by it alone is not known.
    pub(crate) fn distrust_length(&self, length: u64, work: &mut Work) {
        work.signatures.push(length);
        if BlockIndex::new(length).is_none() {
            return;
        }
        for root in full_roots(length) {
            let is_signed = self.head.roots.iter().any(|signed| signed.index == root);
            if !is_signed && self.tree.verified_by(root) == length {
                self.drop_below(root.parent(), work);
            }
        }
    }

    /// Whether a block is what its leaf, as mended, says. The hash of a leaf covers its size, so that can be mended.
    pub(crate) fn is_intact(
        &self,
        store: &mut Store,
        block: BlockIndex,
        work: &mut Work,
    ) -> Result<bool, FeedError> {
        let leaf = self.now(store, NodeIndex::leaf(block), work)?;
        let again = self.hash_again(store, block, leaf.as_ref(), work)?;
        let (Some(leaf), Some(again)) = (leaf, again) else {
            return Ok(false);
        };
        let is_intact = leaf.hash == again.hash;
        if is_intact {
            work.note(Some(leaf), again);
        }
        Ok(is_intact)
    }

    /// Everything known strictly below a node: what is left then still leads up to signed roots.
    fn drop_below(&self, node: NodeIndex, work: &mut Work) {
        let blocks = node.blocks();
        let limit = self.head.length.min(blocks.end);
        work.blocks.extend(
            self.held
                .runs(blocks.start..limit)
                .flatten()
                .filter_map(BlockIndex::new),
        );
        let inside = node.left_span().get()..node.right_span().get() + 1;
        let implied = inside.start..inside.end.min(self.head.contiguous * 2);
        let known = self.tree.bits().runs(inside).flatten();
        let nodes = implied.chain(known).filter_map(NodeIndex::new);
        work.nodes
            .extend(nodes.filter(|below| *below != node && self.tree.get(*below)));
    }
}

/// Which leaves a tree is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// The bytes of the blocks, hashed again, where they are held.
    Hashed,
    /// As they are stored.
    Stored,
}

/// What a repair comes to.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) blocks: BTreeSet<BlockIndex>,
    pub(crate) nodes: BTreeSet<NodeIndex>,
    pub(crate) mended: BTreeMap<NodeIndex, Node>,
    pub(crate) signatures: Vec<u64>,
    /// Nodes that should have been known.
    pub(crate) marked: Vec<NodeIndex>,
}

impl Work {
    pub(crate) fn note(&mut self, stored: Option<Node>, node: Node) {
        if stored != Some(node) {
            self.mended.insert(node.index, node);
        }
    }
}
