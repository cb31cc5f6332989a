use std::error::Error;
use std::fmt;

const PUT: u8 = 1;
const DELETE: u8 = 2;
const LENGTH_BYTES: usize = 8;

/// Puts and deletes that become visible together: the argument of
/// [`KeyValue::commit`](crate::KeyValue::commit).
///
/// All operations lie in one growing buffer, so adding one allocates nothing once the buffer has
/// its size; [`clear`](Self::clear) keeps it for the next batch. Of several operations on one key
/// the last wins.
///
/// ```
/// use hyperfeed_storage::{Batch, Op};
///
/// let mut batch = Batch::new();
/// batch.put(b"head", b"1");
/// batch.delete(b"draft");
/// let ops: Vec<Op<'_>> = batch.iter().collect();
/// assert_eq!(ops[0], Op::Put { key: b"head", value: b"1" });
/// assert_eq!(ops[1], Op::Delete { key: b"draft" });
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Batch {
    encoded: Vec<u8>,
    ops: usize,
}

impl Batch {
    /// A batch of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            encoded: Vec::new(),
            ops: 0,
        }
    }

    /// Reads a batch back from its [`encoded`](Self::encoded) form.
    ///
    /// # Errors
    /// [`BatchError`] with the offset of the operation that is no operation or does not fit.
    pub fn decode(encoded: Vec<u8>) -> Result<Self, BatchError> {
        let mut rest = encoded.as_slice();
        let mut ops = 0;
        while !rest.is_empty() {
            let offset = encoded.len() - rest.len();
            let (_, after) = split_op(rest).ok_or(BatchError { offset })?;
            rest = after;
            ops += 1;
        }
        Ok(Self { encoded, ops })
    }

    /// Sets `key` to `value`.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        self.encoded
            .reserve(1 + 2 * LENGTH_BYTES + key.len() + value.len());
        self.encoded.push(PUT);
        self.push_length(key.len());
        self.push_length(value.len());
        self.encoded.extend_from_slice(key);
        self.encoded.extend_from_slice(value);
        self.ops += 1;
    }

    /// Removes `key`; nothing happens if it is not there.
    pub fn delete(&mut self, key: &[u8]) {
        self.encoded.reserve(1 + LENGTH_BYTES + key.len());
        self.encoded.push(DELETE);
        self.push_length(key.len());
        self.encoded.extend_from_slice(key);
        self.ops += 1;
    }

    /// Adds the operations of `other` after those already here.
    pub fn append(&mut self, other: &Self) {
        self.encoded.extend_from_slice(&other.encoded);
        self.ops += other.ops;
    }

    /// Forgets every operation and keeps the buffer.
    pub fn clear(&mut self) {
        self.encoded.clear();
        self.ops = 0;
    }

    /// Whether there is no operation.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ops == 0
    }

    /// Number of operations.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ops
    }

    /// Bytes of the encoded form: keys, values and 9 to 17 bytes an operation.
    #[must_use]
    pub const fn byte_len(&self) -> usize {
        self.encoded.len()
    }

    /// The operations in the order in which they were added.
    #[must_use]
    pub fn iter(&self) -> Ops<'_> {
        Ops {
            rest: &self.encoded,
            left: self.ops,
        }
    }

    /// The operations as bytes, for a backend that keeps a journal.
    ///
    /// One after the other: `1 | key length | value length | key | value` for a put and
    /// `2 | key length | key` for a delete, lengths as 8 bytes, little-endian. This layout is part
    /// of the crate's contract: it does not change without a new major version.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    fn push_length(&mut self, length: usize) {
        // A usize has at most 64 bits on every platform Rust knows.
        self.encoded
            .extend_from_slice(&(length as u64).to_le_bytes());
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values can be large and keys can be secrets of the caller: only sizes are shown.
        f.debug_struct("Batch")
            .field("ops", &self.ops)
            .field("byte_len", &self.encoded.len())
            .finish()
    }
}

impl<'a> IntoIterator for &'a Batch {
    type Item = Op<'a>;
    type IntoIter = Ops<'a>;

    fn into_iter(self) -> Ops<'a> {
        self.iter()
    }
}

/// One operation of a [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// Remove the key.
    Delete {
        /// Which key.
        key: &'a [u8],
    },
    /// Set the key.
    Put {
        /// Which key.
        key: &'a [u8],
        /// To what.
        value: &'a [u8],
    },
}

/// Iterator over the operations of a [`Batch`], in their order.
#[derive(Clone, Debug)]
pub struct Ops<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Ops<'a> {
    type Item = Op<'a>;

    fn next(&mut self) -> Option<Op<'a>> {
        let (op, rest) = split_op(self.rest)?;
        self.rest = rest;
        self.left -= 1;
        Some(op)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Ops<'_> {}

/// Bytes that are no encoded [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchError {
    /// Where the first operation starts that cannot be read.
    pub offset: usize,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no batch operation at offset {}", self.offset)
    }
}

impl Error for BatchError {}

fn split_op(bytes: &[u8]) -> Option<(Op<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (key_length, rest) = split_length(rest)?;
    match tag {
        PUT => {
            let (value_length, rest) = split_length(rest)?;
            let (key, rest) = rest.split_at_checked(key_length)?;
            let (value, rest) = rest.split_at_checked(value_length)?;
            Some((Op::Put { key, value }, rest))
        }
        DELETE => {
            let (key, rest) = rest.split_at_checked(key_length)?;
            Some((Op::Delete { key }, rest))
        }
        _ => None,
    }
}

fn split_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    Some((usize::try_from(u64::from_le_bytes(*length)).ok()?, rest))
}
