use crate::bitfield::{Bitfield, Shape};
use crate::mixed::Mixed;
use crate::page::{PAGE_BITS, PAGES, Page, first_bit};

/// What lies at a page.
#[derive(Clone, Copy)]
pub(crate) enum Segment<'a> {
    Empty,
    /// The first bits of the page, so many; neither none nor all.
    Front(u64),
    Full,
    Mixed(&'a Mixed),
}

impl Segment<'_> {
    /// The 64 bits from `64 * at` on, the first one lowest.
    pub(crate) fn word(self, at: u64) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Front(end) => match end.saturating_sub(64 * at) {
                64.. => u64::MAX,
                bits => (1 << bits) - 1,
            },
            Self::Full => u64::MAX,
            Self::Mixed(mixed) => mixed.word(at),
        }
    }

    /// Bits set among `from..to`; `to` may be past the page if every page of the segment is the same.
    pub(crate) fn count_in(self, from: u64, to: u64) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Front(end) => end.min(to).saturating_sub(from),
            Self::Full => to - from,
            Self::Mixed(mixed) => mixed.count_in(from, to),
        }
    }

    /// The first bit of the page at or after `from` that is `value`.
    fn first(self, from: u64, value: bool) -> Option<u64> {
        match self {
            Self::Empty => (!value).then_some(from),
            Self::Front(end) if value => (from < end).then_some(from),
            Self::Front(end) => Some(from.max(end)),
            Self::Full => value.then_some(from),
            Self::Mixed(mixed) => mixed.first(from, value),
        }
    }

    pub(crate) fn page(self) -> Page {
        match self {
            Self::Empty => Page::Empty,
            Self::Front(end) => {
                let mut front = Mixed::filled(false);
                front.fill(0, end, true);
                Page::Mixed(*front.bytes())
            }
            Self::Full => Page::Full,
            Self::Mixed(mixed) => Page::Mixed(*mixed.bytes()),
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
            if let Some(bit) = segment.first(at % PAGE_BITS, value) {
                return Some(page * PAGE_BITS + bit);
            }
            at = first_bit(until)?;
        }
    }
}

impl Bitfield {
    /// What lies at a page, and the first page of which this does not tell. Costs a few searches.
    pub(crate) fn segment(&self, page: u64) -> (Segment<'_>, u64) {
        match &self.shape {
            Shape::Front(end) => {
                let (whole, rest) = (end / PAGE_BITS, end % PAGE_BITS);
                if page < whole {
                    (Segment::Full, whole)
                } else if page == whole && rest > 0 {
                    (Segment::Front(rest), page + 1)
                } else {
                    (Segment::Empty, PAGES)
                }
            }
            Shape::Pages(pages) => pages.segment(page),
        }
    }
}
