use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_crypto::Nonce;

/// A channel opened on this side.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) public_id: PublicId,
    pub(crate) key: FeedKey,
    /// Of the next message we send.
    pub(crate) nonce: Nonce,
    pub(crate) link: Link,
}

/// Whether the remote has opened the feed of a channel too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Only we have opened it.
    Alone,
    /// Both have; the remote sends under this number.
    Ready {
        /// The remote's number for the channel.
        number: u64,
        /// Frames the remote had sent for the feed before, which this channel never sees.
        missed: u64,
    },
}
