//! Which feed external storage is wanted for.

use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_feed::Kind;
use std::fmt;

/// Which feed [`Builder::external`](crate::Builder::external) is asked to find storage for.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedIdentity {
    /// The key; `None` for a static feed that is not sealed yet.
    pub key: Option<FeedKey>,
    /// The public id. A static feed gets another one when it is sealed: its alias stays.
    pub public_id: PublicId,
    /// Live, static, or not known yet.
    pub kind: Kind,
    /// The user's own name for it.
    pub alias: Option<String>,
}

impl fmt::Debug for FeedIdentity {
    /// Without the key, which gives access.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedIdentity")
            .field("public_id", &self.public_id)
            .field("kind", &self.kind)
            .field("alias", &self.alias)
            .finish_non_exhaustive()
    }
}
