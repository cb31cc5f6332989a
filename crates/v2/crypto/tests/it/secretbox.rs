use dryoc::classic::crypto_secretbox::crypto_secretbox_easy;
use hyperfeed_testing_vectors::json;
use hyperfeed_types::{FeedKey, hex};
use hyperfeed_v2_crypto::{
    Nonce,
    secretbox::{self, OpenError, TAG_LEN, portable},
};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;
use sha2::{Digest, Sha256};

type Seal = fn(&FeedKey, &Nonce, &mut [u8]);
type Open = for<'a> fn(&FeedKey, &Nonce, &'a mut [u8]) -> Result<&'a mut [u8], OpenError>;

/// The one behind `secretbox::seal` depends on the feature; both must pass everything.
const IMPLEMENTATIONS: [(Seal, Open); 2] = [
    (portable::seal, portable::open),
    (secretbox::seal, secretbox::open),
];

fn key(row: &Value) -> FeedKey {
    row["key"].as_str().unwrap().parse().unwrap()
}

fn nonce(row: &Value, name: &str) -> Nonce {
    Nonce::new(hex::decode_array(row[name].as_str().unwrap()).unwrap())
}

fn boxed(seal: Seal, key: &FeedKey, nonce: &Nonce, plain: &[u8]) -> Vec<u8> {
    // What is in the room for the tag must not matter.
    let mut buf = vec![0x99; TAG_LEN];
    buf.extend(plain);
    seal(key, nonce, &mut buf);
    buf
}

#[test]
fn every_box_of_the_vectors_is_reproduced_and_opens() {
    let vectors = json("secretbox");
    let rows = vectors["boxes"].as_array().unwrap();
    assert_eq!(rows.len(), 84);
    for row in rows {
        let plain = hex::decode(row["plaintext"].as_str().unwrap()).unwrap();
        let (key, mut nonce_now) = (key(row), nonce(row, "nonce"));
        for (seal, open) in IMPLEMENTATIONS {
            let mut buf = boxed(seal, &key, &nonce_now, &plain);
            assert_eq!(hex::encode(&buf), row["ciphertext"], "{row}");
            let start = buf.as_ptr();
            let text = open(&key, &nonce_now, &mut buf).unwrap();
            assert_eq!(text, plain, "{row}");
            assert_eq!(text.as_ptr(), start.wrapping_add(TAG_LEN), "not in place");
            assert_eq!(buf[TAG_LEN..], plain);
        }
        nonce_now.increment();
        assert_eq!(nonce_now, nonce(row, "nextNonce"), "{row}");
    }
}

#[test]
fn every_big_box_of_the_vectors_is_reproduced() {
    let vectors = json("secretbox");
    let rows = vectors["big"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!(row["plaintext"], "pattern");
        let size = row["size"].as_u64().unwrap() as usize;
        let pattern = (0..size).map(|i| ((i * 31 + 7 + (i >> 8)) & 255) as u8);
        let plain: Vec<u8> = pattern.collect();
        for (seal, open) in IMPLEMENTATIONS {
            let mut buf = boxed(seal, &key(row), &nonce(row, "nonce"), &plain);
            let digest: [u8; 32] = Sha256::digest(&buf).into();
            assert_eq!(hex::encode(&digest), row["ciphertextSha256"], "{size}");
            assert_eq!(
                open(&key(row), &nonce(row, "nonce"), &mut buf).unwrap(),
                plain
            );
        }
    }
}

#[test]
fn every_open_row_of_the_vectors_agrees_and_a_failure_leaves_the_box_alone() {
    let vectors = json("secretbox");
    for row in vectors["open"].as_array().unwrap() {
        let boxed = hex::decode(row["ciphertext"].as_str().unwrap()).unwrap();
        let plain = row["plaintext"]
            .as_str()
            .map(|text| hex::decode(text).unwrap());
        for (_, open) in IMPLEMENTATIONS {
            let mut buf = boxed.clone();
            let result = open(&key(row), &nonce(row, "nonce"), &mut buf);
            let result = result.map(|text| text.to_vec());
            match &plain {
                Some(plain) => assert_eq!(result.as_ref(), Ok(plain), "{row}"),
                None => {
                    let error = match boxed.len() {
                        0..TAG_LEN => OpenError::TooShort,
                        _ => OpenError::Forged,
                    };
                    assert_eq!(result, Err(error), "{row}");
                    assert_eq!(buf, boxed, "{row}");
                }
            }
        }
    }
}

