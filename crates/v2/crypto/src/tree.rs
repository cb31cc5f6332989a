use hyperfeed_merkle::{Node, TreeHash};
use hyperfeed_types::Hash;
use sha2::{Digest, Sha256};

/// The tree hashes of generation 2: SHA-256 of three preimages (spec section 2).
///
/// | hash | preimage |
/// |---|---|
/// | leaf | `00 \|\| u64(size) \|\| data` |
/// | parent | `01 \|\| u64(left.size + right.size) \|\| left.hash \|\| right.hash` |
/// | roots | `02 \|\| root.hash \|\| u64(root.index)` for each root, left to right |
///
/// `u64` is upstream's: two big-endian words, of which the high one counts multiples of 2^32 - 1
/// instead of 2^32. Up to 4294967294 that is plain big-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sha256Tree;

impl TreeHash for Sha256Tree {
    fn leaf(data: &[u8]) -> Hash {
        let size = u64::try_from(data.len()).unwrap_or(u64::MAX);
        finish(
            Sha256::new()
                .chain_update([0])
                .chain_update(encode_u64(size))
                .chain_update(data),
        )
    }

    fn parent(left: &Node, right: &Node) -> Hash {
        let size = left.size.saturating_add(right.size);
        finish(
            Sha256::new()
                .chain_update([1])
                .chain_update(encode_u64(size))
                .chain_update(left.hash)
                .chain_update(right.hash),
        )
    }

    fn roots(roots: &[Node]) -> Hash {
        let mut hasher = Sha256::new().chain_update([2]);
        for root in roots {
            hasher.update(root.hash);
            hasher.update(encode_u64(root.index.get()));
        }
        finish(hasher)
    }
}

fn finish(hasher: Sha256) -> Hash {
    Hash::new(hasher.finalize().into())
}

/// The eight bytes of a number in a preimage.
///
/// The last 2^32 values of `u64` have none, and upstream refuses them. Callers bound sizes far below
/// that; here the high word sticks to its largest value.
fn encode_u64(value: u64) -> [u8; 8] {
    const UNIT: u64 = 0xffff_ffff;
    let high = (value / UNIT).min(UNIT);
    // The remainder is below 2^32: the two words do not overlap.
    (high << 32 | (value % UNIT)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use hyperfeed_testing_vectors::json;

    use super::encode_u64;

    #[test]
    fn every_number_of_the_vectors_is_encoded_alike() {
        let vectors = json("hashes");
        let rows = vectors["uint64"].as_array().unwrap();
        assert_eq!(rows.len(), 20);
        for row in rows {
            let bytes = encode_u64(row["value"].as_u64().unwrap());
            assert_eq!(hyperfeed_types::hex::encode(&bytes), row["bytes"], "{row}");
        }
    }

    #[test]
    fn numbers_without_an_encoding_do_not_overflow() {
        assert_eq!(encode_u64(u64::MAX)[..4], [0xff; 4]);
    }
}
