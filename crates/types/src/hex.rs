//! Lower-case hex out, either case in.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Why a text is not the hex that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HexError {
    /// A character that is no hex digit.
    Digit {
        /// Its byte offset in the text.
        at: usize,
    },
    /// Digits for another number of bytes.
    Length {
        /// Digits that were expected.
        expected: usize,
        /// Bytes of text that were found.
        found: usize,
    },
    /// An odd number of digits.
    Odd {
        /// Bytes of text that were found.
        found: usize,
    },
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digit { at } => write!(f, "no hex digit at offset {at}"),
            Self::Length { expected, found } => {
                write!(f, "expected {expected} hex digits, found {found}")
            }
            Self::Odd { found } => {
                write!(f, "expected an even number of hex digits, found {found}")
            }
        }
    }
}

impl core::error::Error for HexError {}

/// Two lower-case digits a byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

/// The bytes of a text of digits.
///
/// # Errors
/// An odd number of digits, or a character that is none.
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    if !text.len().is_multiple_of(2) {
        return Err(HexError::Odd { found: text.len() });
    }
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for (pair, at) in text.as_bytes().chunks_exact(2).zip((0..).step_by(2)) {
        let [high, low] = pair else { continue };
        bytes.push(nibble(*high, at)? << 4 | nibble(*low, at + 1)?);
    }
    Ok(bytes)
}

/// Exactly `N` bytes.
///
/// # Errors
/// Another number of digits, or a character that is none.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let expected = N.saturating_mul(2);
    if text.len() != expected {
        return Err(HexError::Length {
            expected,
            found: text.len(),
        });
    }
    let bytes = decode(text)?;
    bytes.try_into().map_err(|_| HexError::Length {
        expected,
        found: text.len(),
    })
}

/// The first bytes of a long value, for debug output.
pub(crate) fn short(bytes: &[u8]) -> String {
    let mut text = encode(bytes.get(..4).unwrap_or(bytes));
    if bytes.len() > 4 {
        text.push('…');
    }
    text
}

fn nibble(digit: u8, at: usize) -> Result<u8, HexError> {
    let value = char::from(digit)
        .to_digit(16)
        .ok_or(HexError::Digit { at })?;
    u8::try_from(value).map_err(|_| HexError::Digit { at })
}
