#![doc = include_str!("../README.md")]

mod action;
mod adversary;
mod disk;
mod drive;
mod faults;
mod host;
mod known;
mod lie;
mod link;
mod oracle;
mod random;
mod scenario;
mod stats;
mod world;

pub use action::Action;
pub use adversary::Mood;
pub use disk::Trouble;
pub use host::{HostId, NamedFeed};
pub use lie::Lie;
pub use link::{LinkId, Quality};
pub use oracle::Violation;
pub use random::Random;
pub use scenario::{Failure, Scenario};
pub use stats::Stats;
pub use world::World;
