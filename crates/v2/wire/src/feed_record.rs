use alloc::vec::Vec;
use core::fmt;

use hyperfeed_types::{FeedKey, PublicId};

use crate::{
    DecodeError,
    proto::{Length, Reader, Schema, Sink},
};

/// What upstream's database says about a feed, for reading such databases.
///
/// Holds key material: `Debug` shows the public id and which of the rest is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FeedRecord<'a> {
    /// Under which name in the database the feed's nodes and blocks are; 32 bytes in practice. If it is
    /// not there, the key serves.
    pub prefix: Option<&'a [u8]>,
    /// Public id of the feed.
    pub public_id: PublicId,
    /// Key of the feed.
    pub key: FeedKey,
    /// Secret key of an own live feed; 64 bytes in practice. Wipe the buffer it lies in.
    pub secret_key: Option<&'a [u8]>,
    /// Whether the feed is live; not there reads as false, but upstream always writes it.
    ///
    /// False is no proof that it is static: upstream forgets it for clones (spec section 12.2).
    pub live: Option<bool>,
}

impl<'a> FeedRecord<'a> {
    const SCHEMA: Schema = Schema {
        name: "Feed",
        fields: &["prefix", "publicId", "key", "secretKey", "live"],
    };

    /// Reads a whole `bytes` as one record. Unknown fields are skipped; of a field that is repeated the
    /// last counts. Any `live` but 0 is true.
    ///
    /// # Errors
    /// A field that is missing or malformed; a public id or key that is not 32 bytes.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&Self::SCHEMA, bytes);
        let (mut prefix, mut public_id, mut key) = (None, None, None);
        let (mut secret_key, mut live) = (None, None);
        while let Some(field) = reader.next()? {
            match field.number() {
                1 => prefix = Some(field.bytes()?),
                2 => public_id = Some(field.bytes()?),
                3 => key = Some(field.bytes()?),
                4 => secret_key = Some(field.bytes()?),
                5 => live = Some(field.uint()? != 0),
                _ => {}
            }
        }
        Ok(Self {
            prefix,
            public_id: PublicId::new(*Self::SCHEMA.array(2, public_id)?),
            key: FeedKey::new(*Self::SCHEMA.array(3, key)?),
            secret_key,
            live,
        })
    }

    /// How many bytes [`encode`](Self::encode) writes.
    pub fn encoded_len(&self) -> usize {
        let mut length = Length::default();
        self.write(&mut length);
        length.get()
    }

    /// Writes the record at the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.encoded_len());
        self.write(out);
    }

    fn write(&self, sink: &mut impl Sink) {
        if let Some(prefix) = self.prefix {
            sink.bytes(1, prefix);
        }
        sink.bytes(2, self.public_id.as_bytes());
        sink.bytes(3, self.key.as_bytes());
        if let Some(secret_key) = self.secret_key {
            sink.bytes(4, secret_key);
        }
        if let Some(live) = self.live {
            sink.uint(5, u64::from(live));
        }
    }
}

impl fmt::Debug for FeedRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedRecord")
            .field("public_id", &self.public_id)
            .field("has_secret_key", &self.secret_key.is_some())
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}
