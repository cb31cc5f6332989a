#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod bitfield;
mod growth;
mod page;
mod range;
pub mod rle;
mod search;

pub use bitfield::Bitfield;
pub use growth::allocated_bits;
pub use page::{PAGE_BITS, PAGE_BYTES, Page};
