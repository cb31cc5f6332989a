use alloc::vec::Vec;

use crate::{
    DecodeError,
    proto::{Length, Reader, Schema, Sink},
};

/// Asks which blocks the other side holds; answered with a [`Have`](crate::Have).
///
/// Upstream answers it but never sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// First block of interest.
    pub start: u64,
    /// End of the interest, not included. Upstream ignores it.
    pub end: Option<u64>,
}

impl Want {
    const SCHEMA: Schema = Schema {
        name: "Want",
        fields: &["start", "end"],
    };

    /// Reads the whole of `body`. Unknown fields are skipped; of a field that is repeated the last
    /// counts.
    ///
    /// # Errors
    /// A malformed field, or no `start`.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&Self::SCHEMA, body);
        let (mut start, mut end) = (None, None);
        while let Some(field) = reader.next()? {
            match field.number() {
                1 => start = Some(field.uint()?),
                2 => end = Some(field.uint()?),
                _ => {}
            }
        }
        Ok(Self {
            start: Self::SCHEMA.required(1, start)?,
            end,
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
        sink.uint(1, self.start);
        if let Some(end) = self.end {
            sink.uint(2, end);
        }
    }
}
