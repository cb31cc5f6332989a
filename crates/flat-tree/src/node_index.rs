use crate::BlockIndex;
use core::fmt;
use core::ops::Range;

/// A node of the tree: even numbers are leaves, odd ones parents; a parent sits between its two subtrees.
///
/// ```text
/// depth 2         3
/// depth 1     1       5
/// depth 0   0   2   4   6
/// block     0   1   2   3
/// ```
///
/// [`new`](Self::new) admits indices up to [`MAX`](Self::MAX). Whatever is derived from these is exact. Who climbs
/// past all trees that can exist, to depth 62, stays at the [`APEX`](Self::APEX): no function overflows or panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeIndex(u64);

impl NodeIndex {
    /// The largest index that is admitted: 2^53 - 1, the largest number that peers that count in doubles can tell.
    pub const MAX: Self = Self((1 << 53) - 1);
    /// Where climbing ends: the node of depth 62 over everything.
    pub const APEX: Self = Self((1 << 62) - 1);

    /// The node with this number; `None` past [`MAX`](Self::MAX).
    #[must_use]
    pub const fn new(index: u64) -> Option<Self> {
        if index <= Self::MAX.0 {
            Some(Self(index))
        } else {
            None
        }
    }

    /// The leaf of a block.
    #[must_use]
    pub const fn leaf(block: BlockIndex) -> Self {
        Self(block.get() * 2)
    }

    /// The node `offset` places from the left at a depth; `None` past [`MAX`](Self::MAX).
    #[must_use]
    pub const fn at(depth: u32, offset: u64) -> Option<Self> {
        if depth > 53 || offset > Self::MAX.0 >> depth {
            return None;
        }
        Self::new(((2 * offset + 1) << depth) - 1)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The block of a leaf.
    #[must_use]
    pub const fn block(self) -> Option<BlockIndex> {
        if self.is_leaf() {
            BlockIndex::new(self.0 / 2)
        } else {
            None
        }
    }

    /// Whether this is the leaf of a block.
    #[must_use]
    pub const fn is_leaf(self) -> bool {
        self.0 & 1 == 0
    }

    /// Levels above the leaves.
    #[must_use]
    pub const fn depth(self) -> u32 {
        self.0.trailing_ones()
    }

    /// Place among the nodes of its depth, from the left.
    #[must_use]
    pub const fn offset(self) -> u64 {
        (self.0 + 1) >> (self.depth() + 1)
    }

    /// The node over this one and its sibling.
    #[must_use]
    pub const fn parent(self) -> Self {
        if self.0 >= Self::APEX.0 {
            return Self::APEX;
        }
        let bit = 1 << self.depth();
        Self((self.0 | bit) & !(bit << 1))
    }

    /// The other node under the same parent.
    #[must_use]
    pub const fn sibling(self) -> Self {
        if self.0 >= Self::APEX.0 {
            Self::APEX
        } else {
            Self(self.0 ^ (2 << self.depth()))
        }
    }

    /// The left node below; none below a leaf.
    #[must_use]
    pub const fn left_child(self) -> Option<Self> {
        if self.is_leaf() {
            None
        } else {
            Some(Self(self.0 ^ (1 << (self.depth() - 1))))
        }
    }

    /// The right node below; none below a leaf.
    #[must_use]
    pub const fn right_child(self) -> Option<Self> {
        if self.is_leaf() {
            None
        } else {
            Some(Self(self.0 + (1 << (self.depth() - 1))))
        }
    }

    /// Both nodes below; none below a leaf.
    #[must_use]
    pub const fn children(self) -> Option<(Self, Self)> {
        match (self.left_child(), self.right_child()) {
            (Some(left), Some(right)) => Some((left, right)),
            _ => None,
        }
    }

    /// The leftmost leaf beneath; a leaf itself.
    #[must_use]
    pub const fn left_span(self) -> Self {
        Self(self.0 + 1 - (1 << self.depth()))
    }

    /// The rightmost leaf beneath; a leaf itself.
    #[must_use]
    pub const fn right_span(self) -> Self {
        Self(self.0 + (1 << self.depth()) - 1)
    }

    /// Nodes of the subtree, this one included.
    #[must_use]
    pub const fn count(self) -> u64 {
        (2 << self.depth()) - 1
    }

    /// The numbers of the blocks beneath. One past the last can be 2^52 and, above [`MAX`](Self::MAX), more.
    #[must_use]
    pub const fn blocks(self) -> Range<u64> {
        self.left_span().0 / 2..self.right_span().0 / 2 + 1
    }

    /// Whether `other` is in the subtree of this node.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.left_span().0 <= other.0 && other.0 <= self.right_span().0
    }

    /// For values that are in range by their making.
    pub(crate) const fn from_small(index: u64) -> Self {
        Self(index)
    }
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<BlockIndex> for NodeIndex {
    fn from(block: BlockIndex) -> Self {
        Self::leaf(block)
    }
}

impl From<NodeIndex> for u64 {
    fn from(index: NodeIndex) -> Self {
        index.0
    }
}
