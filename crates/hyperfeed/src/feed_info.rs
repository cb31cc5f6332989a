//! What is known of a feed without a handle to it.

use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_feed::Kind;
use std::fmt;

/// A feed of the store; see [`Core::list`](crate::Core::list) and [`Core::stat`](crate::Core::stat).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedInfo {
    /// The key, with which everything can be read. `None` for a static feed that is not sealed yet.
    pub key: Option<FeedKey>,
    /// The public id; a local id for a static feed that is not sealed yet.
    pub public_id: PublicId,
    /// Live, static, or not known yet.
    pub kind: Kind,
    /// Whether blocks can be appended here.
    pub writable: bool,
    /// Whether the blocks lie in a file or external storage, and not in the store itself.
    pub attached: bool,
    /// The user's own name for it.
    pub alias: Option<String>,
    /// Whether it is open at the moment.
    pub open: bool,
    /// Blocks, as far as verified.
    pub length: u64,
    /// Bytes of these blocks.
    pub byte_length: u64,
    /// Blocks held here.
    pub held_blocks: u64,
    /// Bytes held here.
    pub held_bytes: u64,
}

impl fmt::Debug for FeedInfo {
    /// Without the key, which gives access.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedInfo")
            .field("public_id", &self.public_id)
            .field("kind", &self.kind)
            .field("writable", &self.writable)
            .field("alias", &self.alias)
            .field("open", &self.open)
            .field("length", &self.length)
            .field("byte_length", &self.byte_length)
            .field("held_blocks", &self.held_blocks)
            .field("held_bytes", &self.held_bytes)
            .finish_non_exhaustive()
    }
}
