//! The run length coding of bitfields in generation 2 (spec section 5), as Have messages carry it.
//!
//! ```text
//! varint(number of listed runs)  varint(gap) varint(length) ...  string of bits
//! ```
//!
//! The string of bits is read most significant bit first: `gap` bits as they are, one bit for the value of the listed run,
//! and so on; after the last listed run, all that is left as it is. Upstream lists a run when that is shorter than its
//! bits, from 18 bits on.

#[deny(clippy::arithmetic_side_effects)]
mod decode;
mod decode_error;
mod encode;
mod run;
#[deny(clippy::arithmetic_side_effects)]
mod runs;
mod varint;

pub use decode::decode;
pub use decode_error::DecodeError;
pub use encode::{encode, encode_from};
pub use run::Run;
pub use runs::Runs;
