//! The handle of one connection.

use crate::connection::Connection;
use crate::driver::NewConnection;
use crate::events::Subscribers;
use crate::extension::{Extension, Messages};
use crate::feed_view::FeedView;
use crate::finish::{Finish, finish};
use crate::inbox::{ConnectionId, Message};
use crate::link::{Link, OwnerLink};
use crate::shared::Shared;
use crate::{
    Error, ErrorKind, Feed, Feeds, PeerInfo, ReplicateOptions, ReplicationEvent, ReplicationEvents,
};
use bytes::Bytes;
use futures::io::{AsyncRead, AsyncWrite};
use hyperfeed_types::PublicId;
use hyperfeed_v2_replicate::{Edge, EdgeConfig, PeerOptions};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One connection. A cheap handle: clone it, send it, share it. Dropping it does not end the connection.
#[derive(Clone)]
pub struct Replication {
    core: Arc<Shared>,
    connected: Arc<Connected>,
}

/// What handles of a connection and the owner share.
pub(crate) struct Connected {
    pub(crate) id: ConnectionId,
    pub(crate) events: Subscribers<ReplicationEvent>,
    /// The stream of the first who asks: a connection may say much before anybody can.
    first: Mutex<Option<ReplicationEvents>>,
    pub(crate) finish: Finish,
    /// Our extensions in the order of the wire.
    extensions: Vec<String>,
    /// Readers of messages, by extension.
    messages: Mutex<Vec<Vec<Messages>>>,
}

