//! The part of protobuf (proto2) that generation 2 uses: numbers, byte strings, nested messages.

use alloc::vec::Vec;

use crate::{DecodeError, DecodeErrorKind, varint};

/// Names of a message and of its fields 1, 2, 3, ... for errors.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [&'static str],
}

impl Schema {
    /// The value of a required field, or that it is missing.
    pub(crate) fn required<T>(
        &'static self,
        number: u64,
        value: Option<T>,
    ) -> Result<T, DecodeError> {
        value.ok_or_else(|| self.error(number, DecodeErrorKind::Missing))
    }

    /// A required byte string of exactly `N` bytes.
    pub(crate) fn array<'a, const N: usize>(
        &'static self,
        number: u64,
        value: Option<&'a [u8]>,
    ) -> Result<&'a [u8; N], DecodeError> {
        let bytes = self.required(number, value)?;
        bytes.try_into().map_err(|_| {
            let (expected, found) = (N, bytes.len());
            self.error(number, DecodeErrorKind::WrongLength { expected, found })
        })
    }

    pub(crate) fn error(&'static self, number: u64, kind: DecodeErrorKind) -> DecodeError {
        let name = number
            .checked_sub(1)
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| self.fields.get(at));
        DecodeError::new(kind, self.name, name.unwrap_or(&"unknown field"))
    }
}

/// A cursor over the fields of one message; it only shrinks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    schema: &'static Schema,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(schema: &'static Schema, bytes: &'a [u8]) -> Self {
        Self {
            schema,
            rest: bytes,
        }
    }

    /// The next field with its value, known or not; `None` at the end of the message.
    pub(crate) fn next(&mut self) -> Result<Option<Field<'a>>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (tag, rest) = varint::read(self.rest)
            .map_err(|kind| DecodeError::new(kind, self.schema.name, "tag"))?;
        let number = tag >> 3;
        let (value, rest) =
            Value::read(tag, rest).map_err(|kind| self.schema.error(number, kind))?;
        self.rest = rest;
        Ok(Some(Field {
            schema: self.schema,
            number,
            value,
        }))
    }
}

/// One field of a message as it lies on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    schema: &'static Schema,
    number: u64,
    value: Value<'a>,
}

impl<'a> Field<'a> {
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn uint(&self) -> Result<u64, DecodeError> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(self.wrong()),
        }
    }

    pub(crate) fn bytes(&self) -> Result<&'a [u8], DecodeError> {
        match self.value {
            Value::Bytes(value) => Ok(value),
            _ => Err(self.wrong()),
        }
    }

    /// An error about this field.
    pub(crate) fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        self.schema.error(self.number, kind)
    }

    fn wrong(&self) -> DecodeError {
        self.error(DecodeErrorKind::WrongWireType)
    }
}

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// 32 or 64 bits: no message has such a field, so only the length matters.
    Fixed,
}

impl<'a> Value<'a> {
    fn read(tag: u64, input: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeErrorKind> {
        match tag & 7 {
            0 => varint::read(input).map(|(value, rest)| (Self::Varint(value), rest)),
            1 => split(input, 8).map(|(_, rest)| (Self::Fixed, rest)),
            2 => {
                let (len, rest) = varint::read(input)?;
                let len = usize::try_from(len).map_err(|_| DecodeErrorKind::Truncated)?;
                split(rest, len).map(|(bytes, rest)| (Self::Bytes(bytes), rest))
            }
            5 => split(input, 4).map(|(_, rest)| (Self::Fixed, rest)),
            3 | 4 => Err(DecodeErrorKind::Group),
            6 => Err(DecodeErrorKind::UnknownWireType(6)),
            _ => Err(DecodeErrorKind::UnknownWireType(7)),
        }
    }
}

fn split(input: &[u8], len: usize) -> Result<(&[u8], &[u8]), DecodeErrorKind> {
    input
        .split_at_checked(len)
        .ok_or(DecodeErrorKind::Truncated)
}

/// Where a message is written: a buffer, or a counter. One description of a message serves both, so the
/// length announced cannot differ from the bytes written.
pub(crate) trait Sink {
    fn varint(&mut self, value: u64);

    fn raw(&mut self, bytes: &[u8]);

    fn uint(&mut self, number: u64, value: u64) {
        self.varint(number << 3);
        self.varint(value);
    }

    fn bytes(&mut self, number: u64, value: &[u8]) {
        self.nested(number, value.len());
        self.raw(value);
    }

    /// Tag and length of a nested message; its fields follow.
    fn nested(&mut self, number: u64, len: usize) {
        self.varint(number << 3 | 2);
        self.varint(u64::try_from(len).unwrap_or(u64::MAX));
    }
}

impl Sink for Vec<u8> {
    fn varint(&mut self, value: u64) {
        varint::encode(value, self);
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Counts instead of writing.
#[derive(Debug, Default)]
pub(crate) struct Length(usize);

impl Length {
    pub(crate) const fn get(&self) -> usize {
        self.0
    }
}

impl Sink for Length {
    fn varint(&mut self, value: u64) {
        self.0 = self.0.saturating_add(varint::encoded_len(value));
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}
