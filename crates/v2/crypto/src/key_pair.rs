use alloc::boxed::Box;
use core::fmt;

use ed25519_dalek::{Signer, SigningKey};
use hyperfeed_types::{FeedKey, Hash, Signature};

use crate::SecretKey;

/// Key and secret key of a live feed, ready to sign (ed25519).
///
/// The secret halves are wiped on drop; `Debug` shows nothing.
#[derive(Clone)]
pub struct KeyPair {
    secret: SecretKey,
}

impl KeyPair {
    /// The pair that grows from 32 random bytes. The caller wipes its own copy of them.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let signing = Box::new(SigningKey::from_bytes(seed));
        Self::from_secret(SecretKey::from_signing(signing))
    }

    /// The pair of a secret key.
    pub const fn from_secret(secret: SecretKey) -> Self {
        Self { secret }
    }

    /// The feed key: the public key of the pair.
    pub fn key(&self) -> FeedKey {
        FeedKey::new(self.secret.signing().verifying_key().to_bytes())
    }

    /// The secret key, for saving.
    pub const fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// Signs a roots hash; nothing else is ever signed. The same hash gives the same 64 bytes. 25 us or
    /// so.
    pub fn sign(&self, hash: &Hash) -> Signature {
        Signature::new(self.secret.signing().sign(hash.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(..)")
    }
}
