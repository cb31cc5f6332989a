#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod append;
mod block;
mod blocks;
mod check;
mod create;
mod error;
mod expect;
mod feed;
mod feed_record;
mod fields;
mod finalize;
mod finding;
mod head;
mod layout;
mod leaf_hash;
mod mend;
mod node_page;
mod open;
mod page_cache;
mod proof;
mod put;
mod removal;
mod repair;
mod seal;
mod seal_blocks;
mod seal_pages;
mod serve;
mod slot;
mod stage;
mod stage_put;
mod stage_repair;
mod store;

pub use block::Block;
pub use blocks::Blocks;
pub use error::FeedError;
pub use feed::Feed;
pub use feed_record::{FeedRecord, Kind};
pub use finding::{Finding, Suspect};
pub use leaf_hash::leaf_hash;
pub use proof::Proof;
pub use put::{Accepted, Put};
pub use slot::Slot;
pub use stage::{Committed, Staged};
pub use stage_repair::{OnlyCopy, Repair};
pub use store::Store;
