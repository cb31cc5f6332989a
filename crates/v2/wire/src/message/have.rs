use alloc::vec::Vec;
use core::fmt;

use crate::{
    DecodeError,
    proto::{Length, Reader, Schema, Sink},
    short_hex::ShortHex,
};

/// Says which blocks the sender holds (spec section 14.8).
///
/// Either a range, or the coded bits of the blocks from `start` on. Upstream opens with the bits of the
/// whole feed and then sends one message for every new block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Have<'a> {
    /// First block spoken of. Not bounded: the peer may claim any number.
    pub start: u64,
    /// End of the range, not included; 0 and not there both mean the one block `start`. Without
    /// meaning beside a bitfield.
    pub end: Option<u64>,
    /// Bits in the run length coding of generation 2, not checked here. A clear bit says that the
    /// block is *not* held.
    pub bitfield: Option<&'a [u8]>,
}

impl<'a> Have<'a> {
    const SCHEMA: Schema = Schema {
        name: "Have",
        fields: &["start", "end", "bitfield"],
    };

    /// Reads the whole of `body`. Unknown fields are skipped; of a field that is repeated the last
    /// counts.
    ///
    /// # Errors
    /// A malformed field, or no `start`.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&Self::SCHEMA, body);
        let (mut start, mut end, mut bitfield) = (None, None, None);
        while let Some(field) = reader.next()? {
            match field.number() {
                1 => start = Some(field.uint()?),
                2 => end = Some(field.uint()?),
                3 => bitfield = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(Self {
            start: Self::SCHEMA.required(1, start)?,
            end,
            bitfield,
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
        if let Some(bitfield) = self.bitfield {
            sink.bytes(3, bitfield);
        }
    }
}

impl fmt::Debug for Have<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Have")
            .field("start", &self.start)
            .field("end", &self.end)
            .field("bitfield", &self.bitfield.map(ShortHex))
            .finish()
    }
}
