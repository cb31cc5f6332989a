//! The write-ahead journal: what makes a commit survive before the backend has it.

mod header;
mod record;
mod replay;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use header::Header;
pub(crate) use record::RecordHead;
pub(crate) use replay::{Replay, read_header, replay};
pub(crate) use writer::Journal;
