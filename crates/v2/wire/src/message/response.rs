use alloc::vec::Vec;
use core::fmt;

use crate::{
    DecodeError, DecodeErrorKind, NodeRecord, Nodes,
    limits::MAX_NODES,
    proto::{Length, Reader, Schema, Sink},
    short_hex::ShortHex,
};

/// One block with what proves it.
///
/// `Debug` shows the length of the block, not its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// Number of the block.
    pub block: u64,
    /// The block.
    pub data: &'a [u8],
    /// Nodes of the proof, in the order of spec section 8.
    pub nodes: Nodes<'a>,
    /// Signature of the length the proof leads to. 64 bytes if it is to verify; not checked here.
    pub signature: Option<&'a [u8]>,
}

impl<'a> Response<'a> {
    pub(super) const SCHEMA: Schema = Schema {
        name: "Response",
        fields: &["block", "data", "nodes", "signature"],
    };

    /// Reads the whole of `body`; the nodes are checked here and read again when asked for, so nothing
    /// is allocated. Unknown fields are skipped; of a field that is repeated the last counts.
    ///
    /// # Errors
    /// A malformed field or node, no `block` or no `data`, more than [`MAX_NODES`] nodes.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&Self::SCHEMA, body);
        let (mut block, mut data, mut signature, mut count) = (None, None, None, 0_usize);
        while let Some(field) = reader.next()? {
            match field.number() {
                1 => block = Some(field.uint()?),
                2 => data = Some(field.bytes()?),
                3 => {
                    if count >= MAX_NODES {
                        return Err(field.error(DecodeErrorKind::TooMany));
                    }
                    NodeRecord::decode(field.bytes()?)?;
                    count = count.saturating_add(1);
                }
                4 => signature = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(Self {
            block: Self::SCHEMA.required(1, block)?,
            data: Self::SCHEMA.required(2, data)?,
            nodes: Nodes::from_message(body, count),
            signature,
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
        sink.bytes(2, self.data);
        for node in self.nodes {
            sink.nested(3, node.encoded_len());
            node.write(sink);
        }
        if let Some(signature) = self.signature {
            sink.bytes(4, signature);
        }
    }
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("block", &self.block)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .field("nodes", &self.nodes)
            .field("signature", &self.signature.map(ShortHex))
            .finish()
    }
}
