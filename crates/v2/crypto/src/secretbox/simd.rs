use dryoc::classic::crypto_secretbox::{
    crypto_secretbox_easy_inplace, crypto_secretbox_open_easy_inplace,
};
use hyperfeed_types::FeedKey;

use super::{OpenError, TAG_LEN};
use crate::Nonce;

/// Encrypts in place: `buf` is room for the tag followed by the plaintext, and becomes the box.
///
/// The first [`TAG_LEN`] bytes of `buf` may be anything. A shorter `buf` holds no message at all; it is
/// filled with zeros, so that a mistake cannot send plaintext.
pub fn seal(key: &FeedKey, nonce: &Nonce, buf: &mut [u8]) {
    if buf.len() < TAG_LEN {
        buf.fill(0);
        return;
    }
    // The library wants the room at the end and moves the text back by itself.
    buf.rotate_left(TAG_LEN);
    if crypto_secretbox_easy_inplace(buf, nonce.as_bytes(), key.as_bytes()).is_err() {
        // Fails for a buffer shorter than a tag only, but must never leave plaintext.
        buf.fill(0);
    }
}

/// Decrypts in place and returns the plaintext, which lies behind the first [`TAG_LEN`] bytes of
/// `boxed`.
///
/// The tag is compared in constant time, and before anything is decrypted.
///
/// # Errors
/// The box is too short or its tag is wrong. `boxed` is then as it was.
pub fn open<'a>(
    key: &FeedKey,
    nonce: &Nonce,
    boxed: &'a mut [u8],
) -> Result<&'a mut [u8], OpenError> {
    if boxed.len() < TAG_LEN {
        return Err(OpenError::TooShort);
    }
    crypto_secretbox_open_easy_inplace(boxed, nonce.as_bytes(), key.as_bytes())
        .map_err(|_| OpenError::Forged)?;
    // The library has moved the text to the front.
    boxed.rotate_right(TAG_LEN);
    boxed.get_mut(TAG_LEN..).ok_or(OpenError::TooShort)
}
