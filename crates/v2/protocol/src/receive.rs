//! What becomes of a received frame.

use bytes::{Buf, BytesMut};
use hyperfeed_types::FeedKey;
use hyperfeed_v2_crypto::{Nonce, secretbox};
use hyperfeed_v2_wire::{Frame, FrameKind, Handshake, Message};

use crate::{
    ChannelId, Event, Misbehaviour, Protocol, ProtocolError,
    channel::Link,
    remote::{Introduction, Remote, RemoteState},
};

impl Protocol {
    /// Reads one frame: a held one of a channel opened since, or the next of the input. `false` if there
    /// is none.
    pub(crate) fn step(&mut self) -> Result<bool, ProtocolError> {
        if let Some((number, payload)) = self.released.pop_front() {
            self.held.remove(payload.len());
            self.on_frame(number, payload)?;
            return Ok(true);
        }
        self.stalled = false;
        let Some(frame) = self.input.peek()? else {
            return Ok(false);
        };
        if self.must_wait(&frame) {
            self.stalled = true;
            return Ok(false);
        }
        let payload = self.input.take(&frame);
        self.keep_alive.heard();
        self.counters.frames_in = self.counters.frames_in.saturating_add(1);
        if let FrameKind::Message { channel, .. } = frame.kind {
            self.on_frame(channel, payload)?;
        }
        Ok(true)
    }

    /// Whether reading must stop before this frame: it would be held, does not fit, and nothing is open
    /// here that would suffer from waiting.
    fn must_wait(&self, frame: &Frame) -> bool {
        let FrameKind::Message { channel, .. } = frame.kind else {
            return false;
        };
        let payload = self.input.payload(frame);
        if payload.is_empty() || !self.channels.is_empty() {
            return false;
        }
        match self.channels.remote(channel).map(|remote| &remote.state) {
            None | Some(RemoteState::Waiting { .. }) => !self.held.fits(payload.len()),
            Some(RemoteState::Bound { .. } | RemoteState::Skipping) => false,
        }
    }

    fn on_frame(&mut self, number: u64, mut payload: BytesMut) -> Result<(), ProtocolError> {
        let Some(remote) = self.channels.remote_mut(number) else {
            return self.on_handshake(number, &payload);
        };
        if payload.is_empty() {
            self.on_close(number);
            return Ok(());
        }
        // Upstream gives the number of a feed it has left to the next one it opens, though its remote still
        // has it for the first. Such a handshake cannot be taken for a message: in plain mode its type would be
        // 10, which is none, and in encrypted mode it does not open.
        if let RemoteState::Bound { channel, key } = &remote.state {
            let channel = *channel;
            let frame = remote.frames;
            remote.frames = frame.saturating_add(1);
            if self.encrypted {
                let opened = open(number, frame, key, &remote.nonce, &mut payload);
                remote.nonce.increment();
                if let Err(misbehaviour) = opened {
                    return match is_handshake(&payload) {
                        true => self.on_handshake(number, &payload),
                        false => Err(misbehaviour.into()),
                    };
                }
                payload.advance(secretbox::TAG_LEN);
            } else if is_handshake(&payload) {
                return self.on_handshake(number, &payload);
            }
            self.on_message(channel, payload);
        } else if is_handshake(&payload) {
            return self.on_handshake(number, &payload);
        } else {
            self.hold(number, &payload);
        }
        Ok(())
    }

    /// A message, decrypted, for a channel both sides have opened.
    fn on_message(&mut self, channel: ChannelId, mut payload: BytesMut) {
        let Some(&kind) = payload.first() else {
            self.ignore();
            return;
        };
        payload.advance(1);
        let body = payload.freeze();
        match kind {
            ..Message::EXTENSION => self.events.push_back(Event::Message {
                channel,
                kind,
                body,
            }),
            Message::EXTENSION..=Message::EXTENSION_LAST => {
                match self.extensions.by_remote(kind & 0x3f) {
                    Some(name) => self.events.push_back(Event::Extension {
                        channel,
                        name,
                        body,
                    }),
                    None => self.ignore(),
                }
            }
            _ => self.ignore(),
        }
    }

    /// A frame of a channel that is not open here: kept if it fits, else dropped and counted.
    fn hold(&mut self, number: u64, payload: &[u8]) {
        let fits = self.held.fits(payload.len());
        let Some(remote) = self.channels.remote_mut(number) else {
            return;
        };
        if let RemoteState::Waiting { held } = &mut remote.state {
            if fits {
                self.held.add(payload.len());
                // A copy, so that a small frame does not keep a large buffer.
                held.push_back(BytesMut::from(payload));
                return;
            }
            // Later frames make little sense without earlier ones: all go, and the room is free.
            let held = core::mem::take(held);
            remote.state = RemoteState::Skipping;
            remote.skip(held.len());
            for frame in &held {
                self.held.remove(frame.len());
                self.counters.frames_ignored = self.counters.frames_ignored.saturating_add(1);
            }
        }
        remote.skip(1);
        self.ignore();
    }

    /// A close frame: the remote's channel is gone, and ours with it.
    fn on_close(&mut self, number: u64) {
        let Some(remote) = self.forget_remote(number) else {
            return;
        };
        if let RemoteState::Bound { channel, .. } = remote.state {
            self.channels.remove(channel);
            self.events.push_back(Event::Closed { channel });
        }
    }

    /// Drops a channel on this side; later frames of the remote on it are counted and dropped.
    pub(crate) fn drop_channel(&mut self, id: ChannelId) {
        let Some(channel) = self.channels.remove(id) else {
            return;
        };
        if let Link::Ready { number, .. } = channel.link
            && let Some(remote) = self.channels.remote_mut(number)
        {
            remote.state = RemoteState::Skipping;
        }
        self.events.retain_mut(|event| match event {
            // That the remote has opened the feed stays true.
            Event::Opened { channel, .. } if *channel == Some(id) => {
                *channel = None;
                true
            }
            event => event.channel() != Some(id),
        });
    }

    /// Takes a channel of the remote out, and what was held for it out of the account.
    pub(crate) fn forget_remote(&mut self, number: u64) -> Option<Remote> {
        let mut remote = self.channels.remove_remote(number)?;
        if let Introduction::Sealed { bytes, .. } = &remote.introduction {
            self.held.remove(bytes.len());
        }
        if let RemoteState::Waiting { held } = &mut remote.state {
            for frame in core::mem::take(held) {
                self.held.remove(frame.len());
                self.counters.frames_ignored = self.counters.frames_ignored.saturating_add(1);
            }
        }
        Some(remote)
    }

    pub(crate) fn ignore(&mut self) {
        self.counters.frames_ignored = self.counters.frames_ignored.saturating_add(1);
    }
}

/// Whether a frame on a number in use is a handshake. Peers write the public id first.
fn is_handshake(payload: &[u8]) -> bool {
    payload.first() == Some(&0x0a) && Handshake::decode(payload).is_ok()
}

/// Decrypts a message where it lies, behind the tag.
fn open(
    channel: u64,
    frame: u64,
    key: &FeedKey,
    nonce: &Nonce,
    payload: &mut [u8],
) -> Result<(), Misbehaviour> {
    let found = payload.len();
    match secretbox::open(key, nonce, payload) {
        Ok(_) => Ok(()),
        Err(_) if found < secretbox::TAG_LEN => {
            Err(Misbehaviour::MessageTooShort { channel, found })
        }
        Err(_) => Err(Misbehaviour::DecryptionFailed { channel, frame }),
    }
}
