//! Messages of one's own beside a feed.

use crate::{Error, Feed, Replication};
use bytes::Bytes;
use futures::Stream;
use hyperfeed_types::PublicId;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An extension of one connection, from [`Replication::extension`]. Both sides must have named it.
///
/// A message travels beside a feed that both sides have joined, encrypted with its key.
#[derive(Debug, Clone)]
pub struct Extension {
    replication: Replication,
    name: usize,
}

/// Where messages for one reader go.
pub(crate) type Messages = async_channel::Sender<(PublicId, Bytes)>;

impl Extension {
    pub(crate) fn new(replication: Replication, name: usize) -> Self {
        Self { replication, name }
    }

    /// Sends a message to the peer beside a feed. Whether the peer knows the extension is in
    /// [`ReplicationEvent::Handshake`](crate::ReplicationEvent::Handshake); one that does not drops the message.
    ///
    /// # Errors
    /// `Closed`: the connection, or the feed is not joined on it.
    pub async fn send(&self, feed: &Feed, message: impl Into<Bytes>) -> Result<(), Error> {
        self.replication
            .send_extension(feed, self.name, message.into())
            .await
    }

    /// The messages of the peer from now on, each with the public id of its feed. A reader that leaves more than
    /// [`CAPACITY`](Self::CAPACITY) unread loses those that come then.
    #[must_use]
    pub fn messages(&self) -> ExtensionMessages {
        let (sender, messages) = async_channel::bounded(Self::CAPACITY);
        self.replication.subscribe(self.name, sender);
        ExtensionMessages(Box::pin(messages))
    }

    /// Messages kept for a reader that is elsewhere.
    pub const CAPACITY: usize = 1024;
}

/// The messages of an [`Extension`].
#[derive(Debug)]
pub struct ExtensionMessages(Pin<Box<async_channel::Receiver<(PublicId, Bytes)>>>);

impl Stream for ExtensionMessages {
    type Item = (PublicId, Bytes);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}
