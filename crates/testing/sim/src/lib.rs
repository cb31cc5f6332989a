#![doc = include_str!("../README.md")]

mod host;
mod link;
mod oracle;
mod random;
mod world;

pub use host::{HostId, NamedFeed};
pub use link::{LinkId, Quality};
pub use oracle::Violation;
pub use random::Random;
pub use world::{Stats, World};
