use core::fmt;

use chacha20::{
    ChaCha20,
    cipher::{KeyIvInit, StreamCipher},
};
use zeroize::Zeroizing;

/// Random bytes from a 32-byte seed: nonces, peer ids, key seeds, picks.
///
/// The same seed and the same calls give the same bytes. Where the seed comes from is the caller's
/// business: the operating system in earnest, a constant in a simulation only.
///
/// Each call draws from a ChaCha20 stream that starts with the key of the next call, so bytes handed
/// out earlier cannot be found from a copy of the state. Wiped on drop; not `Clone`, as two copies
/// would hand out the same nonces.
///
/// ```
/// # use hyperfeed_v2_crypto::Entropy;
/// let mut entropy = Entropy::from_seed([7; 32]);
/// let mut nonce = [0; 24];
/// entropy.fill(&mut nonce);
/// assert_ne!(nonce, [0; 24]);
/// ```
pub struct Entropy {
    key: Zeroizing<[u8; 32]>,
}

impl Entropy {
    /// Starts the stream of `seed`. The caller wipes its own copy.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self {
            key: Zeroizing::new(seed),
        }
    }

    /// Overwrites `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        // ChaCha20 has 256 GiB under one key; a part is far below that.
        for part in out.chunks_mut(1 << 30) {
            let mut stream = ChaCha20::new((&*self.key).into(), &[0; 12].into());
            self.key.fill(0);
            stream.apply_keystream(self.key.as_mut_slice());
            part.fill(0);
            stream.apply_keystream(part);
        }
    }

    /// The next random number, any `u64` equally likely.
    pub fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A new stream, independent of what this one gives from now on.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        self.fill(key.as_mut_slice());
        Self { key }
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}
