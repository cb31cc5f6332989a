//! What a replicator may spend, and how it picks.

use core::time::Duration;
use hyperfeed_storage::Durability;

/// Limits and defaults of a [`Replicator`](crate::Replicator).
#[derive(Debug, Clone)]
pub struct Config {
    /// Class in which commits are made when an append does not say otherwise, and for all blocks from peers.
    pub durability: Durability,
    /// Bytes of blocks staged before the owner should commit. Bounds the memory of one commit.
    pub max_commit_bytes: u64,
    /// Bytes handed to one connection and not yet written to its socket. A reader that does not read holds
    /// this much of us and no more.
    pub max_unwritten: usize,
    /// Requests of one peer that wait for their answer, of all feeds, each block counted once. Each costs about
    /// 50 bytes; over it the peer is dropped, since no honest one has that many: upstream asks for 16 a feed, this
    /// implementation for [`max_in_flight`](Self::max_in_flight).
    pub max_queued_requests: usize,
    /// Requests in flight to one peer, of all feeds. Beyond it each feed still has its
    /// [`min_window`](Self::min_window).
    pub max_in_flight: usize,
    /// Requests in flight to one peer for one feed, at the least (upstream's fixed number).
    pub min_window: u32,
    /// Requests in flight to one peer for one feed, at the most.
    pub max_window: u32,
    /// Bytes expected from requests in flight to one peer for one feed, at the most.
    pub max_window_bytes: u64,
    /// Memory of what one peer says it has, of all feeds, in bytes. Whole stretches cost next to nothing; scattered
    /// blocks cost 576 bytes for each 4096 blocks they are scattered over.
    pub max_remote_memory: usize,
    /// Blocks one peer may send that nobody asked it for and nobody is after, beyond as many that were asked for.
    /// Answers to cancelled requests count, so it is above any window.
    pub max_unrequested: u32,
    /// Feeds one peer may have joined at a time.
    pub max_exchanges: usize,
    /// Silence after which a request is given to another peer.
    pub request_timeout: Duration,
    /// Upload of all peers together, in bytes a second.
    pub max_upload: Option<u64>,
    /// Download of all peers together, in bytes a second.
    pub max_download: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            durability: Durability::Process,
            max_commit_bytes: 8 << 20,
            max_unwritten: 2 << 20,
            max_queued_requests: 65_536,
            max_in_flight: 16_384,
            min_window: 16,
            max_window: 4096,
            max_window_bytes: 16 << 20,
            max_remote_memory: 16 << 20,
            max_unrequested: 8192,
            max_exchanges: 4096,
            request_timeout: Duration::from_secs(5),
            max_upload: None,
            max_download: None,
        }
    }
}

/// How a feed is replicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedOptions {
    /// Only what is asked for is downloaded; otherwise everything.
    pub sparse: bool,
    /// The order of blocks nobody waits for.
    pub strategy: Strategy,
    /// Whether blocks are sent to peers.
    pub upload: bool,
    /// Whether blocks are asked of peers.
    pub download: bool,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            sparse: false,
            strategy: Strategy::default(),
            upload: true,
            download: true,
        }
    }
}

/// The order in which missing blocks are asked for. Blocks that somebody waits for come first in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// From the front.
    Linear,
    /// From a place drawn anew for each run of blocks.
    Random,
    /// What the fewest peers have first; from the front while there is one peer only.
    #[default]
    Rarest,
}

/// How one connection is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerOptions {
    /// Whether blocks are sent to this peer.
    pub upload: bool,
    /// Whether blocks are asked of this peer.
    pub download: bool,
    /// Upload to this peer in bytes a second.
    pub max_upload: Option<u64>,
    /// Download from this peer in bytes a second.
    pub max_download: Option<u64>,
}

impl Default for PeerOptions {
    fn default() -> Self {
        Self {
            upload: true,
            download: true,
            max_upload: None,
            max_download: None,
        }
    }
}
