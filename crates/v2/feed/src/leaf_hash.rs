use hyperfeed_merkle::TreeHash;
use hyperfeed_types::Hash;
use hyperfeed_v2_crypto::Sha256Tree;

/// The leaf hash of a block (spec section 2).
#[must_use]
pub fn leaf_hash(block: &[u8]) -> Hash {
    Sha256Tree::leaf(block)
}
