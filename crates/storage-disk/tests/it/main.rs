//! What the stores on disk promise, grouped by what could break it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backend;
mod contract;
mod damage;
mod files;
mod full;
mod kill;
mod opening;
