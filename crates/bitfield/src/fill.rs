//! How pages become full, mixed and empty.

use crate::mixed::Mixed;
use crate::page::PAGE_BITS;
use crate::pages::Pages;
use core::ops::Range;

impl Pages {
    /// Sets or clears a range that is not empty; gives how many bits changed.
    pub(crate) fn fill(&mut self, range: Range<u64>, value: bool) -> u64 {
        let (first, last) = (range.start / PAGE_BITS, (range.end - 1) / PAGE_BITS);
        let (from, to) = (range.start % PAGE_BITS, (range.end - 1) % PAGE_BITS + 1);
        if first == last {
            return self.fill_in_page(first, from, to, value);
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

    /// Sets or clears the bits `from..to` of one page; gives how many changed.
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
        let is_full = self.is_full_page(page);
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

    /// Sets or clears whole pages, not all there are; gives how many bits changed.
    pub(crate) fn fill_pages(&mut self, from: u64, to: u64, value: bool) -> u64 {
        if from >= to {
            return 0;
        }
        let mut before = self.full_pages(from, to) * PAGE_BITS;
        while let Some((page, mixed)) = self.mixed.range(from..to).next() {
            before += mixed.count();
            let page = *page;
            self.mixed.remove(&page);
        }
        let changed = if value {
            self.add_run(from, to);
            (to - from) * PAGE_BITS - before
        } else {
            self.cut_runs(from, to);
            before
        };
        self.adjust(changed, value);
        changed
    }

    /// Puts a page where nothing is.
    pub(crate) fn put_page(&mut self, page: u64, mixed: Mixed) {
        self.adjust(mixed.count(), true);
        match mixed.count() {
            0 => {}
            PAGE_BITS => self.add_run(page, page + 1),
            _ => {
                self.mixed.insert(page, mixed);
            }
        }
    }

    pub(crate) fn is_full_page(&self, page: u64) -> bool {
        let run = self.full.range(..=page).next_back();
        run.is_some_and(|(_, end)| *end > page)
    }

    /// Full pages among `from..to`.
    fn full_pages(&self, from: u64, to: u64) -> u64 {
        let first = self.full.range(..from).next_back();
        let runs = first.into_iter().chain(self.full.range(from..to));
        runs.map(|(start, end)| end.min(&to).saturating_sub(*start.max(&from)))
            .sum()
    }

    /// Makes `from..to` one run, with all that overlaps or touches it.
    fn add_run(&mut self, mut from: u64, mut to: u64) {
        if let Some((start, end)) = self.full.range(..=from).next_back()
            && *end >= from
        {
            from = *start;
            to = to.max(*end);
        }
        while let Some((start, end)) = self.full.range(from..=to).next() {
            let start = *start;
            to = to.max(*end);
            self.full.remove(&start);
        }
        self.full.insert(from, to);
    }

    /// Takes `from..to` out of the runs; at most two pieces of what overlaps it stay.
    fn cut_runs(&mut self, from: u64, to: u64) {
        if let Some((start, end)) = self.full.range(..from).next_back()
            && *end > from
        {
            let (start, end) = (*start, *end);
            self.full.insert(start, from);
            if end > to {
                self.full.insert(to, end);
            }
        }
        while let Some((start, end)) = self.full.range(from..to).next() {
            let (start, end) = (*start, *end);
            self.full.remove(&start);
            if end > to {
                self.full.insert(to, end);
            }
        }
    }

    /// Counts modulo 2^64: all numbers together are one more than fits, which [`count`](Self::count) knows.
    fn adjust(&mut self, changed: u64, value: bool) {
        self.count = if value {
            self.count.wrapping_add(changed)
        } else {
            self.count.wrapping_sub(changed)
        };
    }
}
