//! How values lie in the backend: each with a checksum over its key and itself, so that damage
//! which the backend does not notice is an error here and never another value.

use hyperfeed_storage::{StorageError, StorageErrorKind};

pub(crate) const SEAL_BYTES: usize = 4;

/// The value, followed by the checksum.
pub(crate) fn seal(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(value.len() + SEAL_BYTES);
    sealed.extend_from_slice(value);
    sealed.extend_from_slice(&checksum(key, value).to_le_bytes());
    sealed
}

/// The value within `sealed`.
pub(crate) fn open<'a>(key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], StorageError> {
    if let Some((value, sum)) = sealed.split_last_chunk::<SEAL_BYTES>()
        && checksum(key, value) == u32::from_le_bytes(*sum)
    {
        return Ok(value);
    }
    Err(StorageError::new(
        StorageErrorKind::Corrupt,
        format!("the value of key {} is damaged", Hex(key)),
    ))
}

/// What a sealed value adds to the sum of a [`Tally`](crate::tally::Tally).
pub(crate) fn weight(sealed: &[u8]) -> u64 {
    let sum = sealed
        .last_chunk::<SEAL_BYTES>()
        .copied()
        .unwrap_or_default();
    // Spread over 64 bits, so that sums of many do not meet by small differences.
    u64::from(u32::from_le_bytes(sum)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 48;
        for byte in self.0.iter().take(SHOWN) {
            write!(f, "{byte:02x}")?;
        }
        if self.0.len() > SHOWN {
            write!(f, "… ({} bytes)", self.0.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_under_its_key_alone() {
        let sealed = seal(b"key", b"value");
        assert_eq!(open(b"key", &sealed).unwrap(), b"value");
        assert!(open(b"kez", &sealed).is_err());
        assert!(open(b"keyv", &seal(b"key", b"value")[1..]).is_err());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        for bit in 0..9 * 8 {
            let mut sealed = seal(b"key", b"value");
            sealed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(b"key", &sealed).is_err(), "bit {bit}");
        }
        for short in 0..SEAL_BYTES {
            assert!(open(b"", &vec![0; short]).is_err());
        }
    }
}
