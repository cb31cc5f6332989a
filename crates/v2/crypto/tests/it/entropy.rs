use std::collections::HashSet;

use chacha20::{
    ChaCha20,
    cipher::{KeyIvInit, StreamCipher},
};
use hyperfeed_v2_crypto::Entropy;

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let draw = |seed: u8| {
        let mut entropy = Entropy::from_seed([seed; 32]);
        let mut bytes = [0x55; 100];
        entropy.fill(&mut bytes);
        let number = entropy.next_u64();
        let child = entropy.fork().next_u64();
        (bytes, number, child, entropy.next_u64())
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1).0, draw(2).0);
}

/// ChaCha20 of RFC 8439 with a zero key and nonce, first block: bytes 32 to 63 are the first handed out.
#[test]
fn the_bytes_are_those_of_the_cipher() {
    let mut bytes = [0xaa; 32];
    Entropy::from_seed([0; 32]).fill(&mut bytes);
    let expected = "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586";
    assert_eq!(hyperfeed_types::hex::encode(&bytes), expected);
}

/// The slow twin: of each call's stream the first 32 bytes are the next key, the rest is handed out.
#[test]
fn every_call_takes_a_key_from_the_one_before() {
    let mut entropy = Entropy::from_seed([9; 32]);
    let mut key = [9; 32];
    for len in [1, 24, 32, 33, 1000, 8] {
        let mut stream = vec![0; 32 + len];
        ChaCha20::new(&key.into(), &[0; 12].into()).apply_keystream(&mut stream);
        key.copy_from_slice(&stream[..32]);
        let mut bytes = vec![0x77; len];
        entropy.fill(&mut bytes);
        assert_eq!(bytes, stream[32..], "{len}");
    }
}

#[test]
fn no_draw_and_no_fork_repeats_another() {
    let mut entropy = Entropy::from_seed([3; 32]);
    let mut seen = HashSet::new();
    for _ in 0..500 {
        let mut fork = entropy.fork();
        for source in [&mut entropy, &mut fork] {
            let mut nonce = [0; 24];
            source.fill(&mut nonce);
            assert!(seen.insert(nonce));
            assert!(source.next_u64() != source.next_u64());
        }
    }
    entropy.fill(&mut []);
}
