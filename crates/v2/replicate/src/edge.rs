//! The edge of a connection: its protocol state, and the labels under which the owner knows its channels.

use crate::{Incoming, Outgoing, PeerError};
use bytes::Bytes;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::TreeHash;
use hyperfeed_types::{FeedKey, Instant, PeerId, PublicId};
use hyperfeed_v2_crypto::Sha256Tree;
use hyperfeed_v2_feed::Slot;
use hyperfeed_v2_protocol::{ChannelId, Config, Event, NonceSource, Protocol, Stats};
use std::collections::BTreeMap;

/// One connection's protocol, without any feed: lives where the socket is, and does the work that can be done
/// beside the owner. Decrypts, decodes and hashes what comes; encodes and encrypts what goes.
///
/// Bytes in with [`handle_input`](Self::handle_input), then [`poll`](Self::poll) until it gives `None`; events go
/// to [`Replicator::handle_edge`](crate::Replicator::handle_edge). Commands of
/// [`Replicator::poll_command`](crate::Replicator::poll_command) in with [`handle_command`](Self::handle_command),
/// their bytes at the end of the caller's buffer. After an error the connection is over.
#[derive(Debug)]
pub struct Edge {
    protocol: Protocol,
    channels: BTreeMap<Slot, ChannelId>,
    slots: BTreeMap<ChannelId, Slot>,
}

/// What a connection tells the owner.
#[derive(Debug)]
pub enum EdgeEvent {
    /// The peer closed its channel. Ours went with it: the feed must be opened anew once the peer opens it.
    Closed {
        /// The feed.
        slot: Slot,
    },
    /// A block read from our storage is not what was verified when it was stored; it was not sent.
    Corrupt {
        /// The feed.
        slot: Slot,
        /// The block.
        block: BlockIndex,
    },
    /// A message of an extension.
    Extension {
        /// The feed.
        slot: Slot,
        /// The extension, as an index into our own sorted list of names.
        name: usize,
        /// The body.
        body: Bytes,
    },
    /// The first handshake was understood.
    Handshake {
        /// The peer's id, if it told one.
        peer_id: Option<PeerId>,
        /// The peer's extensions.
        extensions: Vec<String>,
    },
    /// A message of replication.
    Message {
        /// The feed.
        slot: Slot,
        /// The message.
        message: Incoming,
    },
    /// The peer opened a feed.
    Opened {
        /// Which one.
        public_id: PublicId,
    },
    /// Both sides have opened the feed. Comes again when the peer opens it anew.
    Ready {
        /// The feed.
        slot: Slot,
        /// Whether messages of the peer went by before: what it said it has is incomplete.
        missed: bool,
    },
}

/// What the owner tells a connection.
#[derive(Debug)]
pub enum EdgeCommand {
    /// Send a message of an extension.
    Extension {
        /// The feed.
        slot: Slot,
        /// The extension, as an index into our own sorted list of names.
        name: usize,
        /// The body.
        body: Bytes,
    },
    /// Forget a feed.
    Leave {
        /// The feed.
        slot: Slot,
    },
    /// Open a feed.
    Open {
        /// The feed.
        slot: Slot,
        /// Its key.
        key: FeedKey,
    },
    /// Send a message of replication.
    Send {
        /// The feed.
        slot: Slot,
        /// The message.
        message: Outgoing,
    },
}

impl EdgeCommand {
    /// Bytes on the wire, estimated. What [`Replicator::handle_written`](crate::Replicator::handle_written) is told
    /// once they are in the socket.
    #[must_use]
    pub fn cost(&self) -> usize {
        match self {
            Self::Extension { body, .. } => body.len() + 32,
            Self::Leave { .. } => 0,
            Self::Open { .. } => 160,
            Self::Send { message, .. } => message.cost(),
        }
    }
}

