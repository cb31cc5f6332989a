//! What is done with the bytes, and what must hold.

pub(crate) mod arguments;
pub(crate) mod bitmaps;
pub(crate) mod disk;
pub(crate) mod feed;
mod fixture;
pub(crate) mod leveldb;
pub(crate) mod merkle;
pub(crate) mod replicator;
pub(crate) mod session;
pub(crate) mod text;
pub(crate) mod wire;
