//! The keys of the store. Nothing else knows them.
//!
//! A key is one letter and then numbers, most significant byte first, so that a scan sees pages in order.

use crate::Slot;
use hyperfeed_types::PublicId;

/// The meta record.
pub(crate) const META: &[u8] = b"M";

/// Nodes of one node page.
pub(crate) const PAGE_NODES: u64 = 64;

/// What a feed has many of: keys of letter, slot, number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// Bytes of a block.
    Block,
    /// A page of the bitmap of blocks.
    Held,
    /// A page of nodes.
    Nodes,
    /// The signature of a length that is not the current one.
    Signature,
    /// A page of the bitmap of nodes.
    Tree,
}

impl Numbered {
    /// All of them, for removal.
    pub(crate) const ALL: [Self; 5] = [
        Self::Block,
        Self::Held,
        Self::Nodes,
        Self::Signature,
        Self::Tree,
    ];

    const fn letter(self) -> u8 {
        match self {
            Self::Block => b'D',
            Self::Held => b'B',
            Self::Nodes => b'N',
            Self::Signature => b'S',
            Self::Tree => b'T',
        }
    }

    /// The key of one.
    pub(crate) fn key(self, slot: Slot, number: u64) -> [u8; 13] {
        let mut key = [0; 13];
        let number = number.to_be_bytes();
        for (to, from) in key.iter_mut().zip(self.prefix(slot).iter().chain(&number)) {
            *to = *from;
        }
        key
    }

    /// What the keys of a feed start with.
    pub(crate) fn prefix(self, slot: Slot) -> [u8; 5] {
        of_slot(self.letter(), slot)
    }
}

/// The number in a key of [`Numbered::key`].
pub(crate) fn number_of(key: &[u8]) -> Option<u64> {
    key.get(5..)?.try_into().ok().map(u64::from_be_bytes)
}

/// The catalogue record of a feed.
pub(crate) fn record(slot: Slot) -> [u8; 5] {
    of_slot(RECORD, slot)
}

/// What the catalogue records start with.
pub(crate) const RECORDS: &[u8] = &[RECORD];

/// The head record of a feed.
pub(crate) fn head(slot: Slot) -> [u8; 5] {
    of_slot(b'H', slot)
}

/// The mark of a feed that is being removed.
pub(crate) fn removed(slot: Slot) -> [u8; 5] {
    of_slot(REMOVED, slot)
}

/// What the marks of feeds that are being removed start with.
pub(crate) const ALL_REMOVED: &[u8] = &[REMOVED];

/// The length that a feed has to reach before anything is appended to it.
pub(crate) fn expected(slot: Slot) -> [u8; 5] {
    of_slot(b'L', slot)
}

/// The slot in a key of letter and slot.
pub(crate) fn slot_of(key: &[u8]) -> Option<Slot> {
    let number = key.get(1..)?.try_into().ok()?;
    Some(Slot::new(u32::from_be_bytes(number)))
}

/// The slot of the feed with this id.
pub(crate) fn id(id: &PublicId) -> [u8; 33] {
    let mut key = [b'I'; 33];
    for (to, from) in key.iter_mut().skip(1).zip(id.as_bytes()) {
        *to = *from;
    }
    key
}

/// The slot of the feed with this alias.
pub(crate) fn alias(alias: &str) -> Vec<u8> {
    let mut key = vec![b'A'];
    key.extend_from_slice(alias.as_bytes());
    key
}

fn of_slot(letter: u8, slot: Slot) -> [u8; 5] {
    let [a, b, c, d] = slot.get().to_be_bytes();
    [letter, a, b, c, d]
}

const RECORD: u8 = b'F';
const REMOVED: u8 = b'X';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_their_numbers() {
        let key = |slot, number| Numbered::Nodes.key(Slot::new(slot), number);
        assert!(key(0, 255) < key(0, 256));
        assert!(key(0, u64::MAX) < key(1, 0));
        assert_eq!(number_of(&key(7, 1 << 40)), Some(1 << 40));
        assert_eq!(slot_of(&head(Slot::new(9))), Some(Slot::new(9)));
        assert_eq!(slot_of(b"H"), None);
    }

    #[test]
    fn letters_differ() {
        let mut letters: Vec<u8> = Numbered::ALL.iter().map(|what| what.letter()).collect();
        letters.extend([RECORD, REMOVED, b'H', b'I', b'A', b'L', b'M']);
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 12);
    }
}
