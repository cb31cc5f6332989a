use ed25519_dalek::Signer;
use hyperfeed_testing_vectors::json;
use hyperfeed_types::{FeedKey, Hash, Signature, hex};
use hyperfeed_v2_crypto::{KeyPair, SecretKey, SecretKeyError, SignatureError, verify};
use proptest::prelude::*;
use serde_json::Value;

fn bytes(row: &Value, name: &str) -> Vec<u8> {
    hex::decode(row[name].as_str().unwrap()).unwrap()
}

#[test]
fn every_key_pair_and_signature_of_the_vectors_is_reproduced() {
    let vectors = json("keys");
    let mut hashes = 0;
    for row in vectors["pairs"].as_array().unwrap() {
        let seed: [u8; 32] = bytes(row, "seed").try_into().unwrap();
        let pair = KeyPair::from_seed(&seed);
        assert_eq!(pair.key().to_string(), row["publicKey"], "{row}");
        assert_eq!(pair.secret().to_bytes()[..], bytes(row, "secretKey"));
        let again = SecretKey::from_slice(&bytes(row, "secretKey")).unwrap();
        let again = KeyPair::from_secret(again);
        assert_eq!(again.key(), pair.key());
        for row in row["sign"].as_array().unwrap() {
            let message = bytes(row, "message");
            let signature = bytes(row, "signature");
            let Some(hash) = Hash::from_slice(&message) else {
                // We sign hashes only; that the library signs anything else alike is seen directly.
                let library = ed25519_dalek::SigningKey::from_bytes(&seed);
                assert_eq!(library.sign(&message).to_bytes()[..], signature, "{row}");
                continue;
            };
            hashes += 1;
            assert_eq!(pair.sign(&hash).as_bytes(), signature, "{row}");
            assert_eq!(again.sign(&hash).as_bytes(), signature, "{row}");
            let signature = Signature::new(signature);
            assert_eq!(verify(&pair.key(), &hash, &signature), Ok(()));
        }
    }
    assert!(hashes >= 6, "{hashes}");
}

#[test]
fn every_verification_of_the_vectors_ends_as_the_specification_asks() {
    let vectors = json("keys");
    for row in vectors["verify"].as_array().unwrap() {
        let hash = Hash::from_slice(&bytes(row, "message")).unwrap();
        let signature = Signature::new(bytes(row, "signature"));
        let found = signature.len();
        let name = row["name"].as_str().unwrap();
        let Some(key) = FeedKey::from_slice(&bytes(row, "publicKey")) else {
            assert_eq!(name, "key of 31 bytes", "no feed key has another length");
            continue;
        };
        let expected = match name {
            "valid" => Ok(()),
            // Upstream raises an error that nobody catches.
            "63 bytes" | "65 bytes" | "empty" => Err(SignatureError::Length { found }),
            // Upstream accepts it; nobody makes it. Spec section 3: be strict.
            "S plus the group order (not canonical)" => {
                assert_eq!(row["ok"], true);
                Err(SignatureError::Forged)
            }
            _ => {
                assert_eq!(row["ok"], false, "{row}");
                Err(SignatureError::Forged)
            }
        };
        let got = verify(&key, &hash, &signature);
        if name == "key changed" {
            // Half of all strings are no point at all.
            assert!(got.is_err(), "{row}");
        } else {
            assert_eq!(got, expected, "{row}");
        }
    }
}

/// The neutral point, y = 1: "verifies" anything with S = 0 and R = 1 in a lax verifier.
#[test]
fn a_key_of_small_order_verifies_nothing() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let signature = Signature::new(signature);
    let hash = Hash::new([7; 32]);
    let error = verify(&FeedKey::new(one), &hash, &signature).unwrap_err();
    assert_eq!(error, SignatureError::Forged);
    // The same point with y + p: no canonical form.
    let mut odd = [0xff; 32];
    odd[0] = 0xee;
    odd[31] = 0x7f;
    let error = verify(&FeedKey::new(odd), &hash, &signature).unwrap_err();
    assert_eq!(error, SignatureError::NotAPublicKey);
}

#[test]
fn the_key_of_a_static_feed_may_be_no_point_of_the_curve() {
    let pair = KeyPair::from_seed(&[1; 32]);
    let hash = Hash::new([7; 32]);
    let signature = pair.sign(&hash);
    let refused = (0_u8..32).filter(|&byte| {
        let key = FeedKey::new([byte.wrapping_mul(7).wrapping_add(2); 32]);
        match verify(&key, &hash, &signature).unwrap_err() {
            SignatureError::NotAPublicKey => true,
            error => {
                assert_eq!(error, SignatureError::Forged);
                false
            }
        }
    });
    assert!((8..24).contains(&refused.count()));
}

#[test]
fn halves_that_do_not_belong_together_are_no_secret_key() {
    let pair = KeyPair::from_seed(&[1; 32]);
    let mut bytes = **pair.secret().to_bytes();
    bytes[40] ^= 1;
    let error = SecretKey::from_slice(&bytes).unwrap_err();
    assert_eq!(error, SecretKeyError::Halves);
    bytes[40] ^= 1;
    bytes[3] ^= 1;
    let error = SecretKey::from_slice(&bytes).unwrap_err();
    assert_eq!(error, SecretKeyError::Halves);
    for found in [0, 32, 63, 65] {
        let error = SecretKey::from_slice(&[5; 70][..found]).unwrap_err();
        assert_eq!(error, SecretKeyError::Length { found });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_signature_verifies_for_its_hash_and_key_and_nothing_near(
        seed: [u8; 32], other: [u8; 32], hash: [u8; 32], at in 0_usize..128, bit in 0_u8..8,
    ) {
        let pair = KeyPair::from_seed(&seed);
        let hash = Hash::new(hash);
        let signature = pair.sign(&hash);
        prop_assert_eq!(verify(&pair.key(), &hash, &signature), Ok(()));
        prop_assume!(seed != other);
        let stranger = KeyPair::from_seed(&other).key();
        prop_assert!(verify(&stranger, &hash, &signature).is_err());

        let mut key = *pair.key().as_bytes();
        let mut message = *hash.as_bytes();
        let mut bytes = signature.as_bytes().to_vec();
        match at {
            0..32 => key[at] ^= 1 << bit,
            32..64 => message[at - 32] ^= 1 << bit,
            _ => bytes[at - 64] ^= 1 << bit,
        }
        let damaged = verify(&FeedKey::new(key), &Hash::new(message), &Signature::new(bytes));
        prop_assert!(damaged.is_err());
    }

    #[test]
    fn no_input_panics(key: [u8; 32], hash: [u8; 32], signature in prop::collection::vec(any::<u8>(), 0..70)) {
        let signature = Signature::new(signature);
        prop_assert!(verify(&FeedKey::new(key), &Hash::new(hash), &signature).is_err());
    }
}
