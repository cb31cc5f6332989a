use alloc::vec::Vec;
use core::fmt;

use hyperfeed_types::PublicId;

use crate::{
    DecodeError,
    proto::{Length, Reader, Schema, Sink},
    short_hex::ShortHex,
};

/// Opens a channel: the first frame on a channel number, never encrypted (spec section 14.2).
///
/// What does not decode is to be ignored, not to be answered with an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// Which feed the channel is for.
    pub public_id: PublicId,
    /// Random bytes: where the sender's nonces on this channel start.
    pub nonce: &'a [u8; Handshake::NONCE_LEN],
    /// On the sender's first channel an encoded [`ProtocolHandshake`](crate::ProtocolHandshake),
    /// encrypted in encrypted mode. Upstream accepts a first channel without.
    pub protocol: Option<&'a [u8]>,
}

impl<'a> Handshake<'a> {
    /// Bytes of a nonce.
    pub const NONCE_LEN: usize = 24;

    const SCHEMA: Schema = Schema {
        name: "Handshake",
        fields: &["publicId", "nonce", "protocol"],
    };

    /// Reads the whole of `body`. Unknown fields are skipped; of a field that is repeated the last
    /// counts.
    ///
    /// # Errors
    /// A malformed field, no public id or no nonce, or one of the wrong length.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&Self::SCHEMA, body);
        let (mut public_id, mut nonce, mut protocol) = (None, None, None);
        while let Some(field) = reader.next()? {
            match field.number() {
                1 => public_id = Some(field.bytes()?),
                2 => nonce = Some(field.bytes()?),
                3 => protocol = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(Self {
            public_id: PublicId::new(*Self::SCHEMA.array(1, public_id)?),
            nonce: Self::SCHEMA.array(2, nonce)?,
            protocol,
        })
    }

    /// How many bytes [`encode`](Self::encode) writes.
    pub fn encoded_len(&self) -> usize {
        let mut length = Length::default();
        self.write(&mut length);
        length.get()
    }

    /// Writes the message, which has no type byte, at the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.encoded_len());
        self.write(out);
    }

    fn write(&self, sink: &mut impl Sink) {
        sink.bytes(1, self.public_id.as_bytes());
        sink.bytes(2, self.nonce);
        if let Some(protocol) = self.protocol {
            sink.bytes(3, protocol);
        }
    }
}

impl fmt::Debug for Handshake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("public_id", &self.public_id)
            .field("nonce", &ShortHex(self.nonce))
            .field("protocol", &self.protocol.map(ShortHex))
            .finish()
    }
}
