use crate::page::{Mixed, PAGE_BITS, Page};
use alloc::collections::BTreeMap;
use core::fmt;

/// A set of `u64` numbers: which blocks are held, which nodes are known, what a peer has.
///
/// Runs of full pages are kept as ranges, so that a feed held from its first block on costs one range and one mixed
/// page, however long it is. Pages that are neither empty nor full are kept as bits, empty ones not at all.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bitfield {
    /// Full pages: from the first one to the one past the last. Never empty, never touching.
    pub(crate) full: BTreeMap<u64, u64>,
    pub(crate) mixed: BTreeMap<u64, Mixed>,
    pub(crate) count: u64,
}

/// What lies at a page, and how far.
pub(crate) enum Segment<'a> {
    /// Nothing, up to the page given.
    Empty(u64),
    /// Everything, up to the page given.
    Full(u64),
    /// A page of bits.
    Mixed(&'a Mixed),
}

impl Bitfield {
    /// An empty bitfield.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            full: BTreeMap::new(),
            mixed: BTreeMap::new(),
            count: 0,
        }
    }

    /// Sets a bit; tells whether it was clear.
    pub fn insert(&mut self, bit: u64) -> bool {
        self.fill_in_page(bit / PAGE_BITS, bit % PAGE_BITS, bit % PAGE_BITS + 1, true) > 0
    }

    /// Clears a bit; tells whether it was set.
    pub fn remove(&mut self, bit: u64) -> bool {
        self.fill_in_page(bit / PAGE_BITS, bit % PAGE_BITS, bit % PAGE_BITS + 1, false) > 0
    }

    /// Clears all.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Replaces a page by one that was stored. Costs the page's bytes.
    pub fn set_page(&mut self, page: u64, content: Page<'_>) {
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

    /// Whether a bit is set.
    #[must_use]
    pub fn get(&self, bit: u64) -> bool {
        match self.segment(bit / PAGE_BITS) {
            Segment::Empty(_) => false,
            Segment::Full(_) => true,
            Segment::Mixed(page) => page.get(bit % PAGE_BITS),
        }
    }

    /// Whether no bit is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bits set. Costs nothing.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// A page.
    #[must_use]
    pub fn page(&self, page: u64) -> Page<'_> {
        match self.segment(page) {
            Segment::Empty(_) => Page::Empty,
            Segment::Full(_) => Page::Full,
            Segment::Mixed(mixed) => Page::Mixed(mixed.bytes()),
        }
    }

    /// The pages that are not empty, in order, full ones one by one.
    pub fn pages(&self) -> impl Iterator<Item = (u64, Page<'_>)> {
        let mut next = 0;
        core::iter::from_fn(move || {
            if let Segment::Empty(until) = self.segment(next) {
                next = until;
            }
            let page = next;
            next = next.saturating_add(1);
            match self.page(page) {
                Page::Empty => None,
                found => Some((page, found)),
            }
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

    /// Bytes of memory, as far as they grow with the content: about 560 a mixed page and 32 a run of full ones.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.mixed.len() * MIXED_MEMORY + self.full.len() * RUN_MEMORY
    }

    pub(crate) fn segment(&self, page: u64) -> Segment<'_> {
        if let Some(mixed) = self.mixed.get(&page) {
            return Segment::Mixed(mixed);
        }
        if let Some((_, end)) = self.full.range(..=page).next_back()
            && *end > page
        {
            return Segment::Full(*end);
        }
        let run = self.full.range(page..).next().map(|(start, _)| *start);
        let mixed = self.mixed.range(page..).next().map(|(page, _)| *page);
        Segment::Empty(run.into_iter().chain(mixed).min().unwrap_or(u64::MAX))
    }

    /// Sets or clears bits within one page; gives how many changed.
    pub(crate) fn fill_in_page(&mut self, page: u64, from: u64, to: u64, value: bool) -> u64 {
        if let Some(mixed) = self.mixed.get_mut(&page) {
            let changed = mixed.fill(from, to, value);
            let count = mixed.count();
            self.adjust(changed, value);
            if count == PAGE_BITS {
                self.mixed.remove(&page);
                self.add_run(page, page + 1);
            } else if count == 0 {
                self.mixed.remove(&page);
            }
            return changed;
        }
        let is_full = matches!(self.segment(page), Segment::Full(_));
        if is_full == value {
            return 0;
        }
        let mut mixed = Mixed::filled(is_full);
        let changed = mixed.fill(from, to, value);
        if is_full {
            self.cut_runs(page, page + 1);
            self.adjust(PAGE_BITS, false);
        }
        self.put_page(page, mixed);
        changed
    }

    /// Sets or clears whole pages; gives how many bits changed.
    pub(crate) fn fill_pages(&mut self, from: u64, to: u64, value: bool) -> u64 {
        if from >= to {
            return 0;
        }
        let before = self.count_pages(from, to);
        let dropped = self
            .mixed
            .range(from..to)
            .map(|(page, _)| *page)
            .collect::<alloc::vec::Vec<_>>();
        for page in dropped {
            self.mixed.remove(&page);
        }
        let changed = if value {
            self.add_run(from, to);
            (to - from).saturating_mul(PAGE_BITS) - before
        } else {
            self.cut_runs(from, to);
            before
        };
        self.adjust(changed, value);
        changed
    }

    fn count_pages(&self, from: u64, to: u64) -> u64 {
        let mixed: u64 = self
            .mixed
            .range(from..to)
            .map(|(_, mixed)| mixed.count())
            .sum();
        let first = self.full.range(..from).next_back();
        let runs = first.into_iter().chain(self.full.range(from..to));
        let full: u64 = runs
            .map(|(start, end)| end.min(&to).saturating_sub(*start.max(&from)))
            .sum();
        full.saturating_mul(PAGE_BITS) + mixed
    }

    /// Puts a page where nothing is.
    fn put_page(&mut self, page: u64, mixed: Mixed) {
        self.count += mixed.count();
        match mixed.count() {
            0 => {}
            PAGE_BITS => self.add_run(page, page + 1),
            _ => {
                self.mixed.insert(page, mixed);
            }
        }
    }

    fn add_run(&mut self, mut from: u64, mut to: u64) {
        if let Some((start, end)) = self.full.range(..=from).next_back()
            && *end >= from
        {
            from = *start;
            to = to.max(*end);
        }
        while let Some((start, end)) = self.full.range(from..=to).next() {
            let (start, end) = (*start, *end);
            to = to.max(end);
            self.full.remove(&start);
        }
        self.full.insert(from, to);
    }

    fn cut_runs(&mut self, from: u64, to: u64) {
        let first = self.full.range(..from).next_back();
        let hit = first
            .into_iter()
            .chain(self.full.range(from..to))
            .filter(|(_, end)| **end > from);
        for (start, end) in hit
            .map(|(start, end)| (*start, *end))
            .collect::<alloc::vec::Vec<_>>()
        {
            self.full.remove(&start);
            if start < from {
                self.full.insert(start, from);
            }
            if end > to {
                self.full.insert(to, end);
            }
        }
    }

    fn adjust(&mut self, changed: u64, value: bool) {
        self.count = if value {
            self.count.saturating_add(changed)
        } else {
            self.count.saturating_sub(changed)
        };
    }
}

impl fmt::Debug for Bitfield {
    /// The runs of set bits, the first of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        list.entries(self.runs(0..u64::MAX).take(SHOWN));
        if self.runs(0..u64::MAX).nth(SHOWN).is_some() {
            list.entry(&format_args!(".."));
        }
        list.finish()
    }
}

/// Runs in debug output.
const SHOWN: usize = 8;
/// A mixed page with its share of the map.
const MIXED_MEMORY: usize = 560;
/// A run with its share of the map.
const RUN_MEMORY: usize = 32;
