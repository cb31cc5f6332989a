use core::fmt;

/// Why a box was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The tag is not the one of this ciphertext under this key and nonce.
    Forged,
    /// Shorter than a tag.
    TooShort,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forged => "box does not open with this key and nonce",
            Self::TooShort => "box is shorter than its tag",
        })
    }
}

impl core::error::Error for OpenError {}
