#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod append_error;
mod appender;
mod digest;
mod node;
mod proof_plan;
mod tree_hash;
mod tree_index;
mod verified;
mod verify_error;
mod verify_plan;

pub use append_error::AppendError;
pub use appender::Appender;
pub use digest::Digest;
pub use node::{MAX_SIZE, Node};
pub use proof_plan::ProofPlan;
pub use tree_hash::TreeHash;
pub use tree_index::TreeIndex;
pub use verified::{Anchor, Verified};
pub use verify_error::VerifyError;
pub use verify_plan::VerifyPlan;
