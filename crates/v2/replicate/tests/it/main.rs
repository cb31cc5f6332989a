//! The replicator with its edges: against recorded sessions of npm 2.3.0, hostile peers, and itself.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod ahead;
mod caps;
mod feeds;
mod hostile;
mod memory;
mod net;
mod puppet;
mod service;
mod session;
mod siege;
mod transcripts;
