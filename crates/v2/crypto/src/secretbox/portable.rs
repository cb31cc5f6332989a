//! The implementation without vector instructions: salsa20 and poly1305.

use hyperfeed_types::FeedKey;
use poly1305::{Poly1305, universal_hash::KeyInit};
use salsa20::{
    XSalsa20,
    cipher::{KeyIvInit, StreamCipher},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{OpenError, TAG_LEN};
use crate::Nonce;

/// Encrypts in place: `buf` is room for the tag followed by the plaintext, and becomes the box.
///
/// The first [`TAG_LEN`] bytes of `buf` may be anything. A shorter `buf` holds no message at all; it is
/// filled with zeros, so that a mistake cannot send plaintext.
pub fn seal(key: &FeedKey, nonce: &Nonce, buf: &mut [u8]) {
    let Some((tag, text)) = buf.split_first_chunk_mut::<TAG_LEN>() else {
        buf.fill(0);
        return;
    };
    let (mut stream, mac) = start(key, nonce);
    stream.apply_keystream(text);
    *tag = mac.compute_unpadded(text).into();
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
    let (tag, text) = boxed
        .split_first_chunk_mut::<TAG_LEN>()
        .ok_or(OpenError::TooShort)?;
    let (mut stream, mac) = start(key, nonce);
    let computed = Zeroizing::new(<[u8; TAG_LEN]>::from(mac.compute_unpadded(text)));
    if !bool::from(computed.ct_eq(tag)) {
        return Err(OpenError::Forged);
    }
    stream.apply_keystream(text);
    Ok(text)
}

/// The key stream from its 32nd byte on; those before it are the key of the tag.
fn start(key: &FeedKey, nonce: &Nonce) -> (XSalsa20, Poly1305) {
    let mut stream = XSalsa20::new(key.as_bytes().into(), nonce.as_bytes().into());
    let mut tag_key = Zeroizing::new([0; 32]);
    stream.apply_keystream(tag_key.as_mut_slice());
    let mac = Poly1305::new((&*tag_key).into());
    (stream, mac)
}
