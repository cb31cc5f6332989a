use crate::Slot;
use crate::node_page::NodePage;
use core::fmt;

/// Node pages as they are stored: of all feeds, direct-mapped, so that a lookup is one comparison.
pub(crate) struct PageCache {
    places: Vec<Option<(Slot, u64, NodePage)>>,
}

impl PageCache {
    /// Pages kept at most, 2.5 KiB each.
    pub(crate) const PAGES: usize = 256;

    pub(crate) fn new() -> Self {
        let places = core::iter::repeat_with(|| None);
        Self {
            places: places.take(Self::PAGES).collect(),
        }
    }

    pub(crate) fn get(&self, slot: Slot, number: u64) -> Option<&NodePage> {
        match self.places.get(place(slot, number)) {
            Some(Some((of, at, page))) if (*of, *at) == (slot, number) => Some(page),
            _ => None,
        }
    }

    pub(crate) fn insert(&mut self, slot: Slot, number: u64, page: NodePage) {
        if let Some(found) = self.places.get_mut(place(slot, number)) {
            *found = Some((slot, number, page));
        }
    }

    /// The memory of the page that makes room for this one.
    pub(crate) fn evict(&mut self, slot: Slot, number: u64) -> Vec<u8> {
        let found = self
            .places
            .get_mut(place(slot, number))
            .and_then(Option::take);
        found
            .map(|(_, _, page)| page.into_record())
            .unwrap_or_default()
    }

    pub(crate) fn clear(&mut self) {
        self.places.fill_with(|| None);
    }
}

impl fmt::Debug for PageCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages = self.places.iter().flatten().count();
        f.debug_struct("PageCache").field("pages", &pages).finish()
    }
}

/// Neighbouring pages of a feed have neighbouring places; feeds and high nodes are spread.
fn place(slot: Slot, number: u64) -> usize {
    let spread = u64::from(slot.get()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let place = (number ^ number >> 8 ^ number >> 16).wrapping_add(spread);
    usize::try_from(place % PageCache::PAGES as u64).unwrap_or(0)
}
