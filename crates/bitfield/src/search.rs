//! Searches, 64 bits at a time, runs and empty stretches in one step.

use crate::bitfield::{Bitfield, Segment};
use crate::page::{PAGE_BITS, masks};
use crate::range::first_bit;
use core::ops::Range;

impl Bitfield {
    /// The first bit at or after `from` that is not set. [`u64::MAX`] is never taken for set.
    #[must_use]
    pub fn first_unset(&self, from: u64) -> u64 {
        let mut at = from;
        loop {
            let page = at / PAGE_BITS;
            match self.segment(page) {
                Segment::Empty(_) => return at,
                Segment::Full(until) => at = first_bit(until),
                Segment::Mixed(mixed) => match mixed.first(at % PAGE_BITS, false) {
                    Some(bit) => return page * PAGE_BITS + bit,
                    None => at = first_bit(page + 1),
                },
            }
            if at == u64::MAX {
                return at;
            }
        }
    }

    /// The first bit at or after `from` that is set.
    #[must_use]
    pub fn first_set(&self, from: u64) -> Option<u64> {
        let mut at = from;
        loop {
            let page = at / PAGE_BITS;
            match self.segment(page) {
                Segment::Empty(u64::MAX) => return None,
                Segment::Empty(until) => at = first_bit(until),
                Segment::Full(_) => return Some(at),
                Segment::Mixed(mixed) => match mixed.first(at % PAGE_BITS, true) {
                    Some(bit) => return Some(page * PAGE_BITS + bit),
                    None if at == u64::MAX => return None,
                    None => at = first_bit(page + 1),
                },
            }
        }
    }

    /// The last bit that is set.
    #[must_use]
    pub fn last_set(&self) -> Option<u64> {
        let full = self
            .full
            .last_key_value()
            .map(|(_, end)| first_bit(*end) - 1);
        let mixed = self
            .mixed
            .last_key_value()
            .and_then(|(page, mixed)| Some(page * PAGE_BITS + mixed.last()?));
        full.max(mixed)
    }

    /// The first number in `range` that is in `wanted` and neither in `held` nor in `requested`.
    ///
    /// What picks the next block to ask for. Full and empty stretches take one step each.
    #[must_use]
    pub fn first_available(
        wanted: &Self,
        held: &Self,
        requested: &Self,
        range: Range<u64>,
    ) -> Option<u64> {
        let mut at = range.start;
        loop {
            at = wanted.first_set(at)?;
            if at >= range.end {
                return None;
            }
            let page = at / PAGE_BITS;
            let (want, have, asked) = (
                wanted.segment(page),
                held.segment(page),
                requested.segment(page),
            );
            at = match (want, have, asked) {
                (_, Segment::Full(until), _) | (_, _, Segment::Full(until)) => first_bit(until),
                (_, Segment::Empty(_), Segment::Empty(_)) => return Some(at),
                (want, have, asked) => {
                    let free = |at: u64| want.word(at) & !have.word(at) & !asked.word(at);
                    let found = masks(at % PAGE_BITS, PAGE_BITS).find_map(|(at, mask)| {
                        let word = free(at) & mask;
                        (word != 0).then(|| at * 64 + u64::from(word.trailing_zeros()))
                    });
                    match found.map(|bit| page * PAGE_BITS + bit) {
                        Some(bit) => return (bit < range.end).then_some(bit),
                        None => first_bit(page + 1),
                    }
                }
            };
        }
    }
}

impl Segment<'_> {
    fn word(&self, at: u64) -> u64 {
        match self {
            Self::Empty(_) => 0,
            Self::Full(_) => u64::MAX,
            Self::Mixed(mixed) => mixed.word(at),
        }
    }
}
