use crate::mixed::Mixed;
use crate::page::{PAGE_BITS, PAGES, Page};
use crate::scan::{Scan, Segment};
use alloc::collections::BTreeMap;
use core::fmt;

/// A set of `u64` numbers: which blocks are held, which nodes are known, what a peer has.
///
/// Runs of full pages are kept as ranges, so that a feed held from its first block on costs one range and one mixed
/// page, however long it is. Pages that are neither empty nor full are kept as bits, empty ones not at all. Two
/// bitfields are equal when they hold the same numbers, however they came to it.
///
/// Ranges are half open, so that they reach every number but [`u64::MAX`]; that one goes by itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bitfield {
    /// Full pages: from the first one to the one past the last. Never empty, never touching.
    pub(crate) full: BTreeMap<u64, u64>,
    /// Pages that are neither empty nor full, and not within `full`.
    pub(crate) mixed: BTreeMap<u64, Mixed>,
    /// Bits set, modulo 2^64.
    pub(crate) count: u64,
}

impl Bitfield {
    /// An empty bitfield. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            full: BTreeMap::new(),
            mixed: BTreeMap::new(),
            count: 0,
        }
    }

    /// Sets a bit; tells whether it was clear.
    ///
    /// One search among the mixed pages while the page is mixed; a page that begins or ends being mixed takes a few.
    pub fn insert(&mut self, bit: u64) -> bool {
        let (page, within) = (bit / PAGE_BITS, bit % PAGE_BITS);
        self.fill_in_page(page, within, within + 1, true) > 0
    }

    /// Clears a bit; tells whether it was set. Costs what [`insert`](Self::insert) costs.
    pub fn remove(&mut self, bit: u64) -> bool {
        let (page, within) = (bit / PAGE_BITS, bit % PAGE_BITS);
        self.fill_in_page(page, within, within + 1, false) > 0
    }

    /// Clears all.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Replaces a page by one that was stored, whatever was there; `page` is its number, below 2^52.
    ///
    /// A [`Page::Mixed`] that is in truth empty or full is taken as what it is. A page past the last one is ignored.
    /// Costs the page's bytes and a few searches.
    pub fn set_page(&mut self, page: u64, content: Page<'_>) {
        if page >= PAGES {
            return;
        }
        match content {
            Page::Empty => {
                self.fill_pages(page, page + 1, false);
            }
            Page::Full => {
                self.fill_pages(page, page + 1, true);
            }
            Page::Mixed(bytes) => {
                self.fill_pages(page, page + 1, false);
                self.put_page(page, Mixed::from_bytes(bytes));
            }
        }
    }

    /// Whether a bit is set. Two searches at most.
    #[must_use]
    pub fn get(&self, bit: u64) -> bool {
        let page = bit / PAGE_BITS;
        match self.mixed.get(&page) {
            Some(mixed) => mixed.get(bit % PAGE_BITS),
            None => self.is_full_page(page),
        }
    }

    /// Whether no bit is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.full.is_empty() && self.mixed.is_empty()
    }

    /// Bits set; when all are, [`u64::MAX`], which is one too few. Costs nothing.
    #[must_use]
    pub fn count(&self) -> u64 {
        if self.count == 0 && !self.is_empty() {
            return u64::MAX;
        }
        self.count
    }

    /// A page, by number. Two searches at most.
    #[must_use]
    pub fn page(&self, page: u64) -> Page<'_> {
        match self.mixed.get(&page) {
            Some(mixed) => Page::Mixed(mixed.bytes()),
            None if self.is_full_page(page) => Page::Full,
            None => Page::Empty,
        }
    }

    /// The pages that are not empty, in order, with their numbers; full ones one by one, so that a full run takes as
    /// many steps as it has pages.
    pub fn pages(&self) -> impl Iterator<Item = (u64, Page<'_>)> {
        let mut scan = Scan::new(self);
        let mut next = 0;
        core::iter::from_fn(move || {
            while next < PAGES {
                let page = next;
                let (segment, until) = scan.at(page);
                next += 1;
                match segment {
                    Segment::Empty => next = until,
                    Segment::Full => return Some((page, Page::Full)),
                    Segment::Mixed(mixed) => return Some((page, Page::Mixed(mixed.bytes()))),
                }
            }
            None
        })
    }

    /// Pages kept as bits, of [`PAGE_BYTES`](crate::PAGE_BYTES) each.
    #[must_use]
    pub fn mixed_pages(&self) -> usize {
        self.mixed.len()
    }

    /// Runs of full pages, kept as ranges.
    #[must_use]
    pub fn full_runs(&self) -> usize {
        self.full.len()
    }

    /// Bytes of memory that the content takes: `576 * mixed_pages() + 40 * full_runs()`, both with their share of the
    /// maps. An estimate, near what common allocators take.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.mixed.len() * MIXED_MEMORY + self.full.len() * RUN_MEMORY
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
