//! Searches, 64 bits at a time, full and empty stretches in one step.

use crate::bitfield::{Bitfield, Shape};
use crate::mixed::first_one;
use crate::page::{PAGE_BITS, first_bit};
use crate::scan::{Scan, Segment};
use core::ops::Range;

impl Bitfield {
    /// The first bit at or after `from` that is not set; [`u64::MAX`] when there is none.
    #[must_use]
    pub fn first_unset(&self, from: u64) -> u64 {
        Scan::new(self).first(from, false).unwrap_or(u64::MAX)
    }

    /// The first bit at or after `from` that is set.
    #[must_use]
    pub fn first_set(&self, from: u64) -> Option<u64> {
        Scan::new(self).first(from, true)
    }

    /// The last bit that is set.
    #[must_use]
    pub fn last_set(&self) -> Option<u64> {
        match &self.shape {
            Shape::Front(end) => end.checked_sub(1),
            Shape::Pages(pages) => pages.last_set(),
        }
    }

    /// The first number in `range` that is in `wanted` and neither in `held` nor in `requested`.
    ///
    /// What picks the next block to ask for. Stretches that are not wanted, or wholly held, or wholly requested, take one
    /// step each; other pages one for 64 bits.
    #[must_use]
    pub fn first_available(
        wanted: &Self,
        held: &Self,
        requested: &Self,
        range: Range<u64>,
    ) -> Option<u64> {
        let [mut wanted, mut held, mut requested] = [wanted, held, requested].map(Scan::new);
        let mut at = range.start;
        while at < range.end {
            at = wanted.first(at, true).filter(|at| *at < range.end)?;
            let page = at / PAGE_BITS;
            let (want, _) = wanted.at(page);
            let (have, have_until) = held.at(page);
            let (asked, asked_until) = requested.at(page);
            let until = match (have, asked) {
                (Segment::Empty, Segment::Empty) => return Some(at),
                (Segment::Full, Segment::Full) => have_until.max(asked_until),
                (Segment::Full, _) => have_until,
                (_, Segment::Full) => asked_until,
                _ => {
                    let free = |at| want.word(at) & !have.word(at) & !asked.word(at);
                    if let Some(bit) = first_one(at % PAGE_BITS, free) {
                        let found = page * PAGE_BITS + bit;
                        return (found < range.end).then_some(found);
                    }
                    page + 1
                }
            };
            at = first_bit(until)?;
        }
        None
    }
}
