//! How a feed is kept and replicated.

use hyperfeed_storage::RandomAccess;
use hyperfeed_v2_crypto::SecretKey;
use hyperfeed_v2_replicate::Strategy;
use std::fmt;

/// How a feed is kept and replicated, for [`Core::create_feed_with`](crate::Core::create_feed_with) and
/// [`Core::open_feed_with`](crate::Core::open_feed_with).
///
/// ```
/// # use hyperfeed::{FeedOptions, Strategy};
/// let options = FeedOptions::new().sparse(true).strategy(Strategy::Linear);
/// ```
#[derive(Default)]
pub struct FeedOptions {
    pub(crate) alias: Option<String>,
    pub(crate) external: Option<Box<dyn RandomAccess>>,
    pub(crate) secret: Option<SecretKey>,
    pub(crate) replicate: hyperfeed_v2_replicate::FeedOptions,
}

impl FeedOptions {
    /// The defaults: everything is downloaded, rarest blocks first, and uploaded.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A name of the user's own for the feed, for [`Core::find`](crate::Core::find). Not shared with peers.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.alias = Some(alias.into());
        self
    }

    /// Keeps the blocks in `storage` as the plain concatenation of their bytes: block `b` at the byte where `b - 1`
    /// ends. So a feed can be a file. Must be given again each time the feed is opened (or see
    /// [`Builder::external`](crate::Builder::external)); who else writes there breaks the feed.
    #[must_use]
    pub fn external(mut self, storage: impl RandomAccess + 'static) -> Self {
        self.external = Some(Box::new(storage));
        self
    }

    /// The secret key of a feed that was written elsewhere, so that it can be appended to here.
    ///
    /// Two places that append to one feed fork it, and readers refuse it for good. Fetch all blocks before appending.
    #[must_use]
    pub fn secret(mut self, secret: SecretKey) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Downloads only what is asked for by `get`, `download` or a stream; otherwise everything (the default).
    #[must_use]
    pub fn sparse(mut self, sparse: bool) -> Self {
        self.replicate.sparse = sparse;
        self
    }

    /// The order in which blocks come that nobody waits for.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.replicate.strategy = strategy;
        self
    }

    /// Whether blocks are sent to peers. Default: yes.
    #[must_use]
    pub fn upload(mut self, upload: bool) -> Self {
        self.replicate.upload = upload;
        self
    }

    /// Whether blocks are asked of peers. Default: yes.
    #[must_use]
    pub fn download(mut self, download: bool) -> Self {
        self.replicate.download = download;
        self
    }
}

impl fmt::Debug for FeedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedOptions")
            .field("alias", &self.alias)
            .field("external", &self.external.is_some())
            .field("secret", &self.secret.is_some())
            .field("replicate", &self.replicate)
            .finish()
    }
}
