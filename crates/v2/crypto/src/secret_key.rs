use alloc::boxed::Box;
use core::fmt;

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

/// The 64 bytes that let their owner write a feed: the seed, then the public key.
///
/// On the heap, so that moving it leaves no copy behind; wiped on drop; `Debug` shows nothing.
/// Whoever has it can sign anything in the feed's name.
#[derive(Clone)]
pub struct SecretKey {
    /// The halves, known to agree, in the form signing needs.
    signing: Box<SigningKey>,
}

impl SecretKey {
    /// Bytes of a secret key.
    pub const LEN: usize = 64;

    /// The secret key in `bytes`, which the caller wipes. Derives the public key once, 15 us or so.
    ///
    /// # Errors
    /// Not 64 bytes; or the second half is not the public key of the first: signing with a wrong public
    /// key gives the seed away.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SecretKeyError> {
        let found = bytes.len();
        let bytes: &[u8; Self::LEN] = bytes
            .try_into()
            .map_err(|_| SecretKeyError::Length { found })?;
        match SigningKey::from_keypair_bytes(bytes) {
            Ok(signing) => Ok(Self::from_signing(Box::new(signing))),
            Err(_) => Err(SecretKeyError::Halves),
        }
    }

    pub(crate) const fn from_signing(signing: Box<SigningKey>) -> Self {
        Self { signing }
    }

    /// The bytes, seed first: a copy that is wiped when it is dropped. Do not copy them where nothing wipes them.
    pub fn to_bytes(&self) -> Box<Zeroizing<[u8; Self::LEN]>> {
        let mut bytes = Box::new(Zeroizing::new([0; Self::LEN]));
        let public = self.signing.verifying_key();
        let halves = self.signing.as_bytes().iter().chain(public.as_bytes());
        for (to, from) in bytes.iter_mut().zip(halves) {
            *to = *from;
        }
        bytes
    }

    pub(crate) fn signing(&self) -> &SigningKey {
        &self.signing
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Why bytes are no secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The second half is not the public key of the first.
    Halves,
    /// Not 64 bytes.
    Length {
        /// Bytes that came.
        found: usize,
    },
}

impl fmt::Display for SecretKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halves => f.write_str("secret key holds the public key of another seed"),
            Self::Length { found } => write!(f, "secret key of {found} bytes instead of 64"),
        }
    }
}

impl core::error::Error for SecretKeyError {}
