use crate::mixed::Mixed;
use crate::page::{PAGE_BITS, PAGES, Page};
use crate::scan::Segment;
use alloc::collections::BTreeMap;

/// A set of numbers in any order: full pages as runs, mixed ones as bits.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Full pages: from the first one to the one past the last. Never empty, never touching.
    pub(crate) full: BTreeMap<u64, u64>,
    /// Pages that are neither empty nor full, and not within `full`.
    pub(crate) mixed: BTreeMap<u64, Mixed>,
    /// Bits set, modulo 2^64.
    pub(crate) count: u64,
}

impl Pages {
    /// The numbers below `end`.
    pub(crate) fn front(end: u64) -> Self {
        let mut pages = Self::default();
        if end > 0 {
            pages.fill(0..end, true);
        }
        pages
    }

    /// Replaces a page below [`PAGES`].
    pub(crate) fn set(&mut self, page: u64, content: Page) {
        self.fill_pages(page, page + 1, matches!(content, Page::Full));
        if let Page::Mixed(bytes) = content {
            self.put_page(page, Mixed::from_bytes(bytes));
        }
    }

    /// The end of the numbers, if they are all there are below it.
    #[inline]
    pub(crate) fn as_front(&self) -> Option<u64> {
        if self.full.len() > 1 || self.mixed.len() > 1 {
            return None;
        }
        let whole = match self.full.first_key_value() {
            None => 0,
            Some((0, end)) => *end,
            Some(_) => return None,
        };
        match self.mixed.first_key_value() {
            // `None` as well if all numbers are set: none is their end.
            None => whole.checked_mul(PAGE_BITS),
            Some((page, mixed)) => {
                let is_front = *page == whole && mixed.first(mixed.count(), true).is_none();
                is_front.then(|| whole * PAGE_BITS + mixed.count())
            }
        }
    }

    pub(crate) fn get(&self, bit: u64) -> bool {
        let page = bit / PAGE_BITS;
        match self.mixed.get(&page) {
            Some(mixed) => mixed.get(bit % PAGE_BITS),
            None => self.is_full_page(page),
        }
    }

    /// Bits set; one too few when all are. Some are: a set that is empty is kept otherwise.
    pub(crate) fn count(&self) -> u64 {
        match self.count {
            0 => u64::MAX,
            count => count,
        }
    }

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

    /// The last bit that is set.
    pub(crate) fn last_set(&self) -> Option<u64> {
        let full = self.full.last_key_value();
        let mixed = self.mixed.last_key_value();
        let full = full.map(|(_, end)| (end - 1) * PAGE_BITS + (PAGE_BITS - 1));
        let mixed = mixed.and_then(|(page, mixed)| Some(page * PAGE_BITS + mixed.last()?));
        full.max(mixed)
    }
}
