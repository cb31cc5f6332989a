#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod bytes32;
pub mod hex;
mod signature;
mod time;

pub use bytes32::{FeedKey, Hash, PeerId, PublicId};
pub use hex::HexError;
pub use signature::Signature;
pub use time::Instant;
