use crate::fields::Fields;
use crate::layout::PAGE_NODES;
use core::fmt;
use hyperfeed_types::Hash;

/// The stored nodes of 64 neighbouring indices.
///
/// Record: version, a mask of the nodes that are there (bit i is the i-th index of the page), then the size and the
/// hash of each, in index order.
#[derive(Clone)]
pub(crate) struct NodePage {
    present: u64,
    nodes: Box<[[u8; NODE]; PAGE]>,
}

impl NodePage {
    pub(crate) fn new() -> Self {
        Self {
            present: 0,
            nodes: Box::new([[0; NODE]; PAGE]),
        }
    }

    /// A page from its record; `None` if it is none.
    pub(crate) fn decode(record: &[u8]) -> Option<Self> {
        let mut fields = Fields::of_version(record, VERSION)?;
        let mut page = Self::new();
        page.present = fields.number()?;
        for (place, node) in (0u64..).zip(page.nodes.iter_mut()) {
            if page.present >> place & 1 == 1 {
                *node = fields.array()?;
            }
        }
        fields.end()?;
        Some(page)
    }

    /// Writes the record to the end of `out`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend_from_slice(&self.present.to_be_bytes());
        for (place, node) in (0u64..).zip(self.nodes.iter()) {
            if self.present >> place & 1 == 1 {
                out.extend_from_slice(node);
            }
        }
    }

    /// Size and hash of the node at a place of the page.
    pub(crate) fn get(&self, place: u64) -> Option<(u64, Hash)> {
        if self.present.checked_shr(u32::try_from(place).ok()?)? & 1 == 0 {
            return None;
        }
        let node = self.nodes.get(usize::try_from(place).ok()?)?;
        let (size, hash) = node.split_first_chunk()?;
        Some((u64::from_be_bytes(*size), Hash::from_slice(hash)?))
    }

    /// Puts a node at a place of the page.
    pub(crate) fn set(&mut self, place: u64, size: u64, hash: &Hash) {
        let place = place % PAGE_NODES;
        self.present |= 1 << place;
        // The place is below 64: there is exactly one such node.
        for node in self.nodes.iter_mut().skip(place as usize).take(1) {
            if let Some((to, rest)) = node.split_first_chunk_mut() {
                *to = size.to_be_bytes();
                rest.copy_from_slice(hash.as_bytes());
            }
        }
    }

    /// Takes a node away.
    pub(crate) fn clear(&mut self, place: u64) {
        self.present &= !(1 << (place % PAGE_NODES));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.present == 0
    }
}

impl fmt::Debug for NodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodePage")
            .field("present", &format_args!("{:#x}", self.present))
            .finish_non_exhaustive()
    }
}

const VERSION: u8 = 1;
const PAGE: usize = PAGE_NODES as usize;
/// Size and hash.
const NODE: usize = 8 + Hash::LEN;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_back_what_was_set() {
        let mut page = NodePage::new();
        for place in [0, 1, 31, 63] {
            page.set(place, place * 7, &Hash::new([place as u8; 32]));
        }
        page.set(40, 1, &Hash::new([1; 32]));
        page.clear(40);
        let mut record = Vec::new();
        page.encode(&mut record);
        assert_eq!(record.len(), 9 + 4 * 40);
        let page = NodePage::decode(&record).unwrap();
        assert_eq!(page.get(31), Some((217, Hash::new([31; 32]))));
        assert_eq!(page.get(40), None);
        assert_eq!(page.get(64), None);
    }

    #[test]
    fn a_damaged_page_is_none() {
        let mut page = NodePage::new();
        page.set(3, 9, &Hash::new([3; 32]));
        let mut record = Vec::new();
        page.encode(&mut record);
        for length in 0..record.len() {
            assert!(NodePage::decode(&record[..length]).is_none());
        }
        record.push(0);
        assert!(NodePage::decode(&record).is_none());
        record.pop();
        record[0] = 9;
        assert!(NodePage::decode(&record).is_none());
    }
}
