//! Tests of the connection, one file per topic.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod chunking;
mod closing;
mod decrypt_example;
mod extensions;
mod holding;
mod hostile;
mod introduction;
mod message_json;
mod peer;
mod sending;
mod session;
mod timers;
mod transcripts;
mod two_peers;
