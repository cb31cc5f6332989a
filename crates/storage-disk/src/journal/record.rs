/// The head of a record; the encoded batch follows.
///
/// ```text
/// 0   crc32 of bytes 4..32 and the salt of the file
/// 4   crc32 of the batch
/// 8   number   one more than that of the record before
/// 16  synced   commits up to this number were known to be on the device when this was written
/// 24  length   of the batch in bytes
/// ```
///
/// The head has a checksum of its own, so that the length can be believed before the batch is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHead {
    pub(crate) number: u64,
    pub(crate) synced: u64,
    pub(crate) length: u64,
    pub(crate) batch_crc: u32,
}

impl RecordHead {
    pub(crate) const BYTES: usize = 32;

    pub(crate) fn of(number: u64, synced: u64, batch: &[u8]) -> Self {
        Self {
            number,
            synced,
            length: batch.len() as u64,
            batch_crc: crc32fast::hash(batch),
        }
    }

    pub(crate) fn encode(&self, salt: u64) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[4..8].copy_from_slice(&self.batch_crc.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.synced.to_le_bytes());
        bytes[24..].copy_from_slice(&self.length.to_le_bytes());
        let crc = head_crc(&bytes, salt);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// `None` when the checksum does not agree.
    pub(crate) fn decode(bytes: &[u8; Self::BYTES], salt: u64) -> Option<Self> {
        let head = Self::unchecked(bytes);
        let crc = u32::from_le_bytes(word(&bytes[..4]));
        (crc == head_crc(bytes, salt)).then_some(head)
    }

    /// What the bytes say if they are a head. Cheap, for a search.
    pub(crate) fn unchecked(bytes: &[u8; Self::BYTES]) -> Self {
        Self {
            batch_crc: u32::from_le_bytes(word(&bytes[4..8])),
            number: u64::from_le_bytes(word(&bytes[8..16])),
            synced: u64::from_le_bytes(word(&bytes[16..24])),
            length: u64::from_le_bytes(word(&bytes[24..])),
        }
    }
}

fn head_crc(bytes: &[u8; RecordHead::BYTES], salt: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[4..]);
    hasher.update(&salt.to_le_bytes());
    hasher.finalize()
}

/// The slices above have constant bounds of the right length; a wrong one gives zeros.
fn word<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_under_its_salt_alone() {
        let head = RecordHead::of(7, 5, b"batch");
        let bytes = head.encode(9);
        assert_eq!(RecordHead::decode(&bytes, 9), Some(head));
        assert_eq!(RecordHead::decode(&bytes, 8), None);
        assert_eq!(RecordHead::decode(&[0; RecordHead::BYTES], 0), None);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = RecordHead::of(7, 5, b"batch").encode(9);
        for bit in 0..RecordHead::BYTES * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(RecordHead::decode(&bytes, 9), None, "bit {bit}");
        }
    }
}
