//! What happens to a feed.

use crate::{Error, Events};
use hyperfeed_types::FeedKey;
use hyperfeed_v2_replicate::PeerKey;
use std::ops::Range;

/// The events of one feed.
pub type FeedEvents = Events<FeedEvent>;

/// An event of one feed; see [`Feed::events`](crate::Feed::events).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum FeedEvent {
    /// A stored block is not what was verified when it was stored. It was not sent to the peer that asked.
    Corrupt {
        /// The block.
        block: u64,
    },
    /// A block came from a peer, was verified and is stored.
    Download {
        /// The block.
        block: u64,
        /// Its size in bytes.
        bytes: u64,
        /// The connection it came by.
        peer: PeerKey,
    },
    /// Storage failed; downloading rests until it works again.
    Failed {
        /// Why.
        error: Error,
    },
    /// A static feed was sealed and has its key now.
    Finalized {
        /// The key.
        key: FeedKey,
    },
    /// Blocks are held that were not before: appended here, put by hand or come from a peer.
    Have {
        /// Their indices.
        range: Range<u64>,
    },
    /// This reader was too slow; so many events were lost.
    Lagged {
        /// How many.
        missed: u64,
    },
    /// A peer will not answer for a while.
    Paused {
        /// The connection.
        peer: PeerKey,
    },
    /// The feed is open on both sides of a connection. `PeerRemoved` follows at once when the peer is not admitted.
    PeerAdded {
        /// The connection.
        peer: PeerKey,
    },
    /// A peer says it has every block that is known here: everything is uploaded. Comes again when the feed has grown.
    PeerComplete {
        /// The connection.
        peer: PeerKey,
    },
    /// The feed is no longer shared on a connection.
    PeerRemoved {
        /// The connection.
        peer: PeerKey,
    },
    /// A peer answers again.
    Resumed {
        /// The connection.
        peer: PeerKey,
    },
    /// A block was handed to a connection for its peer.
    Upload {
        /// The block.
        block: u64,
        /// Its size in bytes.
        bytes: u64,
        /// The connection it went by.
        peer: PeerKey,
    },
}
