use crate::{BlockIndex, NodeIndex};
use core::iter::FusedIterator;

/// The roots of the complete subtrees that together cover the first `length` blocks, left to right.
///
/// Lengths past 2^52, which no feed has, are taken for 2^52.
#[must_use]
pub const fn full_roots(length: u64) -> FullRoots {
    let most = BlockIndex::MAX.get() + 1;
    FullRoots {
        start: 0,
        rest: if length < most { length } else { most },
    }
}

/// Iterator of [`full_roots`]: one root for each one bit of the length.
#[derive(Debug, Clone)]
pub struct FullRoots {
    /// Blocks covered so far.
    start: u64,
    /// Blocks still to cover.
    rest: u64,
}

impl Iterator for FullRoots {
    type Item = NodeIndex;

    fn next(&mut self) -> Option<NodeIndex> {
        // The largest power of two that is not above the rest.
        let size = 1 << self.rest.checked_ilog2()?;
        let root = NodeIndex::from_small(2 * self.start + size - 1);
        self.start += size;
        self.rest -= size;
        Some(root)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let roots = self.rest.count_ones() as usize;
        (roots, Some(roots))
    }
}

impl ExactSizeIterator for FullRoots {}
impl FusedIterator for FullRoots {}
