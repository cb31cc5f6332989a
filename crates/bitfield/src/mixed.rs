use crate::page::{PAGE_BITS, PAGE_BYTES};
use alloc::boxed::Box;

/// A page kept as bits. Within a bitfield it is neither empty nor full.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Mixed {
    bytes: Box<[u8; PAGE_BYTES]>,
    count: u64,
}

impl Mixed {
    pub(crate) fn filled(value: bool) -> Self {
        let (byte, count) = if value { (0xff, PAGE_BITS) } else { (0, 0) };
        Self {
            bytes: Box::new([byte; PAGE_BYTES]),
            count,
        }
    }

    pub(crate) fn from_bytes(bytes: [u8; PAGE_BYTES]) -> Self {
        let mut page = Self {
            bytes: Box::new(bytes),
            count: 0,
        };
        page.count = page.count_in(0, PAGE_BITS);
        page
    }

    /// Sets or clears the bits `from..to`; gives how many changed.
    pub(crate) fn fill(&mut self, from: u64, to: u64, value: bool) -> u64 {
        let mut changed = 0;
        let (words, _) = self.bytes.as_chunks_mut::<8>();
        for (at, mask) in masks(from, to) {
            if let Some(word) = words.get_mut(at as usize) {
                let old = u64::from_le_bytes(*word);
                let new = if value { old | mask } else { old & !mask };
                *word = new.to_le_bytes();
                changed += u64::from((old ^ new).count_ones());
            }
        }
        if value {
            self.count += changed;
        } else {
            self.count -= changed;
        }
        changed
    }

    pub(crate) fn bytes(&self) -> &[u8; PAGE_BYTES] {
        &self.bytes
    }

    /// Bits set.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn get(&self, bit: u64) -> bool {
        self.word(bit / 64) >> (bit % 64) & 1 == 1
    }

    /// The 64 bits from `64 * at` on, the first one lowest.
    pub(crate) fn word(&self, at: u64) -> u64 {
        let (words, _) = self.bytes.as_chunks::<8>();
        words
            .get(at as usize)
            .map_or(0, |word| u64::from_le_bytes(*word))
    }

    /// Bits set among `from..to`.
    pub(crate) fn count_in(&self, from: u64, to: u64) -> u64 {
        masks(from, to)
            .map(|(at, mask)| u64::from((self.word(at) & mask).count_ones()))
            .sum()
    }

    /// The first bit at or after `from` that is `value`.
    pub(crate) fn first(&self, from: u64, value: bool) -> Option<u64> {
        let flip = if value { 0 } else { u64::MAX };
        first_one(from, |at| self.word(at) ^ flip)
    }

    /// The last bit that is set.
    pub(crate) fn last(&self) -> Option<u64> {
        (0..PAGE_BITS / 64)
            .rev()
            .find_map(|at| Some(at * 64 + u64::from(self.word(at).checked_ilog2()?)))
    }
}

/// The first bit at or after `from` that is set in the page made of `word(0)`, `word(1)`, ...
pub(crate) fn first_one(from: u64, word: impl Fn(u64) -> u64) -> Option<u64> {
    let mut at = from / 64;
    let mut rest = word(at) & (u64::MAX << (from % 64));
    while rest == 0 {
        at += 1;
        if at >= PAGE_BITS / 64 {
            return None;
        }
        rest = word(at);
    }
    Some(at * 64 + u64::from(rest.trailing_zeros()))
}

/// The words that hold the bits `from..to` of a page, each with the mask of those bits.
fn masks(from: u64, to: u64) -> impl Iterator<Item = (u64, u64)> {
    (from / 64..to.div_ceil(64)).map(move |at| {
        let low = from.saturating_sub(at * 64);
        let high = (to - at * 64).min(64);
        (at, (u64::MAX << low) & (u64::MAX >> (64 - high)))
    })
}
