//! The replicator with its edges: against recorded sessions of npm 2.3.0, hostile peers, and itself.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod ahead;
mod caps;
mod claims;
mod disk;
mod hostile;
mod joining;
mod malformed;
mod memory;
mod net;
mod order;
mod patience;
mod progress;
mod puppet;
mod replay;
mod requests;
mod roles;
mod serving;
mod session;
mod siege;
mod transcripts;
mod unread;
mod withheld;
