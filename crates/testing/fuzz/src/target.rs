use crate::seeds;
use crate::targets::{
    arguments, bitmaps, disk, feed, leveldb, merkle, replicator, session, text, wire,
};

/// One way into the code for hostile bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As `cargo xtask fuzz` takes it.
    pub name: &'static str,
    /// Hands the bytes in. Panics if something is not as it must be.
    pub run: fn(&[u8]),
    /// Inputs to start from: of the vectors, where there are any.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// The bytes that may be allocated at a time, whatever the input: of fixtures, and what a decoder has anyway.
    pub fixed: u64,
    /// How many more for each byte of the input.
    pub factor: u64,
    /// How many inputs the stable test tries: fewer where one takes long.
    pub rounds: u32,
}

impl Target {
    const fn new(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Self {
        Self {
            name,
            run,
            seeds,
            fixed: 4 << 10,
            factor: 64,
            rounds: 20_000,
        }
    }

    const fn heavy(self, fixed: u64, factor: u64, rounds: u32) -> Self {
        Self {
            fixed,
            factor,
            rounds,
            ..self
        }
    }

    /// The target with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target::new("arguments", arguments::values, seeds::arguments),
    Target::new("batch", disk::batch, seeds::batches),
    Target::new("bitmap-decode", bitmaps::decode, seeds::coded_bitmaps),
    Target::new("bitmap-encode", bitmaps::encode, seeds::noise).heavy(64 << 10, 2048, 10_000),
    Target::new("feed-put", feed::put, seeds::noise).heavy(4 << 20, 4096, 600),
    Target::new("frame", wire::frame, seeds::frames),
    Target::new("handshake", wire::handshake, seeds::handshakes),
    Target::new("hex", text::hex, seeds::hex_texts),
    Target::new("introduction", wire::introduction, seeds::introductions),
    Target::new("journal", disk::journal, seeds::noise).heavy(64 << 20, 4096, 60),
    Target::new("key-file", disk::key_file, seeds::key_files).heavy(64 << 10, 64, 500),
    Target::new("leveldb", leveldb::files, seeds::noise).heavy(64 << 20, 4096, 60),
    Target::new("merkle", merkle::verify, seeds::noise).heavy(256 << 10, 2048, 3_000),
    Target::new("message", wire::message, seeds::messages),
    Target::new("record-feed", wire::feed_record, seeds::feed_records),
    Target::new("record-node", wire::node_record, seeds::node_records),
    Target::new("replicator", replicator::messages, seeds::exchanges).heavy(8 << 20, 8192, 600),
    Target::new("secretbox", text::secretbox, seeds::boxes),
    Target::new("session", session::behind_the_cipher, seeds::sessions).heavy(1 << 20, 4096, 4_000),
    Target::new("store", feed::store, seeds::noise).heavy(8 << 20, 4096, 300),
    Target::new("stream", session::stream, seeds::streams).heavy(1 << 20, 1024, 4_000),
    Target::new("varint", wire::varint, seeds::varints),
];
