//! What users do with the facade, one file a story.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod batching;
mod clone;
mod close;
mod control;
mod create;
mod events;
mod extension;
mod faults;
mod feeds;
mod live;
mod names;
mod pipe;
mod plain;
mod repair;
mod runtimes;
mod statics;
mod streams;
mod waiting;
mod within;
mod wrong;

#[cfg(feature = "disk")]
mod disk;
#[cfg(feature = "disk")]
mod external;
#[cfg(feature = "async-std")]
mod tcp;
