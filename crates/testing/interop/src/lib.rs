#![doc = include_str!("../README.md")]

mod commands;
mod digest;
mod error;
mod event;
mod instance;
mod options;
mod pattern;
mod peer;

pub use commands::{Blocks, FeedIdentity, FeedStats, NpmNode, NpmProof, Traffic};
pub use digest::{Digester, FeedDigest};
pub use error::NpmError;
pub use event::Event;
pub use options::{Connect, FeedOptions, Listen};
pub use pattern::Pattern;
pub use peer::NpmPeer;

/// The examples in the README of the workspace.
#[cfg(doctest)]
#[doc = include_str!("../../../../README.md")]
struct WorkspaceReadme;
