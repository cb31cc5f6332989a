use core::fmt;

/// Why bytes were refused, and in which field of which message.
///
/// Small and `Copy`: it holds names that are part of the program, never bytes of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    message: &'static str,
    field: &'static str,
}

impl DecodeError {
    pub(crate) const fn new(
        kind: DecodeErrorKind,
        message: &'static str,
        field: &'static str,
    ) -> Self {
        Self {
            kind,
            message,
            field,
        }
    }

    /// What is wrong.
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// The layout being read: `frame`, `varint`, or the name of a message as in the schema.
    pub const fn message(&self) -> &'static str {
        self.message
    }

    /// The field being read, as in the schema.
    ///
    /// `tag` while reading which field comes next, `unknown field` for one that is in no schema,
    /// empty for a lone varint.
    pub const fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)?;
        if !self.field.is_empty() {
            write!(f, " {}", self.field)?;
        }
        write!(f, ": {}", self.kind)
    }
}

impl core::error::Error for DecodeError {}

/// What is wrong with the bytes a [`DecodeError`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A protobuf group (wire type 3 or 4); nobody sends them.
    Group,
    /// The frame's length is above [`limits::MAX_FRAME`](crate::limits::MAX_FRAME).
    FrameTooLarge,
    /// The frame's length takes more than
    /// [`limits::MAX_FRAME_VARINT`](crate::limits::MAX_FRAME_VARINT) bytes, whatever its value.
    FrameLengthTooLong,
    /// A required field is not there.
    Missing,
    /// More repetitions than [`limits::MAX_NODES`](crate::limits::MAX_NODES).
    TooMany,
    /// The bytes end before the value does.
    Truncated,
    /// Wire type 6 or 7, which have no meaning.
    UnknownWireType(u8),
    /// A varint of at most ten bytes whose value is above `u64::MAX`.
    VarintOverflow,
    /// A varint that goes on after [`limits::MAX_VARINT`](crate::limits::MAX_VARINT) bytes.
    VarintTooLong,
    /// A byte string of fixed length (key, hash, nonce) that is shorter or longer.
    WrongLength {
        /// Bytes the field always has.
        expected: usize,
        /// Bytes that came.
        found: usize,
    },
    /// A known field with another wire type than its schema's.
    WrongWireType,
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group => f.write_str("groups are not supported"),
            Self::FrameTooLarge => f.write_str("larger than the longest frame"),
            Self::FrameLengthTooLong => f.write_str("length takes too many bytes"),
            Self::Missing => f.write_str("required but missing"),
            Self::TooMany => f.write_str("repeated too often"),
            Self::Truncated => f.write_str("cut short"),
            Self::UnknownWireType(wire_type) => write!(f, "unknown wire type {wire_type}"),
            Self::VarintOverflow => f.write_str("varint does not fit 64 bits"),
            Self::VarintTooLong => f.write_str("varint longer than 10 bytes"),
            Self::WrongLength { expected, found } => {
                write!(f, "{found} bytes instead of {expected}")
            }
            Self::WrongWireType => f.write_str("wrong wire type for this field"),
        }
    }
}