#[test]
fn nonces_count_as_in_the_vectors() {
    let vectors = json("secretbox");
    let texts = vectors["nonceSequences"].as_array().unwrap();
    let all: Vec<Nonce> = texts
        .iter()
        .map(|text| Nonce::new(hex::decode_array(text.as_str().unwrap()).unwrap()))
        .collect();
    // The file holds two runs, one after the other.
    let mut steps = 0;
    for pair in all.windows(2) {
        let mut next = pair[0].clone();
        next.increment();
        steps += usize::from(next == pair[1]);
    }
    assert_eq!((all.len(), steps), (10, 8));
    let mut last = Nonce::new([0xff; 24]);
    last.increment();
    assert_eq!(last, Nonce::new([0; 24]));
}

#[test]
fn a_buffer_without_room_for_a_tag_is_wiped_and_never_opens() {
    let (key, nonce) = (FeedKey::new([1; 32]), Nonce::new([2; 24]));
    for (seal, open) in IMPLEMENTATIONS {
        for len in 0..TAG_LEN {
            let mut buf = vec![7; len];
            assert_eq!(open(&key, &nonce, &mut buf), Err(OpenError::TooShort));
            assert_eq!(buf, vec![7; len]);
            seal(&key, &nonce, &mut buf);
            assert_eq!(buf, vec![0; len]);
        }
    }
}

#[test]
fn a_change_of_any_byte_is_refused_and_leaves_the_box_alone() {
    let (key, nonce) = (FeedKey::new([1; 32]), Nonce::new([2; 24]));
    for (seal, open) in IMPLEMENTATIONS {
        let good = boxed(seal, &key, &nonce, &[3; 200]);
        for at in 0..good.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                let damaged = bad.clone();
                assert_eq!(open(&key, &nonce, &mut bad), Err(OpenError::Forged), "{at}");
                assert_eq!(bad, damaged);
            }
        }
        for len in 0..good.len() {
            assert!(open(&key, &nonce, &mut good[..len].to_vec()).is_err());
        }
        let mut longer = good.clone();
        longer.push(0);
        assert!(open(&key, &nonce, &mut longer).is_err());
        let other = FeedKey::new([9; 32]);
        assert!(open(&other, &nonce, &mut good.clone()).is_err());
    }
}

proptest! {
    #[test]
    fn both_implementations_agree_with_the_library_at_any_size(
        key: [u8; 32], nonce: [u8; 24], plain in vec(any::<u8>(), 0..5000),
    ) {
        let mut expected = vec![0; TAG_LEN + plain.len()];
        crypto_secretbox_easy(&mut expected, &plain, &nonce, &key).unwrap();
        let (key, nonce) = (FeedKey::new(key), Nonce::new(nonce));
        for (seal, _) in IMPLEMENTATIONS {
            let sealed = boxed(seal, &key, &nonce, &plain);
            prop_assert_eq!(&sealed, &expected);
            for (_, open) in IMPLEMENTATIONS {
                let mut buf = sealed.clone();
                prop_assert_eq!(open(&key, &nonce, &mut buf), Ok(&mut plain.clone()[..]));
                prop_assert_eq!(&buf[TAG_LEN..], &plain[..]);
            }
        }
    }

    #[test]
    fn damage_at_any_size_is_refused(
        key: [u8; 32], nonce: [u8; 24], plain in vec(any::<u8>(), 0..3000),
        at: prop::sample::Index, flip in 1_u8..=255,
    ) {
        let (key, nonce) = (FeedKey::new(key), Nonce::new(nonce));
        for (seal, open) in IMPLEMENTATIONS {
            let mut bad = boxed(seal, &key, &nonce, &plain);
            let at = at.index(bad.len());
            bad[at] ^= flip;
            let damaged = bad.clone();
            prop_assert_eq!(open(&key, &nonce, &mut bad), Err(OpenError::Forged));
            prop_assert_eq!(bad, damaged);
        }
    }
}
