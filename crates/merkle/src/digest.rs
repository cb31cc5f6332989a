use crate::TreeIndex;
use hyperfeed_flat_tree::NodeIndex;

/// What an asker already has on the way from a node up to the root, as bits (spec section 8).
///
/// | bits | meaning |
/// |---|---|
/// | all zero | nothing |
/// | just the lowest | the node itself, or all that is needed to verify it |
/// | lowest clear, bit `k + 1` | the sibling of the ancestor `k` levels up |
/// | lowest set, highest at `k + 1` | the ancestor `k` levels up; the bits between are siblings as above |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Digest(u64);

impl Digest {
    /// The asker has nothing.
    pub const NONE: Self = Self(0);
    /// The asker has all that is needed: no proof is to come along.
    pub const ALL: Self = Self(1);

    /// The digest of these bits. All are possible.
    #[must_use]
    pub const fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl TreeIndex {
    /// What is held on the way up from a node, for a request of it.
    ///
    /// `allocated_bits` is where upstream stops looking: [`allocated_bits`](Self::allocated_bits) for requests
    /// equal to upstream's.
    #[must_use]
    pub fn digest(&self, node: NodeIndex, allocated_bits: u64) -> Digest {
        self.digest_where(node, allocated_bits, |_| true)
    }

    /// As [`digest`](Self::digest), but does not claim the siblings that `usable` denies, so that they are sent.
    ///
    /// `usable` is asked only for siblings that are held and not in the contiguous part. It is for nodes whose size
    /// was taken on trust: a parent made with a wrong size does not verify, a node that is sent again does.
    pub fn digest_where(
        &self,
        node: NodeIndex,
        allocated_bits: u64,
        usable: impl FnMut(NodeIndex) -> bool,
    ) -> Digest {
        self.climb(node, allocated_bits, usable, |_| false)
    }

    /// As [`digest_where`](Self::digest_where), for an asker that is about to get other blocks first.
    ///
    /// `arriving` tells whether a block beneath a node comes from the same peer before the answer to this request. With
    /// such a block under the sibling of a node on the way up comes the node itself, and nothing above it is needed: so
    /// of neighbouring blocks that are asked for together each node is sent once. Claims nothing ahead if no node
    /// on the way up is held yet: then it is not known how far up the proofs of the others go.
    ///
    /// If one of the others does not come, the answer may prove nothing. That is not the peer's fault: ask again,
    /// with a digest that claims nothing ahead.
    pub fn digest_ahead(
        &self,
        node: NodeIndex,
        allocated_bits: u64,
        usable: impl FnMut(NodeIndex) -> bool,
        mut arriving: impl FnMut(NodeIndex) -> bool,
    ) -> Digest {
        let is_anchored = self.has_ancestor(node, allocated_bits);
        self.climb(node, allocated_bits, usable, |sibling| {
            is_anchored && arriving(sibling)
        })
    }

    /// What is held on the way up, as far as the first sibling that is `arriving`.
    fn climb(
        &self,
        node: NodeIndex,
        allocated_bits: u64,
        mut usable: impl FnMut(NodeIndex) -> bool,
        mut arriving: impl FnMut(NodeIndex) -> bool,
    ) -> Digest {
        if self.get(node) {
            return Digest::ALL;
        }
        let mut digest = 0;
        let mut top = node;
        for level in 0..LEVELS {
            let (sibling, parent) = (top.sibling(), top.parent());
            if is_beyond(top, allocated_bits) {
                break;
            }
            if arriving(sibling) {
                return Digest::up_to(digest, level);
            }
            if self.get(sibling) && (self.is_implied(sibling) || usable(sibling)) {
                digest |= 2 << level;
            }
            if self.get(parent) {
                return Digest::up_to(digest, level + 1);
            }
            top = parent;
        }
        Digest(digest)
    }

    /// Whether a node above is held, as far up as digests tell. Looks from the top: what is held there is soon found.
    fn has_ancestor(&self, node: NodeIndex, allocated_bits: u64) -> bool {
        let (depth, offset) = (node.depth(), node.offset());
        // From this height on nodes begin at the first block and reach beyond all bits.
        let height = allocated_bits.max(node.get()).max(1).ilog2() + 2;
        let above = (depth..height).rev();
        let mut tops = above.filter_map(|at| NodeIndex::at(at, offset >> (at - depth)));
        tops.any(|top| !is_beyond(top, allocated_bits) && self.get(top.parent()))
    }
}

impl Digest {
    /// Of somebody who has these siblings, and the ancestor so many levels up; 0 is the node itself.
    fn up_to(siblings: u64, levels: u32) -> Self {
        let bits = siblings | 1 | 2 << levels;
        if (bits + 1).is_power_of_two() {
            Self::ALL
        } else {
            Self(bits)
        }
    }
}

/// Whether upstream looks no further up than this node.
const fn is_beyond(top: NodeIndex, allocated_bits: u64) -> bool {
    top.sibling().right_span().get() >= allocated_bits && top.parent().left_span().get() == 0
}

/// Levels of the largest tree: no node above is ever held, and no bit above fits.
const LEVELS: u32 = 54;
