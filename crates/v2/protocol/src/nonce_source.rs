use alloc::vec::{self, Vec};

use hyperfeed_v2_crypto::{Entropy, Nonce};

/// Where the nonces come from that our channels start with.
#[derive(Debug)]
pub enum NonceSource {
    /// Drawn from a seed of 32 random bytes.
    ///
    /// The seed must come from the operating system and must never serve a second connection: a nonce
    /// that comes twice for one feed gives away the plaintext of both messages.
    Seed([u8; 32]),
    /// These, in this order, one per channel; then [`ApiMisuse::NoNonceLeft`](crate::ApiMisuse).
    ///
    /// Only for tests that compare bytes with recorded sessions.
    FixedForTests(Vec<Nonce>),
}

/// The same, being used up.
#[derive(Debug)]
pub(crate) enum Nonces {
    Entropy(Entropy),
    Fixed(vec::IntoIter<Nonce>),
}

impl Nonces {
    pub(crate) fn new(source: NonceSource) -> Self {
        match source {
            NonceSource::Seed(seed) => Self::Entropy(Entropy::from_seed(seed)),
            NonceSource::FixedForTests(nonces) => Self::Fixed(nonces.into_iter()),
        }
    }

    pub(crate) fn next(&mut self) -> Option<Nonce> {
        match self {
            Self::Entropy(entropy) => {
                let mut bytes = [0; Nonce::LEN];
                entropy.fill(&mut bytes);
                Some(Nonce::new(bytes))
            }
            Self::Fixed(nonces) => nonces.next(),
        }
    }
}
