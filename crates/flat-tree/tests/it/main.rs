//! Numbering against the vectors, against the crate `flat-tree`, and by definition.

#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

mod oracle;
mod range;
mod vectors;
