//! Live tests: they need Node, `cargo xtask interop` runs them.
//!
//! `upstream` shows the driver on npm peers alone; everything else has `hyperfeed` on one side of a TCP connection
//! on this machine, and npm hypercore 2.3.0 on the other.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod breaking;
mod chain;
mod channels;
mod clone;
mod differential;
mod events;
mod extensions;
mod growing;
mod large;
mod names;
mod ours;
mod pause;
mod processes;
mod signatures;
mod sparse;
mod streams;
mod topologies;
mod upstream;
