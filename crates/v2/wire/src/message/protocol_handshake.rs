use alloc::vec::Vec;

use hyperfeed_types::PeerId;

use crate::{
    DecodeError, Extensions,
    proto::{Length, Reader, Schema, Sink},
};

/// Who the sender is and which extensions it knows; once per direction, inside a
/// [`Handshake`](crate::Handshake).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolHandshake<'a> {
    /// Never sent by upstream, and ignored.
    pub version: Option<u64>,
    /// Random bytes the sender calls itself by; nothing proves them.
    pub peer_id: PeerId,
    /// Names of the sender's extensions, sorted by UTF-16 code units.
    pub extensions: Extensions<'a>,
}

impl<'a> ProtocolHandshake<'a> {
    pub(super) const SCHEMA: Schema = Schema {
        name: "ProtocolHandshake",
        fields: &["version", "peerId", "extensions"],
    };

    /// Reads the whole of `body`. Unknown fields are skipped; of a field that is repeated the last
    /// counts.
    ///
    /// # Errors
    /// A malformed field, no peer id, or one that is not 32 bytes. Names are neither checked nor counted.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&Self::SCHEMA, body);
        let (mut version, mut peer_id, mut count) = (None, None, 0_usize);
        while let Some(field) = reader.next()? {
            match field.number() {
                1 => version = Some(field.uint()?),
                2 => peer_id = Some(field.bytes()?),
                3 => {
                    field.bytes()?;
                    count = count.saturating_add(1);
                }
                _ => {}
            }
        }
        Ok(Self {
            version,
            peer_id: PeerId::new(*Self::SCHEMA.array(2, peer_id)?),
            extensions: Extensions::from_message(body, count),
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
        if let Some(version) = self.version {
            sink.uint(1, version);
        }
        sink.bytes(2, self.peer_id.as_bytes());
        for name in self.extensions.raw() {
            sink.bytes(3, name);
        }
    }
}