impl Edge {
    /// A new connection. `seed` makes its nonces: it must never be used for another one.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32], now: Instant) -> Self {
        Self::with_nonces(config, NonceSource::Seed(seed), now)
    }

    /// The same, with a choice of where nonces come from; for tests against recorded sessions.
    #[must_use]
    pub fn with_nonces(config: Config, nonces: NonceSource, now: Instant) -> Self {
        Self {
            protocol: Protocol::with_nonces(config, nonces, now),
            channels: BTreeMap::new(),
            slots: BTreeMap::new(),
        }
    }

    /// Bytes from the socket, in any pieces.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        self.protocol.handle_input(now, bytes);
    }

    /// The next event.
    ///
    /// # Errors
    /// The peer broke the protocol: close the connection.
    pub fn poll(&mut self) -> Result<Option<EdgeEvent>, PeerError> {
        while let Some(event) = self.protocol.poll_event()? {
            let event = match event {
                Event::Handshake {
                    peer_id,
                    extensions,
                } => Some(EdgeEvent::Handshake {
                    peer_id,
                    extensions,
                }),
                Event::Opened { public_id, .. } => Some(EdgeEvent::Opened { public_id }),
                Event::Ready { channel } => self.slot(channel).map(|slot| {
                    let missed = self.protocol.missed_frames(channel) > 0;
                    EdgeEvent::Ready { slot, missed }
                }),
                Event::Message {
                    channel,
                    kind,
                    body,
                } => match self.slot(channel) {
                    Some(slot) => Incoming::decode(kind, &body)?
                        .map(|message| EdgeEvent::Message { slot, message }),
                    None => None,
                },
                Event::Extension {
                    channel,
                    name,
                    body,
                } => self
                    .slot(channel)
                    .map(|slot| EdgeEvent::Extension { slot, name, body }),
                Event::Closed { channel } => self.slots.remove(&channel).map(|slot| {
                    self.channels.remove(&slot);
                    EdgeEvent::Closed { slot }
                }),
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// Carries a command out; bytes for the socket are put at the end of `out`.
    ///
    /// Commands for feeds that this connection does not have (any more) do nothing: they crossed a close.
    pub fn handle_command(
        &mut self,
        now: Instant,
        command: &EdgeCommand,
        out: &mut Vec<u8>,
    ) -> Option<EdgeEvent> {
        match command {
            EdgeCommand::Extension { slot, name, body } => {
                if let Some(channel) = self.channels.get(slot) {
                    self.protocol
                        .send_extension(now, *channel, *name, body, out)
                        .ok();
                }
            }
            EdgeCommand::Leave { slot } => {
                if let Some(channel) = self.channels.remove(slot) {
                    self.slots.remove(&channel);
                    self.protocol.leave(channel);
                }
            }
            EdgeCommand::Open { slot, key } => {
                if let Ok(channel) = self.protocol.open(now, key, out) {
                    self.channels.insert(*slot, channel);
                    self.slots.insert(channel, *slot);
                }
            }
            EdgeCommand::Send { slot, message } => {
                if let Outgoing::Response(answer) = message
                    && Sha256Tree::leaf(&answer.data) != answer.leaf
                {
                    return Some(EdgeEvent::Corrupt {
                        slot: *slot,
                        block: answer.block,
                    });
                }
                if let Some(channel) = self.channels.get(slot) {
                    message
                        .with_wire(|wire| self.protocol.send(now, *channel, wire, out))
                        .ok();
                }
            }
        }
        None
    }

    /// Whether more bytes should be read from the socket.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.protocol.wants_input()
    }

    /// Counters and sizes of the connection, now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.protocol.stats()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.protocol.poll_timeout()
    }

    /// Sends a keep-alive when it is due.
    ///
    /// # Errors
    /// The peer has been silent for too long.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<u8>) -> Result<(), PeerError> {
        Ok(self.protocol.handle_timeout(now, out)?)
    }

    fn slot(&self, channel: ChannelId) -> Option<Slot> {
        self.slots.get(&channel).copied()
    }
}
