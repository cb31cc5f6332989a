//! The suite with which a backend proves itself.
//!
//! ```
//! use hyperfeed_storage::{MemoryFile, MemoryStore, conformance};
//!
//! let store = MemoryStore::new();
//! conformance::key_value(|| store.share());
//!
//! let file = MemoryFile::new();
//! conformance::random_access(|| file.share());
//! ```
//!
//! Each function panics with a sentence when the contract of the trait is broken. What it tests
//! follows from a fixed seed, so a failure repeats.

mod key_value;
mod random_access;

pub use key_value::key_value;
pub use random_access::random_access;
