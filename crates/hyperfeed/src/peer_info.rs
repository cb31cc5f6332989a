//! What is known of a connection.

use hyperfeed_types::{PeerId, PublicId};
use hyperfeed_v2_replicate::PeerKey;

/// One connection; see [`Core::peers`](crate::Core::peers) and [`Replication::peer`](crate::Replication::peer).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerInfo {
    /// The connection's name in events.
    pub peer: PeerKey,
    /// What the peer calls itself. Nothing proves it.
    pub peer_id: Option<PeerId>,
    /// The feeds shared with it.
    pub feeds: Vec<PublicId>,
    /// Bytes of blocks sent to it.
    pub uploaded: u64,
    /// Bytes of blocks received from it.
    pub downloaded: u64,
}
