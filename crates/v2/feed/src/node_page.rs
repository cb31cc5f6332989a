use crate::layout::PAGE_NODES;
use core::fmt;
use hyperfeed_types::Hash;

/// The stored nodes of 64 neighbouring indices.
///
/// Record: version, a mask of the nodes that are there (bit i is the i-th index of the page), then the size and the
/// hash of each, in index order. A page is its record: reading it costs no work for nodes that nobody asks for.
#[derive(Clone)]
pub(crate) struct NodePage {
    record: Vec<u8>,
}

impl NodePage {
    pub(crate) fn new() -> Self {
        Self::in_place_of(Vec::new())
    }

    /// A page without nodes, in the memory of another.
    pub(crate) fn in_place_of(mut record: Vec<u8>) -> Self {
        record.clear();
        record.push(VERSION);
        record.extend_from_slice(&[0; size_of::<u64>()]);
        Self { record }
    }

    /// A page from its record; `None` if it is none.
    pub(crate) fn from_record(record: Vec<u8>) -> Option<Self> {
        let page = Self { record };
        let nodes = page.present().count_ones() as usize;
        let is_whole = page.record.len() == HEADER + nodes * NODE;
        (is_whole && page.record.first() == Some(&VERSION)).then_some(page)
    }

    /// What is stored.
    pub(crate) fn record(&self) -> &[u8] {
        &self.record
    }

    pub(crate) fn into_record(self) -> Vec<u8> {
        self.record
    }

    /// Size and hash of the node at a place of the page.
    pub(crate) fn get(&self, place: u64) -> Option<(u64, Hash)> {
        if place >= PAGE_NODES || self.present() >> place & 1 == 0 {
            return None;
        }
        let node = self
            .record
            .get(self.offset(place)..)?
            .first_chunk::<NODE>()?;
        let (size, hash) = node.split_first_chunk()?;
        Some((u64::from_be_bytes(*size), Hash::from_slice(hash)?))
    }

    /// Puts a node at a place of the page.
    pub(crate) fn set(&mut self, place: u64, size: u64, hash: &Hash) {
        let place = place % PAGE_NODES;
        let (present, offset) = (self.present(), self.offset(place));
        if present >> place & 1 == 0 {
            self.make_room();
            self.record.extend_from_slice(&[0; NODE]);
            if let Some(behind) = self.record.get_mut(offset..) {
                behind.rotate_right(NODE);
            }
            self.set_present(present | 1 << place);
        }
        let node = self.record.get_mut(offset..).unwrap_or_default();
        if let Some((to, rest)) = node.split_first_chunk_mut() {
            *to = size.to_be_bytes();
            if let Some(to) = rest.first_chunk_mut() {
                *to = *hash.as_bytes();
            }
        }
    }

    /// Takes a node away.
    pub(crate) fn clear(&mut self, place: u64) {
        let place = place % PAGE_NODES;
        let (present, offset) = (self.present(), self.offset(place));
        if present >> place & 1 == 1 {
            self.record.drain(offset..offset + NODE);
            self.set_present(present & !(1 << place));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.present() == 0
    }

    /// The mask.
    fn present(&self) -> u64 {
        let mask = self.record.get(1..).unwrap_or_default().first_chunk();
        mask.map_or(0, |mask| u64::from_be_bytes(*mask))
    }

    fn set_present(&mut self, present: u64) {
        let mask = self.record.get_mut(1..).unwrap_or_default();
        if let Some(mask) = mask.first_chunk_mut() {
            *mask = present.to_be_bytes();
        }
    }

    /// Where in the record the node at a place is, or would be.
    fn offset(&self, place: u64) -> usize {
        let before = self.present() & !(u64::MAX << place);
        HEADER + before.count_ones() as usize * NODE
    }

    /// Room for one more node: twice as much as there was, and no more than a full page needs.
    fn make_room(&mut self) {
        let length = self.record.len();
        if self.record.capacity() - length < NODE {
            let wanted = length.min(FULL.saturating_sub(length)).max(NODE);
            self.record.reserve_exact(wanted);
        }
    }
}

impl fmt::Debug for NodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodePage")
            .field("present", &format_args!("{:#x}", self.present()))
            .finish_non_exhaustive()
    }
}

const VERSION: u8 = 1;
/// Size and hash.
const NODE: usize = size_of::<u64>() + Hash::LEN;
/// Version and mask.
const HEADER: usize = 1 + size_of::<u64>();
/// Bytes of the record of a page with all its nodes.
const FULL: usize = HEADER + PAGE_NODES as usize * NODE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_back_what_was_set() {
        let mut page = NodePage::new();
        for place in [31, 0, 63, 1] {
            page.set(place, place * 7, &Hash::new([place as u8; 32]));
        }
        page.set(40, 1, &Hash::new([1; 32]));
        page.clear(40);
        let record = page.record().to_vec();
        assert_eq!(record.len(), 9 + 4 * 40);
        let page = NodePage::from_record(record).unwrap();
        for place in [0, 1, 31, 63] {
            let node = (place * 7, Hash::new([place as u8; 32]));
            assert_eq!(page.get(place), Some(node));
        }
        assert_eq!(page.get(40), None);
        assert_eq!(page.get(64), None);
    }

    #[test]
    fn a_damaged_page_is_none() {
        let mut page = NodePage::new();
        page.set(3, 9, &Hash::new([3; 32]));
        let mut record = page.record().to_vec();
        for length in 0..record.len() {
            assert!(NodePage::from_record(record[..length].to_vec()).is_none());
        }
        record.push(0);
        assert!(NodePage::from_record(record.clone()).is_none());
        record.pop();
        record[0] = 9;
        assert!(NodePage::from_record(record.clone()).is_none());
    }
}
