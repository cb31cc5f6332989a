//! What the storage seams promise, grouped by what could break it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch;
mod copying;
mod crash;
mod errors;
mod faults;
mod memory;
