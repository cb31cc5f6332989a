//! What happens on a connection.

use crate::{Error, Events};
use hyperfeed_types::{PeerId, PublicId};

/// The events of one connection.
pub type ReplicationEvents = Events<ReplicationEvent>;

/// An event of one connection; see [`Replication::events`](crate::Replication::events).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ReplicationEvent {
    /// The connection is over; nothing follows.
    Closed {
        /// Why, when it was not closed by either side in an orderly way.
        reason: Option<Error>,
    },
    /// The peer opened a feed.
    Feed {
        /// Which one.
        public_id: PublicId,
        /// Whether it is joined here. If not, [`Replication::join`](crate::Replication::join) still can.
        joined: bool,
    },
    /// The first handshake was understood. Both sides know the key of at least one feed.
    Handshake {
        /// What the peer calls itself. Nothing proves it.
        peer_id: Option<PeerId>,
        /// The peer's extensions.
        extensions: Vec<String>,
    },
    /// This reader was too slow; so many events were lost.
    Lagged {
        /// How many.
        missed: u64,
    },
    /// The peer was not admitted to a feed; see [`ReplicateOptions::admit`](crate::ReplicateOptions::admit).
    Refused {
        /// Which one.
        public_id: PublicId,
    },
    /// The peer was silent for too long. `Closed` follows.
    Timeout,
}
