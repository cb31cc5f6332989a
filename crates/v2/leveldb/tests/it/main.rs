//! Directories of npm hypercore, read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod damage;
mod scenario;
mod vectors;
