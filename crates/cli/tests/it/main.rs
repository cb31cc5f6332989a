//! What people do with the command, and what goes wrong for them: one file per story.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::panic, reason = "a test that cannot go on has failed")]

mod appending;
mod bad_input;
mod clone_and_share;
mod full_disk;
mod import_leveldb;
mod interrupted;
mod names;
mod output;
mod repairing;
mod static_feeds;
mod store;
mod unhelpful_peers;
mod usage;

mod machine;
mod proxy;
mod running;
