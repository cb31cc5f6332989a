#![doc = include_str!("../README.md")]

mod input;
mod mutator;
mod seeds;
mod target;
mod targets;

pub use mutator::Mutator;
pub use target::{TARGETS, Target};
