//! The replicator with its edges: against recorded sessions of npm 2.3.0, hostile peers, and itself.

mod net;
mod puppet;
mod session;
mod transcripts;
