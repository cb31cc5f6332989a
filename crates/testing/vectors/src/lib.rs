#![doc = include_str!("../README.md")]

mod hex;
mod json;
mod pattern;

pub use hex::hex;
pub use json::{NAMES, json};
pub use pattern::pattern;
