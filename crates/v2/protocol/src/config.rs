use alloc::{string::String, vec::Vec};

use hyperfeed_types::PeerId;

use crate::Limits;

/// How a connection is spoken.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether messages are encrypted with the key of their feed. Both sides must agree beforehand:
    /// nothing on the wire tells.
    pub encrypted: bool,
    /// What we call ourselves; the remote uses it to notice that two connections lead to one peer.
    pub peer_id: PeerId,
    /// Names of the extensions we know, in any order.
    ///
    /// They are sorted by UTF-16 code units, repetitions dropped, and cut to
    /// [`Limits::max_extensions`]; indices are those of
    /// [`Protocol::extensions`](crate::Protocol::extensions).
    pub extensions: Vec<String>,
    /// Milliseconds from which the timers are derived: a keep-alive after so long without sending, the
    /// end of the connection after one and a half times as long without hearing. 0 means
    /// [`DEFAULT_TIMEOUT_MS`](Self::DEFAULT_TIMEOUT_MS).
    pub timeout_ms: u64,
    /// What the remote may make us keep.
    pub limits: Limits,
}

impl Config {
    /// Upstream's timeout in milliseconds.
    pub const DEFAULT_TIMEOUT_MS: u64 = 5000;

    /// An encrypted session without extensions, with the default timeout and limits.
    pub fn new(peer_id: PeerId) -> Self {
        Self {
            encrypted: true,
            peer_id,
            extensions: Vec::new(),
            timeout_ms: Self::DEFAULT_TIMEOUT_MS,
            limits: Limits::default(),
        }
    }
}
