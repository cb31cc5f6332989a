use crate::page::{PAGE_BITS, PAGES, Page};
use crate::pages::Pages;
use crate::scan::{Scan, Segment};
use alloc::boxed::Box;
use core::fmt;
use core::ops::Range;

/// A set of `u64` numbers: which blocks are held, which nodes are known, what a peer has.
///
/// The numbers below some number, and no others, are kept as that number: what a feed holds that is complete, and what
/// anything holds that is empty, costs no memory. Otherwise runs of full pages are kept as ranges, pages that are
/// neither empty nor full as bits, empty ones not at all. Two bitfields are equal when they hold the same numbers,
/// however they came to it.
///
/// Ranges are half open, so that they reach every number but [`u64::MAX`]; that one goes by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitfield {
    pub(crate) shape: Shape,
}

/// How the numbers are kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Those below this one.
    Front(u64),
    /// Whatever is no `Front`.
    Pages(Box<Pages>),
}

impl Bitfield {
    /// An empty bitfield. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            shape: Shape::Front(0),
        }
    }

    /// Sets a bit; tells whether it was clear.
    ///
    /// One search among the mixed pages while the page is mixed; a page that begins or ends being mixed takes a few.
    pub fn insert(&mut self, bit: u64) -> bool {
        self.fill_bit(bit, true)
    }

    /// Clears a bit; tells whether it was set. Costs what [`insert`](Self::insert) costs.
    pub fn remove(&mut self, bit: u64) -> bool {
        self.fill_bit(bit, false)
    }

    /// Clears all.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Replaces a page by one that was stored, whatever was there; `page` is its number, below 2^52.
    ///
    /// A [`Page::Mixed`] that is in truth empty or full is taken as what it is. A page past the last one is ignored.
    /// Costs the page's bytes and a few searches.
    pub fn set_page(&mut self, page: u64, content: Page) {
        if page < PAGES {
            self.change(|pages| pages.set(page, content));
        }
    }

    /// Whether a bit is set. Two searches at most.
    #[must_use]
    pub fn get(&self, bit: u64) -> bool {
        match &self.shape {
            Shape::Front(end) => bit < *end,
            Shape::Pages(pages) => pages.get(bit),
        }
    }

    /// Whether no bit is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.shape, Shape::Front(0))
    }

    /// Bits set; when all are, [`u64::MAX`], which is one too few. Costs nothing.
    #[must_use]
    pub fn count(&self) -> u64 {
        match &self.shape {
            Shape::Front(end) => *end,
            Shape::Pages(pages) => pages.count(),
        }
    }

    /// A page, by number. A few searches.
    #[must_use]
    pub fn page(&self, page: u64) -> Page {
        let (segment, _) = self.segment(page);
        segment.page()
    }

    /// The pages that are not empty, in order, with their numbers; full ones one by one, so that a full run takes as
    /// many steps as it has pages.
    pub fn pages(&self) -> impl Iterator<Item = (u64, Page)> {
        let mut scan = Scan::new(self);
        let mut next = 0;
        core::iter::from_fn(move || {
            while next < PAGES {
                let page = next;
                let (segment, until) = scan.at(page);
                if let Segment::Empty = segment {
                    next = until;
                } else {
                    next += 1;
                    return Some((page, segment.page()));
                }
            }
            None
        })
    }

    /// Pages kept as bits, of [`PAGE_BYTES`](crate::PAGE_BYTES) each.
    #[must_use]
    pub fn mixed_pages(&self) -> usize {
        match &self.shape {
            Shape::Front(_) => 0,
            Shape::Pages(pages) => pages.mixed.len(),
        }
    }

    /// Runs of full pages, kept as ranges.
    #[must_use]
    pub fn full_runs(&self) -> usize {
        match &self.shape {
            Shape::Front(_) => 0,
            Shape::Pages(pages) => pages.full.len(),
        }
    }

    /// Bytes of memory that the content takes: `576 * mixed_pages() + 40 * full_runs()`, both with their share of the
    /// maps. An estimate, near what common allocators take.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.mixed_pages() * MIXED_MEMORY + self.full_runs() * RUN_MEMORY
    }

    /// Sets or clears a range; gives how many bits changed.
    pub(crate) fn fill(&mut self, range: Range<u64>, value: bool) -> u64 {
        if range.start >= range.end {
            return 0;
        }
        if let Shape::Front(end) = &mut self.shape {
            let before = *end;
            if value && range.start <= before {
                *end = range.end.max(before);
                return *end - before;
            }
            if !value && range.end >= before {
                *end = range.start.min(before);
                return before - *end;
            }
        }
        self.change(|pages| pages.fill(range, value))
    }

    fn fill_bit(&mut self, bit: u64, value: bool) -> bool {
        let changed = match bit.checked_add(1) {
            Some(end) => self.fill(bit..end, value),
            None => {
                self.change(|pages| pages.fill_in_page(PAGES - 1, PAGE_BITS - 1, PAGE_BITS, value))
            }
        };
        changed > 0
    }

    fn change<R>(&mut self, change: impl FnOnce(&mut Pages) -> R) -> R {
        let mut pages = match core::mem::take(self).shape {
            Shape::Front(end) => Box::new(Pages::front(end)),
            Shape::Pages(pages) => pages,
        };
        let changed = change(&mut pages);
        self.shape = match pages.as_front() {
            Some(end) => Shape::Front(end),
            None => Shape::Pages(pages),
        };
        changed
    }
}

impl Default for Bitfield {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Bitfield {
    /// The runs of set bits, the first few of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs = self.runs(0..u64::MAX);
        let mut list = f.debug_list();
        list.entries(runs.by_ref().take(SHOWN));
        if runs.next().is_some() {
            list.entry(&format_args!(".."));
        }
        list.finish()
    }
}

/// Runs in debug output.
const SHOWN: usize = 8;
/// A mixed page: its bits, their allocation, its share of a half full tree.
const MIXED_MEMORY: usize = 576;
/// A run, with its share of a half full tree.
const RUN_MEMORY: usize = 40;
