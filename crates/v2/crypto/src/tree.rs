use hyperfeed_types::Hash;
use sha2::{Digest, Sha256};

/// The leaf hash: SHA-256 of `00 || u64(size) || data`.
pub(crate) fn leaf(data: &[u8]) -> Hash {
    let size = u64::try_from(data.len()).unwrap_or(u64::MAX);
    finish(
        Sha256::new()
            .chain_update([0])
            .chain_update(encode_u64(size))
            .chain_update(data),
    )
}

fn finish(hasher: Sha256) -> Hash {
    Hash::new(hasher.finalize().into())
}

/// Eight bytes of a number as upstream writes it: two big-endian words, but the high one counts
/// multiples of 2^32 - 1 instead of 2^32.
///
/// Up to 4294967294 that is plain big-endian. The last 2^32 values of `u64` have no such form, and
/// upstream refuses them; sizes are bounded far below by whoever adds them up, and here the high word
/// sticks to its largest value.
fn encode_u64(value: u64) -> [u8; 8] {
    const UNIT: u64 = 0xffff_ffff;
    let high = (value / UNIT).min(UNIT);
    // The remainder is below 2^32, so the two words do not overlap.
    (high << 32 | value % UNIT).to_be_bytes()
}
