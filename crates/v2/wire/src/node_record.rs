use alloc::vec::Vec;

use hyperfeed_types::Hash;

use crate::{
    DecodeError,
    proto::{Length, Reader, Schema, Sink},
};

/// A node of the tree, as upstream stores it and as it travels in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeRecord {
    /// Number in the flat tree. Not checked against any bound.
    pub index: u64,
    /// Bytes of the blocks beneath. Not checked: a proof may lie about it.
    pub size: u64,
    /// Hash of the node.
    pub hash: Hash,
}

impl NodeRecord {
    const SCHEMA: Schema = Schema {
        name: "Node",
        fields: &["index", "size", "hash"],
    };

    /// Reads a whole `bytes` as one node. Unknown fields are skipped; of a field that is repeated the
    /// last counts.
    ///
    /// # Errors
    /// A field that is missing or malformed; a hash that is not 32 bytes, which upstream lets pass.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&Self::SCHEMA, bytes);
        let (mut index, mut size, mut hash) = (None, None, None);
        while let Some(field) = reader.next()? {
            match field.number() {
                1 => index = Some(field.uint()?),
                2 => size = Some(field.uint()?),
                3 => hash = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(Self {
            index: Self::SCHEMA.required(1, index)?,
            size: Self::SCHEMA.required(2, size)?,
            hash: Hash::new(*Self::SCHEMA.array(3, hash)?),
        })
    }

    /// How many bytes [`encode`](Self::encode) writes.
    pub fn encoded_len(&self) -> usize {
        let mut length = Length::default();
        self.write(&mut length);
        length.get()
    }

    /// Writes the node at the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.encoded_len());
        self.write(out);
    }

    pub(crate) fn write(&self, sink: &mut impl Sink) {
        sink.uint(1, self.index);
        sink.uint(2, self.size);
        sink.bytes(3, self.hash.as_bytes());
    }
}
