//! Text of keys, and the cipher.

use crate::input::Input;
use hyperfeed_types::{FeedKey, hex as coded};
use hyperfeed_v2_crypto::{KeyPair, Nonce, SecretKey, secretbox};

/// Digits give bytes that give the same digits, in lower case; a key has exactly 64 of them.
pub(crate) fn hex(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let decoded = coded::decode(&text);
    if let Ok(bytes) = &decoded {
        assert_eq!(coded::encode(bytes), text.to_ascii_lowercase());
    }
    let key = text.parse::<FeedKey>();
    assert_eq!(
        key.is_ok(),
        decoded.as_ref().is_ok_and(|bytes| bytes.len() == 32)
    );
    if let Ok(key) = key {
        assert_eq!(key.as_bytes().as_slice(), decoded.expect("it is digits"));
    }
    if let Ok(secret) = SecretKey::from_slice(data) {
        assert_eq!(secret.to_bytes().as_slice(), data);
        let pair = KeyPair::from_secret(secret);
        let hash = hyperfeed_v2_feed::leaf_hash(data);
        let signature = pair.sign(&hash);
        hyperfeed_v2_crypto::verify(&pair.key(), &hash, &signature).expect("its own signature");
    }
}

/// Both implementations make the same box, open each other's, and open none that was touched.
pub(crate) fn secretbox(data: &[u8]) {
    let mut input = Input::new(data);
    let mut key = [0; 32];
    key.iter_mut().for_each(|byte| *byte = input.byte());
    let mut nonce = [0; Nonce::LEN];
    nonce.iter_mut().for_each(|byte| *byte = input.byte());
    let (key, nonce) = (FeedKey::new(key), Nonce::new(nonce));
    let flip = usize::from(input.byte()) << 8 | usize::from(input.byte());
    let plain = input.rest();
    let mut boxed = vec![0; secretbox::TAG_LEN];
    boxed.extend_from_slice(plain);
    let mut other = boxed.clone();
    secretbox::seal(&key, &nonce, &mut boxed);
    secretbox::portable::seal(&key, &nonce, &mut other);
    assert_eq!(boxed, other);
    let mut touched = boxed.clone();
    let bit = flip % (touched.len() * 8);
    touched[bit / 8] ^= 1 << (bit % 8);
    let before = touched.clone();
    assert!(secretbox::open(&key, &nonce, &mut touched).is_err());
    assert!(secretbox::portable::open(&key, &nonce, &mut touched).is_err());
    assert_eq!(
        touched, before,
        "a box that does not open is left as it was"
    );
    let opened = secretbox::open(&key, &nonce, &mut boxed).expect("a box of the other one");
    assert_eq!(opened, plain);
    let opened =
        secretbox::portable::open(&key, &nonce, &mut other).expect("a box of the other one");
    assert_eq!(opened, plain);
    // What is no box at all.
    let mut raw = plain.to_vec();
    let mut same = plain.to_vec();
    assert_eq!(
        secretbox::open(&key, &nonce, &mut raw).is_ok(),
        secretbox::portable::open(&key, &nonce, &mut same).is_ok()
    );
}
