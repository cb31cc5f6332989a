use core::fmt;

use ed25519_dalek::VerifyingKey;
use hyperfeed_types::{FeedKey, Hash, Signature};

/// Whether the owner of `key` signed `hash`; 45 us or so.
///
/// Strict: beyond the equation of ed25519 it refuses what no honest signer makes, so that a signature
/// cannot be turned into another that passes, nor pass under a key that verifies everything:
///
/// - S not reduced by the group order;
/// - a key or an R of small order;
/// - a key that is not in its canonical form.
///
/// # Errors
/// What is wrong; any input is allowed. A feed key need not be a public key at all: that of a static
/// feed is a hash.
pub fn verify(key: &FeedKey, hash: &Hash, signature: &Signature) -> Result<(), SignatureError> {
    let bytes = signature.as_bytes();
    let found = bytes.len();
    let bytes = bytes
        .try_into()
        .map_err(|_| SignatureError::Length { found })?;
    let signature = ed25519_dalek::Signature::from_bytes(bytes);
    let verifying =
        VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| SignatureError::NotAPublicKey)?;
    if verifying.to_edwards().compress().as_bytes() != key.as_bytes() {
        return Err(SignatureError::NotAPublicKey);
    }
    verifying
        .verify_strict(hash.as_bytes(), &signature)
        .map_err(|_| SignatureError::Forged)
}

/// Why a signature was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// It does not belong to this hash and key, or is malformed.
    Forged,
    /// It is not 64 bytes.
    Length {
        /// Bytes that came.
        found: usize,
    },
    /// The feed key is no public key: no point of the curve, or not in its canonical form.
    NotAPublicKey,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forged => f.write_str("signature does not verify"),
            Self::Length { found } => write!(f, "signature of {found} bytes instead of 64"),
            Self::NotAPublicKey => f.write_str("feed key is not a public key"),
        }
    }
}

impl core::error::Error for SignatureError {}
