//! Whole ranges at a time.

use crate::bitfield::{Bitfield, Segment};
use crate::page::PAGE_BITS;
use core::ops::Range;

impl Bitfield {
    /// Sets a range; gives how many bits changed. Costs the pages that stop being mixed, not the length.
    pub fn insert_range(&mut self, range: Range<u64>) -> u64 {
        self.fill(range, true)
    }

    /// Clears a range; gives how many bits changed.
    pub fn remove_range(&mut self, range: Range<u64>) -> u64 {
        self.fill(range, false)
    }

    /// Bits set within a range.
    #[must_use]
    pub fn count_range(&self, range: Range<u64>) -> u64 {
        let mut count = 0;
        let mut at = range.start;
        while at < range.end {
            let page = at / PAGE_BITS;
            let end = match self.segment(page) {
                Segment::Empty(until) => first_bit(until),
                Segment::Full(until) => {
                    let end = first_bit(until).min(range.end);
                    count += end - at;
                    end
                }
                Segment::Mixed(mixed) => {
                    let start = page * PAGE_BITS;
                    count += mixed.count_in(at - start, (range.end - start).min(PAGE_BITS));
                    first_bit(page + 1)
                }
            };
            at = end;
            if end == u64::MAX {
                break;
            }
        }
        count
    }

    /// Whether every bit of a range is set. True of an empty range.
    #[must_use]
    pub fn contains_range(&self, range: Range<u64>) -> bool {
        range.start >= range.end || self.first_unset(range.start) >= range.end
    }

    /// The maximal runs of set bits within a range, in order.
    pub fn runs(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let mut at = range.start;
        core::iter::from_fn(move || {
            let start = self.first_set(at).filter(|start| *start < range.end)?;
            at = self.first_unset(start).min(range.end);
            Some(start..at)
        })
    }

    /// The maximal runs of clear bits within a range, in order.
    pub fn gaps(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let mut at = range.start;
        core::iter::from_fn(move || {
            let start = self.first_unset(at);
            if start >= range.end {
                return None;
            }
            at = self
                .first_set(start)
                .map_or(range.end, |end| end.min(range.end));
            Some(start..at)
        })
    }

    fn fill(&mut self, range: Range<u64>, value: bool) -> u64 {
        if range.start >= range.end {
            return 0;
        }
        let (first, last) = (range.start / PAGE_BITS, (range.end - 1) / PAGE_BITS);
        let (from, to) = (range.start % PAGE_BITS, (range.end - 1) % PAGE_BITS + 1);
        if first == last {
            return if to - from == PAGE_BITS {
                self.fill_pages(first, first + 1, value)
            } else {
                self.fill_in_page(first, from, to, value)
            };
        }
        let mut changed = 0;
        let mut whole = first..last + 1;
        if from > 0 {
            changed += self.fill_in_page(first, from, PAGE_BITS, value);
            whole.start += 1;
        }
        if to < PAGE_BITS {
            changed += self.fill_in_page(last, 0, to, value);
            whole.end -= 1;
        }
        changed + self.fill_pages(whole.start, whole.end, value)
    }
}

/// The first bit of a page, or the end of all numbers.
pub(crate) fn first_bit(page: u64) -> u64 {
    page.saturating_mul(PAGE_BITS)
}
