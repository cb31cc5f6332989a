//! The contract over the crates of the family, and each of their traps.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contract;
mod hostile;
mod traps;