impl Replication {
    /// Makes a connection: the handle, and the future that is it.
    pub(crate) fn start<IO>(
        core: &Arc<Shared>,
        io: IO,
        options: ReplicateOptions,
    ) -> Result<(Self, Connection<IO>), Error>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Feeds::Listed(feeds) = &options.feeds {
            for feed in feeds {
                check_core(core, feed)?;
                feed.slot()?;
                if feed.key().is_none() {
                    let text = "a static feed has no key before it is sealed; finalize it first";
                    return Err(Error::new(ErrorKind::InvalidInput, text));
                }
            }
        }
        let mut extensions = options.extensions;
        extensions.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
        extensions.dedup();
        let config = EdgeConfig {
            encrypted: options.encrypted,
            extensions: extensions.clone(),
            timeout_ms: u64::try_from(options.timeout.as_millis()).unwrap_or(u64::MAX),
            ..EdgeConfig::new(core.peer_id)
        };
        let (finish_sender, finish) = finish();
        let events = Subscribers::new(|missed| ReplicationEvent::Lagged { missed });
        let connected = Arc::new(Connected {
            id: core.next_connection(),
            first: Mutex::new(Some(events.subscribe())),
            events,
            finish,
            messages: Mutex::new(extensions.iter().map(|_| Vec::new()).collect()),
            extensions,
        });
        let link = Arc::new(Link::default());
        let edge = Edge::new(config, core.seed(), core.clock.now());
        let id = connected.id;
        core.send(Message::Connect(Box::new(NewConnection {
            id,
            link: OwnerLink(Arc::clone(&link)),
            shared: Arc::clone(&connected),
            admit: options.admit,
            feeds: options.feeds,
            live: options.live,
            options: PeerOptions {
                upload: options.upload,
                download: options.download,
                max_upload: options.max_upload,
                max_download: options.max_download,
            },
        })))?;
        let connection =
            Connection::new(io, edge, link, core.clock, core.inbox(), id, finish_sender);
        Ok((
            Self {
                core: Arc::clone(core),
                connected,
            },
            connection,
        ))
    }

    /// Shares a feed on this connection. Joining twice does nothing.
    ///
    /// # Errors
    /// `Closed`: the feed or the connection. `InvalidInput`: a static feed that is not sealed yet has no key.
    pub async fn join(&self, feed: &Feed) -> Result<(), Error> {
        feed.slot()?;
        let (id, view) = (self.connected.id, self.view(feed)?);
        self.core
            .call(move |owner| owner.join_view(id, &view))
            .await?
    }

    /// Stops sharing a feed on this connection. The peer is not told; what it asks for is not answered.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn leave(&self, feed: &Feed) -> Result<(), Error> {
        let (id, view) = (self.connected.id, self.view(feed)?);
        self.core
            .call(move |owner| owner.leave_view(id, &view))
            .await?
    }

    /// Answers no requests of the peer for a feed until [`resume`](Self::resume); it is told.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn pause(&self, feed: &Feed) -> Result<(), Error> {
        let (id, view) = (self.connected.id, self.view(feed)?);
        self.core.call(move |owner| owner.pause(id, &view)).await?
    }

    /// Answers again after a [`pause`](Self::pause).
    ///
    /// # Errors
    /// `Closed`.
    pub async fn resume(&self, feed: &Feed) -> Result<(), Error> {
        let (id, view) = (self.connected.id, self.view(feed)?);
        self.core.call(move |owner| owner.resume(id, &view)).await?
    }

    /// What is known of the peer.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn peer(&self) -> Result<PeerInfo, Error> {
        let id = self.connected.id;
        self.core.call(move |owner| owner.peer_info(id)).await?
    }

    /// What happens on the connection: the first time from its start on, later from the call on.
    #[must_use]
    pub fn events(&self) -> ReplicationEvents {
        let first = self
            .connected
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        first.unwrap_or_else(|| self.connected.events.subscribe())
    }

    /// One of the extensions named in [`ReplicateOptions::extensions`].
    ///
    /// # Errors
    /// `NotFound`: it was not named there.
    pub fn extension(&self, name: &str) -> Result<Extension, Error> {
        let index = self
            .connected
            .extensions
            .iter()
            .position(|own| own == name)
            .ok_or_else(|| {
                let text =
                    format!("extension {name:?} was not named in `ReplicateOptions::extensions`");
                Error::new(ErrorKind::NotFound, text)
            })?;
        Ok(Extension::new(self.clone(), index))
    }

    /// Ends the connection from this side: what is queued is still written. Wait for it with
    /// [`finished`](Self::finished).
    pub async fn close(&self) {
        let id = self.connected.id;
        // A closed core has closed the connection.
        self.core
            .call(move |owner| owner.close_connection(id))
            .await
            .ok();
    }

    /// Waits for the end of the connection, whichever side ends it.
    ///
    /// # Errors
    /// Why it ended, unless one side closed it in an orderly way: `Peer`, `TimedOut`, `Io`, `Closed`.
    pub async fn finished(&self) -> Result<(), Error> {
        self.connected.finish.wait().await
    }

    /// Whether the connection is over.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.connected.finish.peek().is_some()
    }

    pub(crate) async fn send_extension(
        &self,
        feed: &Feed,
        name: usize,
        body: Bytes,
    ) -> Result<(), Error> {
        let (id, view) = (self.connected.id, self.view(feed)?);
        self.core
            .call(move |owner| owner.send_extension(id, &view, name, body))
            .await?
    }

    fn view(&self, feed: &Feed) -> Result<Arc<FeedView>, Error> {
        check_core(&self.core, feed)?;
        Ok(Arc::clone(feed.view()))
    }

    pub(crate) fn subscribe(&self, name: usize, reader: Messages) {
        self.connected.subscribe(name, reader);
    }
}

/// Feeds of two cores must not be taken for each other.
fn check_core(core: &Arc<Shared>, feed: &Feed) -> Result<(), Error> {
    if Arc::ptr_eq(core, feed.core()) {
        return Ok(());
    }
    let text = "the feed was opened in another core than the connection; open it in this one";
    Err(Error::new(ErrorKind::InvalidInput, text))
}

impl fmt::Debug for Replication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replication")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

impl Connected {
    /// Hands a message of an extension to its readers. A reader that does not read loses it.
    pub(crate) fn received(&self, feed: PublicId, name: usize, body: Bytes) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(readers) = messages.get_mut(name) {
            readers.retain(|reader| match reader.try_send((feed, body.clone())) {
                Ok(()) | Err(async_channel::TrySendError::Full(_)) => true,
                Err(async_channel::TrySendError::Closed(_)) => false,
            });
        }
    }

    /// Ends all streams of the connection.
    pub(crate) fn close(&self) {
        self.events.close();
        self.messages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn subscribe(&self, name: usize, reader: Messages) {
        if let Some(readers) = self
            .messages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(name)
        {
            readers.push(reader);
        }
    }
}
