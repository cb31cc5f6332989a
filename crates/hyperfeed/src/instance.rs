//! The handle of a core.

use crate::builder::Builder;
use crate::driver::Owner;
use crate::inbox::Message;
use crate::shared::Shared;
use crate::{
    Error, ErrorKind, Feed, FeedInfo, FeedOptions, PeerInfo, PeerKey, ReplicateOptions, Replication,
};
use futures::channel::oneshot;
use futures::io::{AsyncRead, AsyncWrite};
use hyperfeed_types::{FeedKey, PeerId, PublicId, hex};
use hyperfeed_v2_crypto::{KeyPair, SecretKey, public_id};
use hyperfeed_v2_feed::Slot;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

#[cfg(feature = "disk")]
use std::path::Path;

/// Many feeds in one store, and their replication. A cheap handle: clone it, send it, share it.
///
/// A core runs on one thread of its own, which ends with [`close`](Self::close) or when the last handle of the core and
/// its feeds is dropped; either way everything acknowledged is in the store.
///
/// ```
/// # use hyperfeed::Core;
/// # futures::executor::block_on(async {
/// let core = Core::memory()?;
/// let feed = core.create_feed().await?;
/// feed.append("hello").await?;
/// assert_eq!(feed.get(0).await?, "hello");
/// # Ok::<(), hyperfeed::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Core(Arc<Shared>);

impl Core {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Opens the store in a directory, or makes it. Only one core at a time can have it open.
    ///
    /// # Errors
    /// `InUse`: another core has it open. `Corrupt`: its files contradict each other. `Permission`, `Full`, `Io`.
    #[cfg(feature = "disk")]
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().dir(dir).open().await
    }

    /// A core whose store is gone with it.
    ///
    /// # Errors
    /// The operating system gives no random bytes or no thread.
    pub fn memory() -> Result<Self, Error> {
        Self::builder().open_memory()
    }

    /// A core with a store, a backend, limits of one's own.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// What this core calls itself to peers.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.0.peer_id
    }

    /// A new live feed: it can be appended to here, for ever.
    ///
    /// # Errors
    /// `Full`, `Io`, `Closed`.
    pub async fn create_feed(&self) -> Result<Feed, Error> {
        self.create_feed_with(FeedOptions::new()).await
    }

    /// A new live feed with options. With [`FeedOptions::secret`] it is the feed of that key.
    ///
    /// # Errors
    /// `InUse`: the alias is taken. `InvalidInput`: the external storage is not empty. `Full`, `Io`, `Closed`.
    pub async fn create_feed_with(&self, options: FeedOptions) -> Result<Feed, Error> {
        let pair = match &options.secret {
            Some(secret) => KeyPair::from_secret(secret.clone()),
            None => KeyPair::from_seed(&Zeroizing::new(self.0.seed())),
        };
        let core = Arc::clone(&self.0);
        self.0
            .call(move |owner| owner.create_live(&core, pair, options))
            .await?
    }

    /// A new static feed: it can be appended to until [`Feed::finalize`] gives it its key.
    ///
    /// # Errors
    /// As [`create_feed_with`](Self::create_feed_with).
    pub async fn create_static_feed(&self) -> Result<Feed, Error> {
        self.create_static_feed_with(FeedOptions::new()).await
    }

    /// A new static feed with options.
    ///
    /// # Errors
    /// As [`create_feed_with`](Self::create_feed_with).
    pub async fn create_static_feed_with(&self, options: FeedOptions) -> Result<Feed, Error> {
        let (core, local_id) = (Arc::clone(&self.0), PublicId::from(self.0.seed()));
        self.0
            .call(move |owner| owner.create_static(&core, local_id, options))
            .await?
    }

    /// Opens the feed of a key. If the store has no such feed, an empty copy is made that peers can fill.
    ///
    /// # Errors
    /// `Corrupt`, `Full`, `Io`, `Closed`. `NotFound`: its blocks lie in external storage that was not given.
    pub async fn open_feed(&self, key: &FeedKey) -> Result<Feed, Error> {
        self.open_feed_with(key, FeedOptions::new()).await
    }

    /// Opens the feed of a key with options.
    ///
    /// # Errors
    /// As [`open_feed`](Self::open_feed); also `InvalidInput`: the secret key is another feed's.
    pub async fn open_feed_with(&self, key: &FeedKey, options: FeedOptions) -> Result<Feed, Error> {
        let (core, key) = (Arc::clone(&self.0), *key);
        self.0
            .call(move |owner| owner.open_key(&core, key, options))
            .await?
    }

    /// Opens a feed of the store by any of its names; see [`find`](Self::find).
    ///
    /// # Errors
    /// As `find` and [`open_feed`](Self::open_feed).
    pub async fn open_local(&self, name: &str) -> Result<Feed, Error> {
        self.open_local_with(name, FeedOptions::new()).await
    }

    /// Opens a feed of the store by any of its names, with options.
    ///
    /// # Errors
    /// As `find` and [`open_feed_with`](Self::open_feed_with).
    pub async fn open_local_with(&self, name: &str, options: FeedOptions) -> Result<Feed, Error> {
        let (core, name) = (Arc::clone(&self.0), name.to_owned());
        self.0
            .call(move |owner| {
                let slot = find(owner, &name)?;
                owner.open_slot(&core, slot, options)
            })
            .await?
    }

    /// The feed of the store that a text names: its alias, its key or public id in hex, or the first 6 or more digits
    /// of either.
    ///
    /// # Errors
    /// `NotFound`: none. `Ambiguous`: more than one.
    pub async fn find(&self, name: &str) -> Result<FeedInfo, Error> {
        let name = name.to_owned();
        self.0
            .call(move |owner| {
                let slot = find(owner, &name)?;
                let record = owner.record(slot)?;
                Ok(owner.info(record))
            })
            .await?
    }

    /// All feeds of the store, in the order they were made.
    ///
    /// # Errors
    /// `Corrupt`, `Io`, `Closed`.
    pub async fn list(&self) -> Result<Vec<FeedInfo>, Error> {
        self.0.call(Owner::list).await?
    }

    /// A feed of the store by public id, without opening it.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Io`, `Closed`.
    pub async fn stat(&self, id: &PublicId) -> Result<FeedInfo, Error> {
        self.find(&id.to_string()).await
    }

    /// Removes a feed: blocks, tree and secret key. If it was written here it can never be written again. External
    /// storage is left as it is.
    ///
    /// # Errors
    /// `NotFound`, `Io`, `Closed`.
    pub async fn remove(&self, id: &PublicId) -> Result<(), Error> {
        let name = id.to_string();
        self.0
            .call(move |owner| {
                let slot = find(owner, &name)?;
                owner.remove(slot)
            })
            .await?
    }

    /// Gives a feed a name of the user's own, or takes it away.
    ///
    /// # Errors
    /// `InUse`: it is another feed's. `NotFound`, `Io`, `Closed`.
    pub async fn set_alias(&self, id: &PublicId, alias: Option<&str>) -> Result<(), Error> {
        let (name, alias) = (id.to_string(), alias.map(str::to_owned));
        self.0
            .call(move |owner| {
                let slot = find(owner, &name)?;
                owner.set_alias(slot, alias)
            })
            .await?
    }

    /// The secret key of a feed that is written here, to be kept in a safe place. `None` if it is not here.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Io`, `Closed`.
    pub async fn secret_key(&self, id: &PublicId) -> Result<Option<SecretKey>, Error> {
        let name = id.to_string();
        self.0
            .call(move |owner| {
                let slot = find(owner, &name)?;
                owner.secret(slot)
            })
            .await?
    }

    /// The connections there are.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn peers(&self) -> Result<Vec<PeerInfo>, Error> {
        self.0.call(|owner| owner.peer_infos()).await
    }

    /// Ends a connection in an orderly way, as [`Replication::close`] does: what is queued for it is still written.
    ///
    /// # Errors
    /// `Closed`: the core, or the connection.
    pub async fn disconnect(&self, peer: PeerKey) -> Result<(), Error> {
        self.0.call(move |owner| owner.close_peer(peer)).await?
    }

    /// Shares feeds over a connection, in both directions. The connection runs as a task of async-std.
    ///
    /// `io` is any ordered stream of bytes: a TCP socket, a pipe, a WebSocket behind an adapter. Dropping the handle
    /// that is given does not end the connection.
    ///
    /// # Errors
    /// `Closed`.
    #[cfg(feature = "async-std")]
    pub fn replicate<IO>(&self, io: IO, options: ReplicateOptions) -> Result<Replication, Error>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (replication, connection) = self.replicate_with(io, options)?;
        async_std::task::spawn(connection);
        Ok(replication)
    }

    /// Shares feeds over a connection on any runtime: the future is the connection, and runs where it is polled or
    /// spawned. It needs no runtime of its own.
    ///
    /// # Errors
    /// `Closed`.
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
        Replication::start(&self.0, io, options)
    }

    /// Waits until the core is closed, by whoever has a handle.
    pub async fn closed(&self) {
        self.0.closed().await;
    }

    /// Makes everything durable, ends all connections in an orderly way and closes the store.
    ///
    /// # Errors
    /// `Full`, `Io`: the last commits may not be durable. The core is closed all the same.
    pub async fn close(self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        if self.0.send(Message::Close(answer)).is_err() {
            return Ok(()); // closed before
        }
        answered.await.unwrap_or(Ok(()))
    }
}

