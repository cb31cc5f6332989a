use core::fmt;

/// The 24 bytes that make one encryption under a key different from all others.
///
/// A channel starts with random ones, sent in its handshake, and takes the next for every message. Not
/// `Copy`, so that none is used twice by oversight. Nonces are no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce([u8; Self::LEN]);

impl Nonce {
    /// Bytes of a nonce.
    pub const LEN: usize = 24;

    /// A nonce of these bytes.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Moves on to the nonce of the next message.
    ///
    /// Adds one to the bytes read as one big-endian number; all `ff` wraps to zero.
    pub fn increment(&mut self) {
        for byte in self.0.iter_mut().rev() {
            let carry;
            (*byte, carry) = byte.overflowing_add(1);
            if !carry {
                break;
            }
        }
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl From<[u8; Self::LEN]> for Nonce {
    fn from(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(")?;
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}
