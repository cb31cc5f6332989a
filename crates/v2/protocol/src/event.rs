use alloc::{string::String, vec::Vec};

use bytes::Bytes;
use hyperfeed_types::{PeerId, PublicId};

use crate::ChannelId;

/// What [`Protocol::poll_event`](crate::Protocol::poll_event) reports.
///
/// Of one feed the order is [`Opened`](Self::Opened), [`Ready`](Self::Ready), messages,
/// [`Closed`](Self::Closed). Nothing comes for a channel that was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The remote is known to have left the channel: it sent a close frame, or used its number for another
    /// handshake, as upstream does (which never sends close frames). The channel is over here too, as if
    /// it had been left; the rest of the connection goes on.
    ///
    /// The remote has forgotten our number as well. So if the feed comes in an [`Opened`](Self::Opened) later, be
    /// it right after this, it must be opened again here to get anywhere.
    Closed {
        /// The channel, of no more use.
        channel: ChannelId,
    },
    /// A message of an extension that both sides know. Those of others are dropped.
    Extension {
        /// On which channel.
        channel: ChannelId,
        /// Which extension: an index into [`Protocol::extensions`](crate::Protocol::extensions).
        name: usize,
        /// As the extension defines it; shares memory with the frame it came in.
        body: Bytes,
    },
    /// The remote has introduced itself; once per connection.
    ///
    /// Not before the feed of the remote's first channel is open here, as the introduction is encrypted
    /// with its key.
    Handshake {
        /// What the remote calls itself, unproven. `None`: it opened its first channel without
        /// introducing itself.
        peer_id: Option<PeerId>,
        /// The names of extensions it knows, as it sent them; see
        /// [`Protocol::remote_supports`](crate::Protocol::remote_supports) for those in common.
        extensions: Vec<String>,
    },
    /// A message of replication: to be read with
    /// [`Message::decode`](hyperfeed_v2_wire::Message::decode), which refuses a malformed body. Nothing
    /// of the body was looked at here.
    Message {
        /// On which channel.
        channel: ChannelId,
        /// Type of the message, 0 to 63. Types from 7 on have no meaning and are to be ignored.
        kind: u8,
        /// The body; shares memory with the frame it came in and the frames received together with
        /// it, so whoever keeps a small one for long should copy it.
        body: Bytes,
    },
    /// The remote opened a channel for a feed.
    ///
    /// Comes again for the same feed when the remote opens it anew, after a [`Closed`](Self::Closed) if
    /// the feed must be opened anew here too.
    Opened {
        /// Which feed.
        public_id: PublicId,
        /// The channel, if the feed is open here too. Otherwise
        /// [`Protocol::open`](crate::Protocol::open) may be called for it right away or at any later
        /// time; meanwhile the frames of the channel are held.
        channel: Option<ChannelId>,
    },
    /// Both sides have opened the feed: time to say which blocks we have.
    ///
    /// Comes again when the remote opens the feed anew: it may have forgotten all it was told. See also
    /// [`Protocol::missed_frames`](crate::Protocol::missed_frames).
    Ready {
        /// The channel.
        channel: ChannelId,
    },
}

impl Event {
    /// The channel it is about, if it is about one that is open here.
    pub const fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::Closed { channel }
            | Self::Extension { channel, .. }
            | Self::Message { channel, .. }
            | Self::Ready { channel } => Some(*channel),
            Self::Opened { channel, .. } => *channel,
            Self::Handshake { .. } => None,
        }
    }
}
