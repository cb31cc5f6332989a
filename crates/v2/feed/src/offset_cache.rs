use crate::Slot;
use core::fmt;

/// Byte offsets of blocks that begin a node page: of all feeds, direct-mapped.
///
/// An offset is the sum of the sizes of all that lies to the left, a node for each set bit of the block's number, and
/// those nodes lie in as many pages. With the offset of its page's first block at hand, a block is found with its own
/// page alone.
pub(crate) struct OffsetCache {
    places: Vec<Option<(Slot, u64, u64)>>,
}

impl OffsetCache {
    /// Offsets kept at most, 24 bytes each.
    const OFFSETS: usize = 4096;

    pub(crate) const fn new() -> Self {
        Self { places: Vec::new() }
    }

    /// The offset of the first block of a page.
    pub(crate) fn get(&self, slot: Slot, page: u64) -> Option<u64> {
        match self.places.get(place(slot, page)) {
            Some(Some((of, at, offset))) if (*of, *at) == (slot, page) => Some(*offset),
            _ => None,
        }
    }

    /// Only for a page to the left of which every block is held: sizes there are final.
    pub(crate) fn insert(&mut self, slot: Slot, page: u64, offset: u64) {
        // A store whose blocks are only appended never comes here.
        self.places.resize(Self::OFFSETS, None);
        if let Some(found) = self.places.get_mut(place(slot, page)) {
            *found = Some((slot, page, offset));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.places.clear();
    }
}

impl fmt::Debug for OffsetCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offsets = self.places.iter().flatten().count();
        f.debug_struct("OffsetCache")
            .field("offsets", &offsets)
            .finish()
    }
}

/// Neighbouring pages of a feed have neighbouring places; feeds are spread.
fn place(slot: Slot, page: u64) -> usize {
    let spread = u64::from(slot.get()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    usize::try_from(page.wrapping_add(spread) % OffsetCache::OFFSETS as u64).unwrap_or(0)
}
