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
        mut usable: impl FnMut(NodeIndex) -> bool,
    ) -> Digest {
        if self.get(node) {
            return Digest::ALL;
        }
        let mut digest = 0;
        let mut top = node;
        for level in 0..LEVELS {
            let (sibling, parent) = (top.sibling(), top.parent());
            if sibling.right_span().get() >= allocated_bits && parent.left_span().get() == 0 {
                break;
            }
            if self.get(sibling) && (self.is_implied(sibling) || usable(sibling)) {
                digest |= 2 << level;
            }
            if self.get(parent) {
                digest |= 1 | 4 << level;
                let is_everything = (digest + 1_u64).is_power_of_two();
                return if is_everything {
                    Digest::ALL
                } else {
                    Digest(digest)
                };
            }
            top = parent;
        }
        Digest(digest)
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
        let held = self.digest_where(node, allocated_bits, usable);
        if held == Digest::ALL || held.0 & 1 == 0 {
            return held;
        }
        let ancestor = held.0.ilog2() - 1;
        let mut top = node;
        for level in 0..ancestor {
            if arriving(top.sibling()) {
                let below = held.0 & ((2 << level) - 2);
                let claimed = below | 1 | (2 << level);
                return if (claimed + 1).is_power_of_two() {
                    Digest::ALL
                } else {
                    Digest(claimed)
                };
            }
            top = top.parent();
        }
        held
    }
}

/// Levels of the largest tree: no node above is ever held, and no bit above fits.
const LEVELS: u32 = 54;
