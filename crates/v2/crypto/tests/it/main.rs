//! Tests of the cryptography, one file per topic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod entropy;
mod keys;
mod public_id;
mod redaction;
mod secretbox;
mod tree_vectors;
