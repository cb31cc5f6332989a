use crate::fields::Fields;
use hyperfeed_flat_tree::{BlockIndex, full_roots};
use hyperfeed_merkle::Node;
use hyperfeed_types::{Hash, Signature};

/// Where a feed stands: rewritten by each commit, in the same batch as what it speaks of.
///
/// Record: version, length, byte length, contiguous, held blocks, held bytes, then size and hash of each full root of
/// the length, then the length of the signature in two bytes, and the signature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// The largest length, in blocks, that was verified (a copy) or written (its owner).
    pub(crate) length: u64,
    /// Every block below this number is held, this one is not.
    pub(crate) contiguous: u64,
    pub(crate) held_blocks: u64,
    pub(crate) held_bytes: u64,
    /// The full roots of `length`.
    pub(crate) roots: Vec<Node>,
    /// Of the roots; live feeds only, and none while the length is 0.
    pub(crate) signature: Option<Signature>,
}

impl Head {
    /// Bytes of the blocks below the length, if the roots tell the truth.
    pub(crate) fn byte_length(&self) -> u64 {
        let add = |sum: u64, root: &Node| sum.saturating_add(root.size);
        self.roots.iter().fold(0, add)
    }

    /// A head from its record; `None` if it is none.
    pub(crate) fn decode(record: &[u8]) -> Option<Self> {
        let mut fields = Fields::of_version(record, VERSION)?;
        let length = fields.number()?;
        let byte_length = fields.number()?;
        let contiguous = fields.number()?;
        let held_blocks = fields.number()?;
        let held_bytes = fields.number()?;
        let possible = length <= BlockIndex::MAX.get() + 1
            && contiguous <= held_blocks
            && held_blocks <= length;
        if !possible {
            return None;
        }
        let mut roots = Vec::with_capacity(full_roots(length).count());
        for index in full_roots(length) {
            let size = fields.number()?;
            let hash = Hash::new(fields.array()?);
            roots.push(Node { index, size, hash });
        }
        let signature = match fields.short()? {
            0 => None,
            bytes => Some(Signature::new(fields.bytes(usize::from(bytes))?)),
        };
        fields.end()?;
        let head = Self {
            length,
            contiguous,
            held_blocks,
            held_bytes,
            roots,
            signature,
        };
        (head.byte_length() == byte_length).then_some(head)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let signature = self.signature.as_ref().map_or(&[][..], Signature::as_bytes);
        let mut record = Vec::with_capacity(43 + 40 * self.roots.len() + signature.len());
        record.push(VERSION);
        for number in [
            self.length,
            self.byte_length(),
            self.contiguous,
            self.held_blocks,
            self.held_bytes,
        ] {
            record.extend_from_slice(&number.to_be_bytes());
        }
        for root in &self.roots {
            record.extend_from_slice(&root.size.to_be_bytes());
            record.extend_from_slice(root.hash.as_bytes());
        }
        // Signatures are 64 bytes; only what fits was ever verified.
        let bytes = u16::try_from(signature.len()).unwrap_or(0);
        record.extend_from_slice(&bytes.to_be_bytes());
        record.extend(signature.iter().take(usize::from(bytes)));
        record
    }
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use hyperfeed_flat_tree::NodeIndex;

    fn head() -> Head {
        let root = |index, size| Node {
            index: NodeIndex::new(index).unwrap(),
            size,
            hash: Hash::new([index as u8; 32]),
        };
        Head {
            length: 3,
            contiguous: 1,
            held_blocks: 2,
            held_bytes: 9,
            roots: vec![root(1, 10), root(4, 5)],
            signature: Some(Signature::new([7; 64])),
        }
    }

    #[test]
    fn a_head_reads_back() {
        for head in [Head::default(), head()] {
            assert_eq!(Head::decode(&head.encode()), Some(head));
        }
    }

    #[test]
    fn a_damaged_head_is_none() {
        let record = head().encode();
        for length in 0..record.len() {
            assert_eq!(Head::decode(&record[..length]), None);
        }
        // Version, the numbers, and the sizes that must add up.
        for byte in (0..41).chain([41, 81]) {
            let mut record = record.clone();
            record[byte] ^= 0x80;
            let damaged = Head::decode(&record);
            assert!(damaged.is_none() || (33..41).contains(&byte), "byte {byte}");
        }
    }
}
