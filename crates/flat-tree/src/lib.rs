#![doc = include_str!("../README.md")]
#![no_std]

mod block_index;
mod full_roots;
mod node_index;

pub use block_index::BlockIndex;
pub use full_roots::{FullRoots, full_roots};
pub use node_index::NodeIndex;
