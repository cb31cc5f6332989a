//! Whole ranges at a time.

use crate::bitfield::Bitfield;
use crate::page::{PAGE_BITS, first_bit};
use crate::scan::Scan;
use core::ops::Range;

impl Bitfield {
    /// Sets a range; gives how many bits changed.
    ///
    /// Costs the mixed pages and runs that it swallows, not the length.
    pub fn insert_range(&mut self, range: Range<u64>) -> u64 {
        self.fill(range, true)
    }

    /// Clears a range; gives how many bits changed. Costs what [`insert_range`](Self::insert_range) costs.
    pub fn remove_range(&mut self, range: Range<u64>) -> u64 {
        self.fill(range, false)
    }

    /// Bits set within a range. Costs the mixed pages and runs in it.
    #[must_use]
    pub fn count_range(&self, range: Range<u64>) -> u64 {
        let mut scan = Scan::new(self);
        let mut count = 0;
        let mut at = range.start;
        while at < range.end {
            let (segment, until) = scan.at(at / PAGE_BITS);
            let end = first_bit(until).map_or(range.end, |end| end.min(range.end));
            let from = at % PAGE_BITS;
            count += segment.count_in(from, from + (end - at));
            at = end;
        }
        count
    }

    /// Whether every bit of a range is set. True of an empty range.
    #[must_use]
    pub fn contains_range(&self, range: Range<u64>) -> bool {
        range.start >= range.end || self.first_unset(range.start) >= range.end
    }

    /// The maximal runs of set bits within a range, in order; cut at its ends.
    ///
    /// Full and empty stretches take one step each, mixed pages one for 64 bits and one for each run.
    pub fn runs(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        self.stretches(range, true)
    }

    /// The maximal runs of clear bits within a range, in order; cut at its ends. Costs what [`runs`](Self::runs) costs.
    pub fn gaps(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        self.stretches(range, false)
    }

    fn stretches(&self, range: Range<u64>, value: bool) -> impl Iterator<Item = Range<u64>> {
        let mut scan = Scan::new(self);
        let mut at = range.start;
        core::iter::from_fn(move || {
            if at >= range.end {
                return None;
            }
            let start = scan
                .first(at, value)
                .map_or(range.end, |start| start.min(range.end));
            at = scan
                .first(start, !value)
                .map_or(range.end, |end| end.min(range.end));
            (start < range.end).then_some(start..at)
        })
    }
}
