//! Tests of the codec, one file per topic.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod decode_example;
mod errors;
mod frame;
mod limits;
mod oracle;
mod properties;
mod protobuf_vectors;
mod strategy;
mod transcripts;
mod tree_of_json;
mod varint;
