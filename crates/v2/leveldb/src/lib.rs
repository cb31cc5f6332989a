#![doc = include_str!("../README.md")]

mod entries;
mod error;
mod held_lock;
mod layout;
mod npm_feed;
mod npm_store;
mod read_only_env;
mod stored_feed;

pub use error::ReadError;
pub use npm_feed::{NpmFeed, Secret};
pub use npm_store::NpmStore;
pub use stored_feed::{StoredFeed, StoredProof};
