//! The bitmap pages that a commit changes.
//!
//! What the contiguous part implies is not stored, so a page changes by what is staged, and by that part growing over
//! it. Memory still is as before the commit: both states of a page are worked out here, and written if they differ.

use crate::head::Head;
use crate::layout::Numbered;
use crate::open::PAGE_VERSION;
use crate::{Feed, Store};
use hyperfeed_bitfield::{Bitfield, PAGE_BITS, PAGE_BYTES, Page};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use std::collections::BTreeSet;

impl Feed {
    /// Pages of the bitmap of blocks.
    pub(crate) fn write_held(&self, store: &mut Store, head: &Head) {
        let (old, new) = (self.head.contiguous, head.contiguous);
        let staged = &self.stage.put;
        let mut pages: BTreeSet<u64> = BTreeSet::new();
        pages.extend(staged.keys().filter(|block| **block >= new).map(page_of));
        if self.held.first_set(old).is_some() {
            pages.extend(page_of(&old)..=page_of(&new));
        }
        for page in pages {
            let before = Bits::from_page(&self.held, page).without_below(page, old);
            let mut after = Bits::from_page(&self.held, page);
            for (block, _) in staged.range(range_of(page)) {
                after.insert(block % PAGE_BITS);
            }
            let after = after.without_below(page, new);
            self.write_page(store, Numbered::Held, page, &before, &after);
        }
    }

    /// Pages of the bitmap of nodes.
    pub(crate) fn write_tree(&self, store: &mut Store, head: &Head) {
        let (old, new) = (self.head.contiguous, head.contiguous);
        let staged = &self.stage.nodes;
        let bits = self.tree.bits();
        let implied = |node: u64| NodeIndex::new(node).is_some_and(|node| node.blocks().end <= new);
        let is_news = |node: &&NodeIndex| !implied(node.get()) && !self.tree.get(**node);
        let mut pages: BTreeSet<u64> = BTreeSet::new();
        pages.extend(
            staged
                .keys()
                .filter(is_news)
                .map(|node| page_of(&node.get())),
        );
        if old < new && !bits.is_empty() {
            pages.extend(page_of(&(2 * old))..=page_of(&(2 * new)));
            // Nodes over the old end, which are anywhere to its left, may be implied now.
            let mut over = BlockIndex::new(old).map(NodeIndex::leaf);
            while let Some(node) = over.filter(|node| implied(node.get())) {
                if bits.get(node.get()) {
                    pages.insert(page_of(&node.get()));
                }
                over = Some(node.parent());
            }
        }
        for page in pages {
            let before = Bits::from_page(bits, page);
            let mut after = before.clone();
            let range = range_of(page);
            let first = NodeIndex::new(range.start).unwrap_or(NodeIndex::MAX);
            let within = staged
                .range(first..)
                .take_while(|(node, _)| node.get() < range.end);
            for (node, _) in within {
                after.insert(node.get() % PAGE_BITS);
            }
            after.retain(|bit| !implied(range.start + bit));
            self.write_page(store, Numbered::Tree, page, &before, &after);
        }
    }

    fn write_page(
        &self,
        store: &mut Store,
        what: Numbered,
        page: u64,
        before: &Bits,
        after: &Bits,
    ) {
        if before != after {
            put_page(store, &what.key(self.record.slot, page), after.page());
        }
    }
}

/// Puts a bitmap page into the batch.
pub(crate) fn put_page(store: &mut Store, key: &[u8], page: Page) {
    match page {
        Page::Empty => store.part.delete(key),
        Page::Full => store.part.put(key, &[PAGE_VERSION]),
        Page::Mixed(bits) => {
            let mut record = [PAGE_VERSION; 1 + PAGE_BYTES];
            for (to, from) in record.iter_mut().skip(1).zip(bits) {
                *to = from;
            }
            store.part.put(key, &record);
        }
    }
}

/// A page to work on.
#[derive(Clone, PartialEq, Eq)]
struct Bits([u8; PAGE_BYTES]);

impl Bits {
    fn from_page(bits: &Bitfield, page: u64) -> Self {
        Self(match bits.page(page) {
            Page::Empty => [0; PAGE_BYTES],
            Page::Full => [0xff; PAGE_BYTES],
            Page::Mixed(bytes) => bytes,
        })
    }

    fn insert(&mut self, bit: u64) {
        for byte in self.0.iter_mut().skip(bit as usize / 8).take(1) {
            *byte |= 1 << (bit % 8);
        }
    }

    fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        for (start, byte) in (0u64..).step_by(8).zip(&mut self.0) {
            if *byte == 0 {
                continue;
            }
            for bit in 0..8 {
                if *byte >> bit & 1 == 1 && !keep(start + bit) {
                    *byte &= !(1 << bit);
                }
            }
        }
    }

    /// Without the bits below a number of the bitmap.
    fn without_below(mut self, page: u64, limit: u64) -> Self {
        if limit > page * PAGE_BITS {
            self.retain(|bit| page * PAGE_BITS + bit >= limit);
        }
        self
    }

    fn page(&self) -> Page {
        if self.0.iter().all(|byte| *byte == 0) {
            Page::Empty
        } else if self.0.iter().all(|byte| *byte == 0xff) {
            Page::Full
        } else {
            Page::Mixed(self.0)
        }
    }
}

const fn page_of(bit: &u64) -> u64 {
    *bit / PAGE_BITS
}

const fn range_of(page: u64) -> core::ops::Range<u64> {
    page * PAGE_BITS..(page + 1) * PAGE_BITS
}
