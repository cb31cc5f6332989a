#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

extern crate alloc;

mod bitfield;
mod fill;
mod growth;
mod mixed;
mod page;
mod pages;
mod range;
pub mod rle;
mod scan;
mod search;

pub use bitfield::Bitfield;
pub use growth::allocated_bits;
pub use page::{PAGE_BITS, PAGE_BYTES, Page};
