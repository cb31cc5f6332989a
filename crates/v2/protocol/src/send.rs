//! Opening channels and sending on them.

use alloc::vec::Vec;

use hyperfeed_types::{FeedKey, Instant};
use hyperfeed_v2_crypto::{Nonce, public_id, secretbox};
use hyperfeed_v2_wire::{
    Extensions, Handshake, Message, ProtocolHandshake, encode_frame_header, limits::MAX_FRAME,
    varint,
};

use crate::{
    ApiMisuse, ChannelId, Protocol,
    channel::{Channel, Link},
    remote::Introduction,
};

impl Protocol {
    /// Opens a channel for a feed: writes its handshake to `out`.
    ///
    /// Our number is the lowest that was never used on this connection. The first channel also carries our
    /// introduction. If the remote has opened the feed already, the channel is ready at once, and
    /// [`poll_event`](Self::poll_event) gives what was held for it. A feed that is open gives the
    /// channel it has; nothing is written then.
    ///
    /// # Errors
    /// `ConnectionOver`, `TooManyChannels`. A remote whose introduction turns out to be wrong is an
    /// error of the next `poll_event`, not of this call.
    pub fn open(
        &mut self,
        now: Instant,
        key: &FeedKey,
        out: &mut Vec<u8>,
    ) -> Result<ChannelId, ApiMisuse> {
        self.ensure_alive()?;
        let feed = public_id(key);
        if let Some(id) = self.channels.id_of(&feed) {
            return Ok(id);
        }
        let limit = self.limits.max_channels;
        let id = self
            .channels
            .next_id()
            .filter(|_| self.channels.len() < limit)
            .ok_or(ApiMisuse::TooManyChannels { limit })?;
        let mut nonce = self.nonces.next().ok_or(ApiMisuse::NoNonceLeft)?;

        let introduction = (!self.introduced).then(|| self.introduction(key, &nonce));
        let handshake = Handshake {
            public_id: feed,
            nonce: nonce.as_bytes(),
            protocol: introduction.as_deref(),
        };
        let before = out.len();
        encode_frame_header(id.number(), handshake.encoded_len(), out);
        handshake.encode(out);
        self.count_output(now, out.len().saturating_sub(before));
        if self.encrypted && introduction.is_some() {
            nonce.increment();
        }
        self.introduced = true;
        self.stalled = false;

        self.channels.insert(
            id,
            Channel {
                public_id: feed,
                key: *key,
                nonce,
                link: Link::Alone,
            },
        );
        if let Some(number) = self.channels.number_of(&feed)
            && let Some(remote) = self.channels.remote_mut(number)
        {
            let introduction = remote.introduction.take();
            if let Introduction::Sealed { bytes, .. } = &introduction {
                self.held.remove(bytes.len());
            }
            if let Err(error) = self.bind(number, id, introduction) {
                self.fail(error);
            }
        }
        Ok(id)
    }

    /// Writes a message to `out`, encrypted.
    ///
    /// May be called before the channel is ready. Then the remote has to hold the message; upstream ends
    /// the connection over it if it has another channel open. So wait for
    /// [`Ready`](crate::Event::Ready).
    ///
    /// # Errors
    /// `ConnectionOver`; `UnknownChannel`, also when the remote closed it a moment ago; `TooLarge`, for a
    /// block above [`MAX_BLOCK`](hyperfeed_v2_wire::limits::MAX_BLOCK).
    pub fn send(
        &mut self,
        now: Instant,
        channel: ChannelId,
        message: &Message<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        self.send_payload(now, channel, message.encoded_len(), out, |out| {
            message.encode(out);
        })
    }

    /// Writes a message of an extension to `out`, encrypted.
    ///
    /// `name` is an index into [`extensions`](Self::extensions). A remote that does not know the
    /// extension drops the message; see [`remote_supports`](Self::remote_supports).
    ///
    /// # Errors
    /// `UnknownExtension`, and those of [`send`](Self::send).
    pub fn send_extension(
        &mut self,
        now: Instant,
        channel: ChannelId,
        name: usize,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        let known = self.extensions.names().len();
        let id = u8::try_from(name)
            .ok()
            .filter(|_| name < known)
            .ok_or(ApiMisuse::UnknownExtension { name, known })?;
        self.send(now, channel, &Message::Extension { id, body }, out)
    }

    /// Writes a message with a type and a body that are made elsewhere to `out`, encrypted.
    ///
    /// For types that [`Message`] has no variant for.
    ///
    /// # Errors
    /// Those of [`send`](Self::send).
    pub fn send_raw(
        &mut self,
        now: Instant,
        channel: ChannelId,
        kind: u8,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        self.send_payload(now, channel, body.len().saturating_add(1), out, |out| {
            out.push(kind);
            out.extend_from_slice(body);
        })
    }

    /// Writes a frame whose plaintext has `len` bytes and is written by `write`.
    fn send_payload(
        &mut self,
        now: Instant,
        id: ChannelId,
        len: usize,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), ApiMisuse> {
        self.ensure_alive()?;
        let channel = self
            .channels
            .get_mut(id)
            .ok_or(ApiMisuse::UnknownChannel { channel: id })?;
        let payload = match self.encrypted {
            true => len.saturating_add(secretbox::TAG_LEN),
            false => len,
        };
        let found = payload.saturating_add(varint::encoded_len(id.number()));
        if found > MAX_FRAME {
            let limit = MAX_FRAME;
            return Err(ApiMisuse::TooLarge { found, limit });
        }
        let before = out.len();
        out.reserve(found.saturating_add(varint::encoded_len(u64::MAX)));
        encode_frame_header(id.number(), payload, out);
        if self.encrypted {
            let start = out.len();
            out.resize(start.saturating_add(secretbox::TAG_LEN), 0);
            write(out);
            if let Some(plain) = out.get_mut(start..) {
                secretbox::seal(&channel.key, &channel.nonce, plain);
            }
            channel.nonce.increment();
        } else {
            write(out);
        }
        self.count_output(now, out.len().saturating_sub(before));
        Ok(())
    }

    /// What we say of ourselves, as it goes into the handshake of our first channel.
    fn introduction(&self, key: &FeedKey, nonce: &Nonce) -> Vec<u8> {
        let introduction = ProtocolHandshake {
            version: None,
            peer_id: self.peer_id,
            extensions: Extensions::from(self.extensions.names()),
        };
        let mut bytes = Vec::new();
        if self.encrypted {
            bytes.resize(secretbox::TAG_LEN, 0);
        }
        introduction.encode(&mut bytes);
        if self.encrypted {
            secretbox::seal(key, nonce, &mut bytes);
        }
        bytes
    }
}
