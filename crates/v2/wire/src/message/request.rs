use alloc::vec::Vec;

use crate::{
    DecodeError,
    proto::{Length, Reader, Schema, Sink},
};

/// Asks for one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Number of the block.
    pub block: u64,
    /// Which nodes of the block's path the asker has, as bits (spec section 8). Not there reads as 0, no
    /// node; upstream always writes it.
    pub digest: Option<u64>,
}

impl Request {
    const SCHEMA: Schema = Schema {
        name: "Request",
        fields: &["block", "digest"],
    };

    /// Reads the whole of `body`. Unknown fields are skipped; of a field that is repeated the last
    /// counts.
    ///
    /// # Errors
    /// A malformed field, or no `block`.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&Self::SCHEMA, body);
        let (mut block, mut digest) = (None, None);
        while let Some(field) = reader.next()? {
            match field.number() {
                1 => block = Some(field.uint()?),
                2 => digest = Some(field.uint()?),
                _ => {}
            }
        }
        Ok(Self {
            block: Self::SCHEMA.required(1, block)?,
            digest,
        })
    }

    /// How many bytes [`encode`](Self::encode) writes.
    pub fn encoded_len(&self) -> usize {
        let mut length = Length::default();
        self.write(&mut length);
        length.get()
    }

    /// Writes the body, without a type byte, at the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.encoded_len());
        self.write(out);
    }

    pub(super) fn write(&self, sink: &mut impl Sink) {
        sink.uint(1, self.block);
        if let Some(digest) = self.digest {
            sink.uint(2, digest);
        }
    }
}
