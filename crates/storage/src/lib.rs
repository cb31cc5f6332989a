#![doc = include_str!("../README.md")]

mod batch;
mod durability;
mod error;
mod key_value;
mod memory_file;
mod memory_store;
mod random_access;

pub use batch::{Batch, BatchError, Op, Ops};
pub use durability::Durability;
pub use error::{StorageError, StorageErrorKind};
pub use key_value::KeyValue;
pub use memory_file::MemoryFile;
pub use memory_store::MemoryStore;
pub use random_access::RandomAccess;
