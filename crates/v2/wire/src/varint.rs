//! Base 128 numbers, least significant group first.
//!
//! The encoder emits the shortest form. The decoder accepts overlong forms, as upstream does, up to
//! [`MAX_VARINT`] bytes, and refuses what does not fit `u64`, where upstream loses precision.

use alloc::vec::Vec;

use crate::{DecodeError, DecodeErrorKind, limits::MAX_VARINT};

/// Writes `value` at the end of `out` in its shortest form, 1 to 10 bytes.
///
/// ```
/// let mut out = Vec::new();
/// hyperfeed_v2_wire::varint::encode(300, &mut out);
/// assert_eq!(out, [0xac, 0x02]);
/// ```
pub fn encode(value: u64, out: &mut Vec<u8>) {
    let mut rest = value;
    while rest > 0x7f {
        out.push(low_group(rest) | 0x80);
        rest >>= 7;
    }
    out.push(low_group(rest));
}

/// How many bytes [`encode`] writes for `value`.
pub const fn encoded_len(value: u64) -> usize {
    let mut len: usize = 1;
    let mut rest = value >> 7;
    while rest > 0 {
        len = len.saturating_add(1);
        rest >>= 7;
    }
    len
}

/// Reads the varint that `input` starts with: its value and how many bytes it took.
///
/// What follows it is not looked at.
///
/// # Errors
/// `Truncated` if `input` ends inside the varint, `VarintTooLong` if it goes on after ten bytes,
/// `VarintOverflow` if the value is above `u64::MAX`.
pub fn decode(input: &[u8]) -> Result<(u64, usize), DecodeError> {
    match read(input) {
        Ok((value, rest)) => Ok((value, input.len().saturating_sub(rest.len()))),
        Err(kind) => Err(DecodeError::new(kind, "varint", "")),
    }
}

/// The same, giving what is left of `input`; the caller knows the name of the field.
///
/// Tags, and most lengths and numbers, are of one byte.
#[inline]
pub(crate) fn read(input: &[u8]) -> Result<(u64, &[u8]), DecodeErrorKind> {
    match input.split_first() {
        Some((&byte, rest)) if byte < 0x80 => Ok((u64::from(byte), rest)),
        _ => read_long(input),
    }
}

fn read_long(input: &[u8]) -> Result<(u64, &[u8]), DecodeErrorKind> {
    let mut value = 0;
    let mut rest = input;
    for shift in (0_u32..).step_by(7).take(MAX_VARINT) {
        let Some((&byte, tail)) = rest.split_first() else {
            return Err(DecodeErrorKind::Truncated);
        };
        rest = tail;
        let group = u64::from(byte & 0x7f);
        // The tenth group has room for one bit.
        if shift == 63 && group > 1 {
            return Err(match byte & 0x80 {
                0 => DecodeErrorKind::VarintOverflow,
                _ => DecodeErrorKind::VarintTooLong,
            });
        }
        value |= group << shift;
        if byte & 0x80 == 0 {
            return Ok((value, rest));
        }
    }
    Err(DecodeErrorKind::VarintTooLong)
}

/// The lowest seven bits.
fn low_group(value: u64) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}
