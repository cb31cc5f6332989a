//! How channels come to be on both sides, and what the remote says of itself.

use alloc::{collections::VecDeque, string::String, vec::Vec};

use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_crypto::{Nonce, secretbox};
use hyperfeed_v2_wire::{Handshake, ProtocolHandshake};

use crate::{
    ChannelId, Event, Misbehaviour, Protocol, ProtocolError,
    channel::Link,
    protocol::RemotePeer,
    remote::{Introduction, Remote, RemoteState},
};

impl Protocol {
    /// A frame on a number that is new, or a handshake on one that is not.
    pub(crate) fn on_handshake(
        &mut self,
        number: u64,
        payload: &[u8],
    ) -> Result<(), ProtocolError> {
        let Ok(handshake) = Handshake::decode(payload) else {
            self.ignore();
            return Ok(());
        };
        let Handshake {
            public_id,
            nonce,
            protocol,
        } = handshake;
        let limit = self.limits.max_introduction;
        if let Some(bytes) = protocol.filter(|bytes| bytes.len() > limit) {
            return Err(Misbehaviour::IntroductionTooLong {
                channel: number,
                found: bytes.len(),
                limit,
            }
            .into());
        }
        let carried = self.replace(number, &public_id);
        let channel = self.channels.id_of(&public_id);
        if channel.is_none() && self.channels.remote_len() >= self.limits.max_channels {
            return Err(Misbehaviour::TooManyChannels {
                limit: self.limits.max_channels,
            }
            .into());
        }
        let mut nonce = Nonce::new(*nonce);
        let introduction = match protocol {
            Some(bytes) => {
                let first = nonce.clone();
                if self.encrypted {
                    nonce.increment();
                }
                Introduction::Sealed {
                    nonce: first,
                    bytes: bytes.into(),
                }
            }
            None if !self.remote_opened => Introduction::Missing,
            None => carried,
        };
        self.remote_opened = true;
        self.channels.insert_remote(
            number,
            Remote {
                public_id,
                nonce,
                frames: 0,
                introduction: Introduction::Elsewhere,
                state: RemoteState::Waiting {
                    held: VecDeque::new(),
                },
            },
        );
        self.events.push_back(Event::Opened { public_id, channel });
        match channel {
            Some(channel) => self.bind(number, channel, introduction),
            None => {
                self.keep_introduction(number, introduction);
                Ok(())
            }
        }
    }

    /// Clears what `number` and the feed meant until now; gives what the remote had said of itself for
    /// this feed, if it was not read.
    ///
    /// A number that was in use is the mark of upstream: it has left the feed of that number, and this
    /// feed too if it was open on both sides, and with them it has forgotten our numbers for them. So
    /// these channels of ours are of no more use. A number that is new for a feed open on both sides comes
    /// from a remote that, like this implementation, remembers ours.
    fn replace(&mut self, number: u64, public_id: &PublicId) -> Introduction {
        let used = self.forget_remote(number);
        let other = self.channels.number_of(public_id);
        let other = other.and_then(|other| self.forget_remote(other));
        let reused = used.is_some();
        let mut introduction = Introduction::Elsewhere;
        for old in [used, other].into_iter().flatten() {
            if reused && let RemoteState::Bound { channel, .. } = old.state {
                self.channels.remove(channel);
                self.events.push_back(Event::Closed { channel });
            }
            if old.public_id == *public_id {
                introduction = old.introduction;
            }
        }
        introduction
    }

    /// Keeps an introduction until its feed is opened here, if there is room.
    fn keep_introduction(&mut self, number: u64, introduction: Introduction) {
        if let Introduction::Sealed { bytes, .. } = &introduction {
            if !self.held.fits(bytes.len()) {
                self.ignore();
                return;
            }
            self.held.add(bytes.len());
        }
        if let Some(remote) = self.channels.remote_mut(number) {
            remote.introduction = introduction;
        }
    }

    /// Ties a channel of ours to the remote's number for the same feed: reads the introduction, reports
    /// `Ready`, lets held frames through.
    pub(crate) fn bind(
        &mut self,
        number: u64,
        id: ChannelId,
        introduction: Introduction,
    ) -> Result<(), ProtocolError> {
        let Some(remote) = self.channels.remote_mut(number) else {
            return Ok(());
        };
        let missed = remote.frames;
        if let RemoteState::Waiting { held } = &mut remote.state {
            let held = core::mem::take(held);
            self.released
                .extend(held.into_iter().map(|frame| (number, frame)));
        }
        let Some(channel) = self.channels.get_mut(id) else {
            return Ok(());
        };
        channel.link = Link::Ready { number, missed };
        let key = channel.key;
        if let Some(remote) = self.channels.remote_mut(number) {
            remote.state = RemoteState::Bound { channel: id, key };
        }
        self.introduce(number, &key, introduction)?;
        self.events.push_back(Event::Ready { channel: id });
        Ok(())
    }

    /// Reads what the remote says of itself.
    fn introduce(
        &mut self,
        number: u64,
        key: &FeedKey,
        introduction: Introduction,
    ) -> Result<(), ProtocolError> {
        let (nonce, mut bytes) = match introduction {
            Introduction::Elsewhere => return Ok(()),
            Introduction::Missing => {
                if self.remote_peer == RemotePeer::Unknown {
                    self.remote_peer = RemotePeer::Anonymous;
                    self.events.push_back(Event::Handshake {
                        peer_id: None,
                        extensions: Vec::new(),
                    });
                }
                return Ok(());
            }
            Introduction::Sealed { nonce, bytes } => (nonce, bytes),
        };
        if bytes.len() < secretbox::TAG_LEN {
            return Err(Misbehaviour::IntroductionTooShort {
                channel: number,
                found: bytes.len(),
            }
            .into());
        }
        let plain = if self.encrypted {
            secretbox::open(key, &nonce, &mut bytes)
                .map_err(|_| Misbehaviour::IntroductionNotOpened { channel: number })?
        } else {
            &mut bytes
        };
        let introduction = ProtocolHandshake::decode(plain)?;
        // Only the first one counts; later ones must be well-formed, as upstream has it.
        if self.remote_peer == RemotePeer::Unknown {
            self.remote_peer = RemotePeer::Named(introduction.peer_id);
            let limits = &self.limits;
            self.extensions
                .negotiate(&introduction.extensions, limits.max_extensions);
            let names = introduction.extensions.iter().take(limits.max_extensions);
            self.events.push_back(Event::Handshake {
                peer_id: Some(introduction.peer_id),
                extensions: names
                    .filter(|name| name.len() <= limits.max_extension_name)
                    .map(String::from)
                    .collect(),
            });
        }
        Ok(())
    }
}
