//! How a connection is treated.

use crate::Feed;
use hyperfeed_types::{PeerId, PublicId};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How a connection is treated, for [`Core::replicate`](crate::Core::replicate).
///
/// ```
/// # use hyperfeed::ReplicateOptions;
/// # use std::time::Duration;
/// let options = ReplicateOptions::new().timeout(Duration::from_secs(20)).max_upload(1 << 20);
/// ```
#[derive(Debug, Clone)]
pub struct ReplicateOptions {
    pub(crate) admit: Admit,
    pub(crate) encrypted: bool,
    pub(crate) extensions: Vec<String>,
    pub(crate) feeds: Feeds,
    pub(crate) live: bool,
    pub(crate) timeout: Duration,
    pub(crate) upload: bool,
    pub(crate) download: bool,
    pub(crate) max_upload: Option<u64>,
    pub(crate) max_download: Option<u64>,
}

/// A peer that has opened a feed and wants to share it; see [`ReplicateOptions::admit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admission {
    /// What the peer calls itself, if it does.
    pub peer_id: Option<PeerId>,
    /// The feed.
    pub public_id: PublicId,
}

/// Who is admitted; without a hook, everyone.
#[derive(Clone, Default)]
pub(crate) struct Admit(Option<Arc<dyn Fn(Admission) -> bool + Send + Sync>>);

impl Admit {
    pub(crate) fn admits(&self, peer_id: Option<PeerId>, public_id: PublicId) -> bool {
        self.0
            .as_ref()
            .is_none_or(|admit| admit(Admission { peer_id, public_id }))
    }
}

impl fmt::Debug for Admit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            None => "everyone",
            Some(_) => "a hook",
        })
    }
}

/// Which feeds a connection shares. More can be joined and left at any time.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Feeds {
    /// The feeds open here are opened on the connection at once; any other feed of the store is opened and joined
    /// when the peer asks for it. The peer learns the public ids of the open feeds, not their keys.
    #[default]
    All,
    /// These, in this order.
    Listed(Vec<Feed>),
    /// Any feed of the store, once the peer asks for it. Says nothing first: the peer must.
    Requested,
}

impl Default for ReplicateOptions {
    fn default() -> Self {
        Self {
            admit: Admit::default(),
            encrypted: true,
            extensions: Vec::new(),
            feeds: Feeds::All,
            live: true,
            timeout: Duration::ZERO,
            upload: true,
            download: true,
            max_upload: None,
            max_download: None,
        }
    }
}

impl ReplicateOptions {
    /// The defaults: encrypted, all feeds, open until one side closes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asked for each feed that both sides have opened, before anything is told or sent of it: whether this peer gets
    /// to share it. The peer has shown that it has the feed's key; its id is what it calls itself, and nothing proves
    /// it. A peer that is not admitted gets no answers for that feed, other feeds go on; asked again when the peer
    /// opens the feed anew. Called on the core's own thread: it must not wait. Default: everyone is admitted.
    ///
    /// ```
    /// # use hyperfeed::{PeerId, ReplicateOptions};
    /// # let friends: Vec<PeerId> = Vec::new();
    /// let options = ReplicateOptions::new().admit(move |request| {
    ///     request.peer_id.is_some_and(|peer_id| friends.contains(&peer_id))
    /// });
    /// ```
    #[must_use]
    pub fn admit(mut self, admit: impl Fn(Admission) -> bool + Send + Sync + 'static) -> Self {
        self.admit = Admit(Some(Arc::new(admit)));
        self
    }

    /// Whether the connection is encrypted; both sides must agree. Default: yes. Without it everyone on the way can
    /// read the blocks; they still cannot change them.
    #[must_use]
    pub fn encrypted(mut self, encrypted: bool) -> Self {
        self.encrypted = encrypted;
        self
    }

    /// Names of extensions this side understands. See [`Replication::extension`](crate::Replication::extension).
    #[must_use]
    pub fn extensions<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.extensions = names.into_iter().map(Into::into).collect();
        self
    }

    /// Which feeds are shared. Default: [`Feeds::All`].
    #[must_use]
    pub fn feeds(mut self, feeds: Feeds) -> Self {
        self.feeds = feeds;
        self
    }

    /// Shares these feeds only, opened in this order.
    #[must_use]
    #[expect(
        single_use_lifetimes,
        reason = "an `impl` argument takes no anonymous lifetime"
    )]
    pub fn listed<'a>(self, feeds: impl IntoIterator<Item = &'a Feed>) -> Self {
        self.feeds(Feeds::Listed(feeds.into_iter().cloned().collect()))
    }

    /// With `false` the connection is closed from here when all that is known of its joined feeds has been
    /// downloaded. Meant for the side that fetches. Default: `true`, it stays open.
    #[must_use]
    pub fn live(mut self, live: bool) -> Self {
        self.live = live;
        self
    }

    /// The unit of silence: a keep-alive goes out after this long, the connection is given up after one and a half of
    /// it. Default (and zero): 5 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether blocks are sent on this connection. Default: yes.
    #[must_use]
    pub fn upload(mut self, upload: bool) -> Self {
        self.upload = upload;
        self
    }

    /// Whether blocks are asked for on this connection. Default: yes.
    #[must_use]
    pub fn download(mut self, download: bool) -> Self {
        self.download = download;
        self
    }

    /// Most bytes a second sent on this connection.
    #[must_use]
    pub fn max_upload(mut self, bytes_per_second: u64) -> Self {
        self.max_upload = Some(bytes_per_second);
        self
    }

    /// Most bytes a second received on this connection.
    #[must_use]
    pub fn max_download(mut self, bytes_per_second: u64) -> Self {
        self.max_download = Some(bytes_per_second);
        self
    }
}
