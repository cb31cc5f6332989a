use hyperfeed_storage::{StorageError, StorageErrorKind};

const MAGIC: [u8; 8] = *b"hfjourn\x01";

/// The first bytes of a journal file. They are durable before the file gets its name.
///
/// ```text
/// 0   magic         8 bytes, the last one is the version of the layout
/// 8   store         id of the store, so that no journal strays into another one
/// 16  salt          random, part of every record's checksum: what an older file left on the
///                   device never counts as a record of this one
/// 24  base          the backend must hold all commits up to this number
/// 32  start         number of the commit before the first record
/// 40  floor         commits up to this number were durable when the file was made
/// 48  backend_bytes size of the backend's files then, 0 if unknown
/// 56  zero          4 bytes
/// 60  crc32         of bytes 0..60
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) store: u64,
    pub(crate) salt: u64,
    pub(crate) base: u64,
    pub(crate) start: u64,
    pub(crate) floor: u64,
    pub(crate) backend_bytes: u64,
}

impl Header {
    pub(crate) const BYTES: usize = 64;

    pub(crate) fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let numbers = [
            u64::from_le_bytes(MAGIC),
            self.store,
            self.salt,
            self.base,
            self.start,
            self.floor,
            self.backend_bytes,
        ];
        for (slot, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; Self::BYTES]) -> Result<Self, StorageError> {
        let mut numbers = [0; 8];
        for (number, slot) in numbers.iter_mut().zip(bytes.chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(slot);
            *number = u64::from_le_bytes(word);
        }
        let [magic, store, salt, base, start, floor, backend_bytes, last] = numbers;
        let crc = u64::from(crc32fast::hash(&bytes[..60]));
        if last != crc << 32 {
            return Err(StorageError::new(
                StorageErrorKind::Corrupt,
                "the header of the journal is damaged; restore the store from a backup",
            ));
        }
        if magic != u64::from_le_bytes(MAGIC) {
            return Err(StorageError::new(
                StorageErrorKind::Unsupported,
                "the journal was written by another version",
            ));
        }
        Ok(Self {
            store,
            salt,
            base,
            start,
            floor,
            backend_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Header = Header {
        store: 1,
        salt: u64::MAX,
        base: 3,
        start: 4,
        floor: 5,
        backend_bytes: 6,
    };

    #[test]
    fn a_header_comes_back() {
        assert_eq!(Header::decode(&SAMPLE.encode()).unwrap(), SAMPLE);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        for bit in 0..Header::BYTES * 8 {
            let mut bytes = SAMPLE.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&bytes).is_err(), "bit {bit}");
        }
        assert!(Header::decode(&[0; Header::BYTES]).is_err());
    }
}
