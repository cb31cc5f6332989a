#![doc = include_str!("../README.md")]

mod batch;
pub mod conformance;
mod copy;
mod durability;
mod error;
mod fault;
mod faulty;
mod faulty_file;
mod faulty_store;
mod key_value;
mod memory_file;
mod memory_store;
mod random_access;
mod split_mix;

pub use batch::{Batch, BatchError, Op, Ops};
pub use copy::copy;
pub use durability::Durability;
pub use error::{StorageError, StorageErrorKind};
pub use fault::{Fault, FaultPlan};
pub use faulty::{Faulty, Loss};
pub use key_value::KeyValue;
pub use memory_file::MemoryFile;
pub use memory_store::MemoryStore;
pub use random_access::RandomAccess;
