use hyperfeed_storage::{StorageError, StorageErrorKind};

use crate::tally::Tally;

const VERSION: u8 = 1;

/// What the backend says about itself: which commits it holds.
///
/// `whole < intent` means that a checkpoint was under way: the backend holds all commits up to
/// `whole` and any part of those up to `intent`, which the journal holds in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Id of the store that the backend belongs to.
    pub(crate) store: u64,
    /// All commits up to this number are there.
    pub(crate) whole: u64,
    /// Parts of the commits up to this number may be there.
    pub(crate) intent: u64,
    /// What counting the entries gives while `whole == intent`; `None` if nobody knows.
    pub(crate) tally: Option<Tally>,
}

impl Mark {
    /// The mark of an empty backend.
    pub(crate) fn first(store: u64) -> Self {
        Self {
            store,
            whole: 0,
            intent: 0,
            tally: Some(Tally::default()),
        }
    }

    /// `version | store | whole | intent | 0 or 1 | entries | sum | crc32`, numbers of 8 bytes,
    /// little-endian.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let tally = self.tally.unwrap_or_default();
        let mut bytes = vec![VERSION];
        for number in [
            self.store,
            self.whole,
            self.intent,
            u64::from(self.tally.is_some()),
            tally.entries,
            tally.sum,
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StorageError> {
        Self::parse(bytes).ok_or_else(|| {
            StorageError::new(
                StorageErrorKind::Corrupt,
                "the mark of the database is damaged; restore the store from a backup",
            )
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (checked, crc) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(checked) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (version, mut rest) = checked.split_first()?;
        if *version != VERSION {
            return None;
        }
        let mut numbers = [0; 6];
        for number in &mut numbers {
            let (first, after) = rest.split_first_chunk()?;
            *number = u64::from_le_bytes(*first);
            rest = after;
        }
        let [store, whole, intent, known, entries, sum] = numbers;
        Some(Self {
            store,
            whole,
            intent,
            tally: (known == 1).then_some(Tally { entries, sum }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_and_damage_is_noticed() {
        let mark = Mark {
            whole: 2,
            intent: 3,
            ..Mark::first(1)
        };
        let unknown = Mark {
            tally: None,
            ..mark
        };
        for mark in [mark, unknown] {
            let bytes = mark.encode();
            assert_eq!(Mark::decode(&bytes).unwrap(), mark);
            for bit in 0..bytes.len() * 8 {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(Mark::decode(&bytes).is_err(), "bit {bit}");
            }
        }
        assert!(Mark::decode(&[]).is_err());
    }
}
