//! The run length coding of bitfields in generation 2 (spec section 5), as Have messages carry it.
//!
//! `varint(number of runs)`, then `varint(gap) varint(length)` for each run, then a string of bits, most significant
//! first: a literal stretch up to the next run, one bit for the value of the run, and so on.

mod decode;
mod encode;

pub use decode::{DecodeError, Run, Runs, decode};
pub use encode::{encode, encode_from};
