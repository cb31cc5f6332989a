//! What the owner thread is told.

use crate::Error;
use crate::driver::{NewConnection, Owner, Waiting};
use crate::feed_view::FeedView;
use crate::hashing::Hashing;
use futures::channel::oneshot;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::Durability;
use hyperfeed_v2_feed::{Put, Slot};
use hyperfeed_v2_replicate::{EdgeEvent, Token};
use std::ops::Range;
use std::sync::Arc;

/// One piece of work for the owner. What is frequent has a variant, all else is a `Call`.
pub(crate) enum Message {
    Append {
        slot: Slot,
        blocks: Hashing,
        durability: Option<Durability>,
        token: Token,
        waiting: Waiting,
    },
    Call(Box<dyn FnOnce(&mut Owner) + Send>),
    Cancel(Token),
    Close(oneshot::Sender<Result<(), Error>>),
    Connect(Box<NewConnection>),
    Download {
        slot: Slot,
        range: Range<u64>,
        token: Token,
        waiting: Waiting,
    },
    /// From a connection: what came, and the cost of what has gone out.
    Edge {
        connection: ConnectionId,
        events: Vec<EdgeEvent>,
        written: usize,
    },
    Finalize {
        slot: Slot,
        token: Token,
        waiting: Waiting,
    },
    Flush {
        token: Token,
        waiting: Waiting,
    },
    Get {
        slot: Slot,
        block: BlockIndex,
        wait: bool,
        token: Token,
        waiting: Waiting,
    },
    /// A connection is over.
    Gone(ConnectionId),
    Put {
        slot: Slot,
        put: Box<Put>,
        token: Token,
        waiting: Waiting,
    },
    /// The last clone of a feed handle was dropped.
    Released(Arc<FeedView>),
    /// The last handle of the core was dropped.
    Shutdown,
}

/// Names a connection before the replicator knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);
