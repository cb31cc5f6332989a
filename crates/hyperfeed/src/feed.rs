//! The handle of one open feed.

use crate::feed_view::FeedView;
use crate::inbox::Message;
use crate::shared::Shared;
use crate::{Error, ErrorKind, FeedEvents, FeedStats, ReplicateOptions, Replication};
use futures::io::{AsyncRead, AsyncWrite};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_feed::Kind;
use hyperfeed_v2_replicate::SyncState;
use std::fmt;
use std::ops::{Bound, Range, RangeBounds};
use std::sync::Arc;

/// One open feed. A cheap handle: clone it, send it, use it from any number of tasks at once.
///
/// All of its futures do their work on the core's own thread and may be awaited on any runtime. What is said of
/// lengths and counts is the committed state: a block is counted once it is durable.
///
/// The feed is closed when the last handle is dropped and no connection shares it, or by [`close`](Self::close).
#[derive(Clone)]
pub struct Feed(Arc<Handle>);

struct Handle {
    core: Arc<Shared>,
    view: Arc<FeedView>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core
            .send(Message::Released(Arc::clone(&self.view)))
            .ok();
    }
}

impl Feed {
    pub(crate) fn new(core: Arc<Shared>, view: Arc<FeedView>) -> Self {
        Self(Arc::new(Handle { core, view }))
    }

    /// The key: who has it can read and clone the feed. `None` for a static feed that is not sealed yet.
    #[must_use]
    pub fn key(&self) -> Option<FeedKey> {
        self.0.view.state().key
    }

    /// The id that may be shown: peers look feeds up by it, and it gives no access. A static feed that is not sealed
    /// yet has a random one.
    #[must_use]
    pub fn public_id(&self) -> PublicId {
        self.0.view.state().public_id
    }

    /// Live, static, or not known yet: a clone learns it with the first block.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.view.state().kind
    }

    /// Whether blocks can be appended here: the secret key is here, or the static feed is not sealed yet.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.0.view.state().writable
    }

    /// Whether this is a static feed that will not change any more.
    #[must_use]
    pub fn is_finalized(&self) -> bool {
        self.0.view.state().finalized
    }

    /// Blocks of the feed, as far as its writer's signature was verified here. Not all need to be held.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.0.view.state().length
    }

    /// Whether the feed has no blocks, as far as known here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length() == 0
    }

    /// Bytes of [`length`](Self::length) blocks. On a clone only as honest as the writer, until all blocks are held.
    #[must_use]
    pub fn byte_length(&self) -> u64 {
        self.0.view.state().byte_length
    }

    /// Blocks held from the first on without a hole.
    #[must_use]
    pub fn contiguous_length(&self) -> u64 {
        self.0.view.state().contiguous
    }

    /// Blocks held.
    #[must_use]
    pub fn held_blocks(&self) -> u64 {
        self.0.view.state().held_blocks
    }

    /// Bytes of the blocks held.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.0.view.state().held_bytes
    }

    /// Whether every block of [`length`](Self::length) is held.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.0.view.state().complete
    }

    /// Whether the block is held. Asks the owner: one message, no disk.
    ///
    /// # Errors
    /// The feed or the core was closed.
    pub async fn has(&self, block: u64) -> Result<bool, Error> {
        let Some(block) = BlockIndex::new(block) else {
            return Ok(false);
        };
        let slot = self.slot()?;
        self.core()
            .call(move |owner| owner.open_feed(slot).map(|feed| feed.has(block)))
            .await?
    }

    /// The parts of `range` that are not held, ascending. An open end means [`length`](Self::length).
    ///
    /// # Errors
    /// The feed or the core was closed.
    pub async fn missing(&self, range: impl RangeBounds<u64>) -> Result<Vec<Range<u64>>, Error> {
        let (slot, range) = (self.slot()?, bounds(&range));
        self.core()
            .call(move |owner| {
                let feed = owner.open_feed(slot)?;
                let end = range.end.unwrap_or_else(|| feed.length());
                Ok(feed
                    .held()
                    .gaps(range.start..end.max(range.start))
                    .collect())
            })
            .await?
    }

    /// Closes the feed for all handles, and leaves it on all connections. What waits for it fails with `Closed`.
    ///
    /// # Errors
    /// The core was closed.
    pub async fn close(&self) -> Result<(), Error> {
        let view = Arc::clone(&self.0.view);
        self.core().call(move |owner| owner.close_feed(&view)).await
    }

    /// What happens to the feed from now on.
    #[must_use]
    pub fn events(&self) -> FeedEvents {
        self.0.view.events.subscribe()
    }

    /// Counters since the feed was opened.
    #[must_use]
    pub fn stats(&self) -> FeedStats {
        *self.0.view.stats()
    }

    /// How far replication is, with whom, and if it is not done, why.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn sync_state(&self) -> Result<SyncState, Error> {
        let slot = self.slot()?;
        self.core()
            .call(move |owner| owner.sync_state(slot))
            .await?
    }

    /// Shares this feed alone over a connection, with the default options; see [`Core::replicate`](crate::Core::replicate).
    ///
    /// # Errors
    /// As there.
    #[cfg(feature = "async-std")]
    pub fn replicate<IO>(&self, io: IO) -> Result<Replication, Error>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (replication, connection) =
            self.replicate_with(io, ReplicateOptions::new().listed([self]))?;
        async_std::task::spawn(connection);
        Ok(replication)
    }

    /// As [`Core::replicate_with`](crate::Core::replicate_with).
    ///
    /// # Errors
    /// As there.
    pub fn replicate_with<IO>(
        &self,
        io: IO,
        options: ReplicateOptions,
    ) -> Result<
        (
            Replication,
            impl Future<Output = Result<(), Error>> + Send + use<IO>,
        ),
        Error,
    >
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Replication::start(self.core(), io, options)
    }

    pub(crate) fn core(&self) -> &Arc<Shared> {
        &self.0.core
    }

    pub(crate) fn view(&self) -> &Arc<FeedView> {
        &self.0.view
    }

    /// The slot, unless the feed was closed.
    pub(crate) fn slot(&self) -> Result<hyperfeed_v2_feed::Slot, Error> {
        if self.0.view.is_closed() {
            return Err(Error::new(
                ErrorKind::Closed,
                "the feed was closed; open it again",
            ));
        }
        Ok(self.0.view.slot)
    }
}

impl fmt::Debug for Feed {
    /// Without the key, which gives access.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.view.state();
        f.debug_struct("Feed")
            .field("public_id", &state.public_id)
            .field("kind", &state.kind)
            .field("length", &state.length)
            .finish_non_exhaustive()
    }
}

/// A start and, if it was given, an exclusive end.
pub(crate) struct Bounds {
    pub(crate) start: u64,
    pub(crate) end: Option<u64>,
}

pub(crate) fn bounds(range: &impl RangeBounds<u64>) -> Bounds {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => Some(last.saturating_add(1)),
        Bound::Excluded(end) => Some(*end),
        Bound::Unbounded => None,
    };
    Bounds { start, end }
}

pub(crate) fn index(block: u64) -> Result<BlockIndex, Error> {
    BlockIndex::new(block).ok_or_else(|| {
        let text = format!(
            "block {block} is past {}, the largest index of any feed",
            BlockIndex::MAX
        );
        Error::new(ErrorKind::InvalidInput, text)
    })
}
