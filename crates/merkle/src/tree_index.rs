use alloc::vec::Vec;
use hyperfeed_bitfield::{Bitfield, PAGE_BITS, Page, allocated_bits};
use hyperfeed_flat_tree::{BlockIndex, FullRoots, NodeIndex, full_roots};

/// Which nodes of a feed's tree are held: verified and stored (spec section 8).
///
/// The tree over the first [`contiguous`](Self::contiguous) blocks is held as a whole, and costs one number. Only nodes
/// that reach beyond it cost a bit. So everything about a feed that is complete, or one's own, is arithmetic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeIndex {
    contiguous: u64,
    /// Held nodes, but those whose blocks are all below `contiguous`. Nothing from `END` on.
    bits: Bitfield,
}

impl TreeIndex {
    /// An index of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            contiguous: 0,
            bits: Bitfield::new(),
        }
    }

    /// Notes that a node is held; tells whether it was not before.
    ///
    /// A parent becomes held as soon as both its children are. A node over blocks past [`BlockIndex::MAX`] never is.
    pub fn insert(&mut self, node: NodeIndex) -> bool {
        if node >= END || self.get(node) {
            return false;
        }
        self.bits.insert(node.get());
        self.complete_above(node);
        true
    }

    /// Forgets a node, and nothing but that node; tells whether it was held.
    ///
    /// For a store that lost one. If the node is in the contiguous part, that ends before it, and the rest of it goes
    /// on as bits.
    pub fn remove(&mut self, node: NodeIndex) -> bool {
        if self.is_implied(node) {
            let end = self.contiguous;
            // What reaches beyond the old end was a bit before, or was not held.
            let unset: Vec<_> = crossing(end).filter(|node| !self.get(*node)).collect();
            self.bits.insert_range(0..end * 2);
            for node in unset {
                self.bits.remove(node.get());
            }
            self.contiguous = node.blocks().start;
            self.drop_implied();
        }
        self.bits.remove(node.get())
    }

    /// Notes that the whole tree over the first `blocks` blocks is held. Drops the bits this makes needless.
    ///
    /// Fewer blocks than before, or more than can be numbered, change nothing beyond.
    pub fn set_contiguous(&mut self, blocks: u64) {
        let blocks = blocks.min(BlockIndex::MAX.get() + 1);
        let before = self.contiguous;
        if blocks <= before {
            return;
        }
        self.contiguous = blocks;
        if self.bits.is_empty() {
            return;
        }
        if blocks - before <= FEW_BLOCKS {
            for block in (before..blocks).filter_map(BlockIndex::new) {
                self.drop_ending_with(block);
            }
        } else {
            self.drop_implied();
        }
        // The others are as complete above as they were.
        for root in full_roots(blocks).filter(|root| root.blocks().end > before) {
            self.complete_above(root);
        }
    }

    /// Replaces a page of [`bits`](Self::bits) by one that was stored.
    ///
    /// Ignores nodes over blocks past [`BlockIndex::MAX`].
    pub fn set_page(&mut self, page: u64, content: Page) {
        if page <= END.get() / PAGE_BITS {
            self.bits.set_page(page, content);
            self.bits.remove(END.get());
        }
    }

    /// Whether a node is held.
    #[must_use]
    pub fn get(&self, node: NodeIndex) -> bool {
        self.is_implied(node) || (!self.bits.is_empty() && self.bits.get(node.get()))
    }

    /// Blocks from the first one on over which the whole tree is held, as far as that was said.
    #[must_use]
    pub const fn contiguous(&self) -> u64 {
        self.contiguous
    }

    /// The length, in blocks, whose roots hash vouches for a node, as far as this index knows; 0 if it is not held.
    ///
    /// That is the length whose full roots are the topmost held node above this one and what is held to its right.
    #[must_use]
    pub fn verified_by(&self, node: NodeIndex) -> u64 {
        if !self.get(node) {
            return 0;
        }
        let mut top = node;
        while self.get(top.sibling()) && self.get(top.parent()) {
            top = top.parent();
        }
        let mut depth = top.depth();
        let mut length = top.blocks().end;
        while depth > 0 {
            depth -= 1;
            // The node of this depth that starts where what was found so far ends.
            let right = NodeIndex::at(depth, length >> depth);
            if right.is_some_and(|right| self.get(right)) {
                length += 1 << depth;
            }
        }
        length
    }

    /// The largest length, in blocks, all of whose full roots are held as far as this index knows; 0 if there is none.
    #[must_use]
    pub fn length(&self) -> u64 {
        let edge = (0..=53).rev().filter_map(|depth| NodeIndex::at(depth, 0));
        let mut held = edge.filter(|node| self.get(*node));
        held.next().map_or(0, |node| self.verified_by(node))
    }

    /// The full roots of [`length`](Self::length).
    #[must_use]
    pub fn roots(&self) -> FullRoots {
        full_roots(self.length())
    }

    /// Bits that upstream's buffer would have: 32, doubled until the highest held node fits. Digests depend on it.
    #[must_use]
    pub fn allocated_bits(&self) -> u64 {
        let leaf = self.contiguous.checked_sub(1).map(|block| block * 2);
        allocated_bits(FIRST_BYTES, leaf.max(self.bits.last_set()))
    }

    /// The held nodes that [`contiguous`](Self::contiguous) does not imply: what is to be stored beside it.
    #[must_use]
    pub const fn bits(&self) -> &Bitfield {
        &self.bits
    }

    /// Whether the contiguous part has the node and all beneath it.
    pub(crate) const fn is_implied(&self, node: NodeIndex) -> bool {
        node.right_span().get() / 2 < self.contiguous
    }

    /// Sets the parents that are complete now that `node` is held.
    fn complete_above(&mut self, node: NodeIndex) {
        let mut top = node;
        while self.get(top.sibling()) && !self.get(top.parent()) {
            top = top.parent();
            self.bits.insert(top.get());
        }
    }

    /// Clears the bits of the nodes whose last block is this one.
    fn drop_ending_with(&mut self, block: BlockIndex) {
        let mut node = NodeIndex::leaf(block);
        self.bits.remove(node.get());
        while node.sibling() < node {
            node = node.parent();
            self.bits.remove(node.get());
        }
    }

    /// Clears the bits of nodes whose blocks are all in the contiguous part.
    fn drop_implied(&mut self) {
        let end = self.contiguous;
        let kept: Vec<_> = crossing(end)
            .filter(|node| self.bits.get(node.get()))
            .collect();
        self.bits.remove_range(0..end * 2);
        for node in kept {
            self.bits.insert(node.get());
        }
    }
}

/// All nodes that begin before block `end`, reach beyond it, and have an index below that of its leaf; and some more.
fn crossing(end: u64) -> impl Iterator<Item = NodeIndex> {
    let leaf = BlockIndex::new(end).map(NodeIndex::leaf);
    let up = core::iter::successors(leaf, |node| Some(node.parent()));
    // From there on all are on the left edge, to the right of that leaf.
    up.take_while(move |node| node.left_span().get() > 0 || node.get() < end * 2)
}

/// Up to so many new blocks, clearing node by node is cheaper than clearing the range they are in.
const FEW_BLOCKS: u64 = 64;

/// The first node over blocks that cannot be numbered. It is the last of its page, and of all indices.
const END: NodeIndex = NodeIndex::MAX;

/// Bytes that upstream's buffer starts with (spec section 4).
const FIRST_BYTES: u64 = 4;
