//! What goes wrong with a command, and why a peer is dropped.

use core::fmt;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_types::PublicId;
use hyperfeed_v2_feed::{FeedError, Slot};
use hyperfeed_v2_protocol::ProtocolError;
use hyperfeed_v2_wire::DecodeError;
use std::sync::Arc;

/// Why a command failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// The feed was closed or removed while the command waited.
    Closed,
    /// The feed's own error: storage, permission, bounds.
    Feed(Arc<FeedError>),
    /// No feed is open in this slot.
    NotOpen {
        /// The slot.
        slot: Slot,
    },
    /// The feed has ended and does not reach this block.
    PastEnd {
        /// The block asked for.
        block: u64,
        /// The feed's final length in blocks.
        length: u64,
    },
    /// [`Config::max_exchanges`](crate::Config::max_exchanges) feeds are joined on the connection.
    TooManyFeeds {
        /// Feeds allowed.
        limit: usize,
    },
    /// [`Config::max_unwritten`](crate::Config::max_unwritten) bytes of extension messages wait for a peer that does
    /// not read. Nothing was queued.
    Unread,
    /// The connection is not there (any more).
    UnknownPeer,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the feed was closed"),
            Self::Feed(error) => error.fmt(f),
            Self::NotOpen { .. } => f.write_str("the feed is not open"),
            Self::PastEnd { block, length } => {
                write!(
                    f,
                    "block {block} is past the end of the feed, which has {length} blocks"
                )
            }
            Self::TooManyFeeds { limit } => {
                write!(f, "more than {limit} feeds on one connection")
            }
            Self::Unread => f.write_str("the peer does not read what it is sent"),
            Self::UnknownPeer => f.write_str("the connection is closed"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Feed(error) => error.source(),
            _ => None,
        }
    }
}

impl From<FeedError> for Error {
    fn from(error: FeedError) -> Self {
        Self::Feed(Arc::new(error))
    }
}

/// Why a connection was dropped. Other connections and feeds are not touched by it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PeerError {
    /// A block did not fit the signed tree.
    BadBlock {
        /// The feed.
        feed: PublicId,
        /// The block.
        block: BlockIndex,
        /// What did not fit.
        error: Arc<FeedError>,
    },
    /// A message body that cannot be read.
    Decode(DecodeError),
    /// A bitfield that cannot be read or claims blocks past the largest index.
    Bitfield,
    /// A block or node index past the largest.
    OutOfRange {
        /// The index.
        index: u64,
    },
    /// Handshake, cipher, framing, or silence.
    Protocol(ProtocolError),
    /// More than [`Config::max_remote_memory`](crate::Config::max_remote_memory) of claims.
    RemoteMemory,
    /// More than [`Config::max_queued_requests`](crate::Config::max_queued_requests) requests waiting.
    TooManyRequests,
    /// More than [`Config::max_unrequested`](crate::Config::max_unrequested) blocks nobody asked for.
    TooManyUnrequested,
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadBlock { block, error, .. } => {
                write!(f, "the peer sent a bad block {block}: {error}")
            }
            Self::Decode(error) => {
                write!(f, "the peer sent a message that cannot be read: {error}")
            }
            Self::Bitfield => f.write_str("the peer sent a bitfield that cannot be read"),
            Self::OutOfRange { index } => {
                write!(f, "the peer named index {index}, which no feed reaches")
            }
            Self::Protocol(error) => error.fmt(f),
            Self::RemoteMemory => {
                f.write_str("the peer claims more scattered blocks than are kept for one peer")
            }
            Self::TooManyRequests => {
                f.write_str("the peer asked for more blocks at a time than any window allows")
            }
            Self::TooManyUnrequested => {
                f.write_str("the peer keeps sending blocks nobody asked it for")
            }
        }
    }
}

impl core::error::Error for PeerError {}

impl From<ProtocolError> for PeerError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<DecodeError> for PeerError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}
