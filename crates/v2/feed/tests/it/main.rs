//! Tests of `hyperfeed-v2-feed` through its public interface.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod crash;
mod hostile;
mod journey;
mod large;
mod life;
mod lost;
mod model;
mod place;
mod repair;
mod sizes;
mod store;
mod vectors;
mod writer;
