use crate::bitfield::Bitfield;
use crate::mixed::Mixed;
use crate::page::{PAGE_BITS, PAGES, first_bit};

/// What lies at a page.
#[derive(Clone, Copy)]
pub(crate) enum Segment<'a> {
    Empty,
    Full,
    Mixed(&'a Mixed),
}

impl Segment<'_> {
    /// The 64 bits from `64 * at` on, the first one lowest.
    pub(crate) fn word(self, at: u64) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Full => u64::MAX,
            Self::Mixed(mixed) => mixed.word(at),
        }
    }
}

/// A place in a bitfield that only moves forward. It remembers the stretch it is in, so that going on there costs no
/// search in the maps.
#[derive(Clone)]
pub(crate) struct Scan<'a> {
    bits: &'a Bitfield,
    segment: Segment<'a>,
    /// The first page of which `segment` does not tell.
    until: u64,
}

impl<'a> Scan<'a> {
    pub(crate) const fn new(bits: &'a Bitfield) -> Self {
        Self {
            bits,
            segment: Segment::Empty,
            until: 0,
        }
    }

    /// What lies at a page, and the first page of which this does not tell.
    pub(crate) fn at(&mut self, page: u64) -> (Segment<'a>, u64) {
        if page >= self.until {
            (self.segment, self.until) = self.bits.segment(page);
        }
        (self.segment, self.until)
    }

    /// The first bit at or after `from` that is `value`.
    pub(crate) fn first(&mut self, from: u64, value: bool) -> Option<u64> {
        let mut at = from;
        loop {
            let page = at / PAGE_BITS;
            let (segment, until) = self.at(page);
            match segment {
                Segment::Empty if !value => return Some(at),
                Segment::Full if value => return Some(at),
                Segment::Mixed(mixed) => {
                    if let Some(bit) = mixed.first(at % PAGE_BITS, value) {
                        return Some(page * PAGE_BITS + bit);
                    }
                }
                Segment::Empty | Segment::Full => {}
            }
            at = first_bit(until)?;
        }
    }
}

impl Bitfield {
    /// What lies at a page, and the first page of which this does not tell. Costs a few searches in the maps.
    pub(crate) fn segment(&self, page: u64) -> (Segment<'_>, u64) {
        let mixed = self.mixed.range(page..).next();
        if let Some((at, mixed)) = mixed
            && *at == page
        {
            return (Segment::Mixed(mixed), page + 1);
        }
        if let Some((_, end)) = self.full.range(..=page).next_back()
            && *end > page
        {
            return (Segment::Full, *end);
        }
        let run = self.full.range(page..).next().map(|(start, _)| *start);
        let next = run.into_iter().chain(mixed.map(|(at, _)| *at)).min();
        (Segment::Empty, next.unwrap_or(PAGES))
    }
}
