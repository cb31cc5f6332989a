//! Encryption of messages: XSalsa20-Poly1305, known as secretbox (spec section 14.3).
//!
//! A box is the 16-byte tag followed by the ciphertext, which is as long as the plaintext. Both
//! directions use the feed key; what keeps messages apart is the [`Nonce`](crate::Nonce) alone. **The
//! same nonce twice under one key gives away both plaintexts and lets messages be forged.**
//!
//! Two implementations with the same output: [`portable`] everywhere, and one with vector instructions
//! that [`seal`] and [`open`] use when the feature `simd` is on.

mod open_error;
pub mod portable;
#[cfg(feature = "simd")]
mod simd;

pub use open_error::OpenError;
#[cfg(not(feature = "simd"))]
pub use portable::{open, seal};
#[cfg(feature = "simd")]
pub use simd::{open, seal};

/// Bytes a box is longer than its plaintext.
pub const TAG_LEN: usize = 16;
