//! How far a feed is, and why it is not done.

use crate::PeerKey;
use core::time::Duration;
use hyperfeed_types::PeerId;
use std::ops::Range;

/// Where a download stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Blocks of the range that are held.
    pub held: u64,
    /// Blocks of the range, as far as the feed is known to reach.
    pub total: u64,
    /// Bytes held of the whole feed.
    pub held_bytes: u64,
    /// Bytes of the whole feed, as its signed length tells; 0 while that is unknown.
    pub byte_length: u64,
    /// Peers that share the feed.
    pub peers: usize,
    /// Bytes a second coming in for this feed.
    pub rate: u64,
}

/// The state of a feed's replication.
#[derive(Debug, Clone)]
pub struct SyncState {
    /// Blocks held.
    pub held_blocks: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// Blocks the writer has signed for, as far as verified here.
    pub length: u64,
    /// Bytes of that length.
    pub byte_length: u64,
    /// Blocks known to exist: the verified length, or more when a peer says it has more.
    pub known_blocks: u64,
    /// Known blocks that are not held.
    pub missing_blocks: u64,
    /// The peers that share the feed.
    pub peers: Vec<PeerSync>,
    /// Bytes a second coming in.
    pub download_rate: u64,
    /// Bytes a second going out.
    pub upload_rate: u64,
    /// Time until everything known is held, at the present speed. `None` when that says nothing.
    pub eta: Option<Duration>,
    /// Done, or why not.
    pub status: Status,
}

/// One peer of a feed.
#[derive(Debug, Clone)]
pub struct PeerSync {
    /// The connection.
    pub peer: PeerKey,
    /// What the peer calls itself.
    pub peer_id: Option<PeerId>,
    /// Blocks the peer says it has.
    pub has_blocks: u64,
    /// Requests out to it.
    pub in_flight: usize,
    /// How long it has owed an answer: since its last one, or since it was asked. `None` while nothing is asked of it.
    pub waiting: Option<Duration>,
    /// Whether it answers at the moment.
    pub paused: bool,
}

/// Whether a feed is complete, and what it waits for if not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Everything known is held, and at least one peer was heard or the feed is our own.
    Complete,
    /// Storage fails; the text is its error.
    DiskError(String),
    /// Blocks are on their way.
    Downloading,
    /// Downloading is switched off for the feed.
    NotDownloading,
    /// There is no connection on which the feed is joined.
    NoPeers,
    /// The peers are there and do not have these blocks.
    PeersLack(Range<u64>),
    /// Every peer that has missing blocks pauses.
    Paused,
    /// Connections are there on which the feed is offered, and no peer takes it up.
    Refused,
    /// The feed is sparse, and everything asked for is here.
    Sparse,
    /// Peers are connected and have not yet said what they have.
    Waiting,
}
