#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

extern crate alloc;

mod entropy;
mod key_pair;
mod nonce;
mod public_id;
mod secret_key;
pub mod secretbox;
mod tree;
mod verify;

pub use entropy::Entropy;
pub use key_pair::KeyPair;
pub use nonce::Nonce;
pub use public_id::public_id;
pub use secret_key::{SecretKey, SecretKeyError};
pub use tree::Sha256Tree;
pub use verify::{SignatureError, verify};
