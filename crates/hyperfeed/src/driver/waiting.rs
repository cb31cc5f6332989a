//! Who waits for a reply.

use super::Slot;
use crate::Error;
use crate::inbox::ConnectionId;
use crate::watch::WatchSender;
use futures::channel::oneshot;
use hyperfeed_types::FeedKey;
use hyperfeed_v2_feed::Block;
use std::ops::Range;

/// The other end of a command. Dropping it tells the waiting task that the core is closed.
pub(crate) enum Waiting {
    Append {
        slot: Slot,
        reply: Reply<Range<u64>>,
    },
    Block(Reply<Option<Block>>),
    Download(WatchSender),
    Finalize {
        slot: Slot,
        reply: Reply<FeedKey>,
    },
    Flush(Reply<()>),
    Put {
        slot: Slot,
        reply: Reply<bool>,
    },
    /// A connection that is to be closed when it has fetched everything.
    WholeFeed(ConnectionId),
}

pub(crate) type Reply<R> = oneshot::Sender<Result<R, Error>>;

impl Waiting {
    /// The feed whose state the reply tells of.
    pub(crate) fn changed(&self) -> Option<Slot> {
        match self {
            Self::Append { slot, .. } | Self::Finalize { slot, .. } | Self::Put { slot, .. } => {
                Some(*slot)
            }
            Self::Block(_) | Self::Download(_) | Self::Flush(_) | Self::WholeFeed(_) => None,
        }
    }

    pub(crate) fn fail(self, error: Error) {
        // A task that no longer waits needs no error.
        match self {
            Self::Append { reply, .. } => drop(reply.send(Err(error))),
            Self::Block(reply) => drop(reply.send(Err(error))),
            Self::Download(watch) => watch.finish(Err(error)),
            Self::Finalize { reply, .. } => drop(reply.send(Err(error))),
            Self::Flush(reply) => drop(reply.send(Err(error))),
            Self::Put { reply, .. } => drop(reply.send(Err(error))),
            Self::WholeFeed(_) => {}
        }
    }
}
