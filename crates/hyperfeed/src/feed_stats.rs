//! Counters of a feed.

/// What a feed has done since it was opened; see [`Feed::stats`](crate::Feed::stats).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FeedStats {
    /// Blocks that came from peers.
    pub downloaded_blocks: u64,
    /// Bytes of these blocks.
    pub downloaded_bytes: u64,
    /// Blocks that went to peers.
    pub uploaded_blocks: u64,
    /// Bytes of these blocks.
    pub uploaded_bytes: u64,
    /// Connections that share the feed now.
    pub peers: u64,
}
