//! Bitfields against a slow twin, and their coding against the vectors and a slow twin.

mod bitfield;
mod codec;
mod cost;
mod vectors;
