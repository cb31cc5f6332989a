//! The replicator with its edges: against recorded sessions of npm 2.3.0, hostile peers, and itself.

mod caps;
mod net;
mod puppet;
mod session;
mod siege;
mod transcripts;