#[cfg(feature = "async-std")]
impl Core {
    /// A number drawn by lot.
    pub(crate) fn lot(&self) -> u16 {
        let [a, b, ..] = self.0.seed();
        u16::from_le_bytes([a, b])
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("peer_id", &self.0.peer_id)
            .finish_non_exhaustive()
    }
}

/// The one feed that `name` stands for.
fn find(owner: &Owner, name: &str) -> Result<Slot, Error> {
    let store = owner.replicator.store();
    if let Some(slot) = store.by_alias(name)? {
        return Ok(slot);
    }
    if let Ok(bytes) = hex::decode_array::<32>(name) {
        let by_key = store.find(&public_id(&FeedKey::from(bytes)))?;
        let found = if by_key.is_some() {
            by_key
        } else {
            store.find(&PublicId::from(bytes))?
        };
        return found.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "no feed of this store has that key or public id",
            )
        });
    }
    let is_prefix = name.len() >= MIN_PREFIX && name.bytes().all(|digit| digit.is_ascii_hexdigit());
    let mut found = Vec::new();
    if is_prefix {
        let prefix = name.to_ascii_lowercase();
        for record in store.feeds()? {
            let by_key = record
                .key
                .is_some_and(|key| key.to_string().starts_with(&prefix));
            if by_key || record.id.to_string().starts_with(&prefix) {
                found.push(record.slot);
            }
        }
    }
    match *found.as_slice() {
        [slot] => Ok(slot),
        [] => {
            let text = format!(
                "no feed of this store is named {name:?}; give an alias, a key, a public id or at least {MIN_PREFIX} digits of one"
            );
            Err(Error::new(ErrorKind::NotFound, text))
        }
        _ => {
            let text = format!(
                "{name:?} names {} feeds of this store; give more digits",
                found.len()
            );
            Err(Error::new(ErrorKind::Ambiguous, text))
        }
    }
}

/// Hex digits a prefix must have: fewer would name a feed by chance.
const MIN_PREFIX: usize = 6;
