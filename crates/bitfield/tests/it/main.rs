//! Bitfields against slow twins, and their coding against the vectors and slow twins.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bitfield;
mod codec;
mod cost;
mod hostile;
mod sparse;
mod twin;
mod vectors;
