//! The types as their users see them.

use core::time::Duration;
use hyperfeed_types::{FeedKey, Hash, HexError, Instant, PeerId, PublicId, Signature, hex};

const TEXT: &str = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

#[test]
fn hex_goes_both_ways() {
    let bytes: Vec<u8> = (0..=255).collect();
    let text = hex::encode(&bytes);
    assert_eq!(text.len(), 512);
    assert_eq!(hex::decode(&text), Ok(bytes.clone()));
    assert_eq!(hex::decode(&text.to_uppercase()), Ok(bytes));
    assert_eq!(hex::decode(""), Ok(vec![]));
}

#[test]
fn bad_hex_says_where_and_why() {
    assert_eq!(hex::decode("abc"), Err(HexError::Odd { found: 3 }));
    assert_eq!(hex::decode("0g"), Err(HexError::Digit { at: 1 }));
    assert_eq!(hex::decode("00é"), Err(HexError::Digit { at: 2 }));
    assert_eq!(
        hex::decode_array::<2>("000"),
        Err(HexError::Length {
            expected: 4,
            found: 3
        })
    );
    assert_eq!(
        "x".repeat(64).parse::<Hash>(),
        Err(HexError::Digit { at: 0 })
    );
}

#[test]
fn values_print_and_read_their_hex() {
    assert_eq!(TEXT.parse::<Hash>().unwrap().to_string(), TEXT);
    assert_eq!(TEXT.parse::<PublicId>().unwrap().to_string(), TEXT);
    assert_eq!(
        TEXT.to_uppercase().parse::<PeerId>().unwrap().to_string(),
        TEXT
    );
    assert_eq!(Hash::from_slice(&[0; 31]), None);
    assert_eq!(Hash::from_slice(&[7; 32]), Some(Hash::new([7; 32])));
}

#[test]
fn debug_shows_no_feed_key() {
    let key: FeedKey = TEXT.parse().unwrap();
    assert!(!format!("{key:?} {:#?}", Some(key)).contains("8a"));
    assert_eq!(
        format!("{:?}", TEXT.parse::<Hash>().unwrap()),
        "Hash(8a88e3dd…)"
    );
    assert_eq!(
        format!("{:?}", Signature::new([0xab; 64])),
        "Signature(abababab…)"
    );
}

#[test]
fn signatures_have_any_length() {
    assert_eq!(Signature::new([1; 64]).len(), 64);
    assert!(Signature::new([0; 0]).is_empty());
    assert_eq!(Signature::new(vec![1, 2]).as_bytes(), [1, 2]);
}

#[test]
fn time_adds_up_and_stops_at_its_ends() {
    let later = Instant::from_millis(5) + Duration::from_micros(2_500);
    assert_eq!(later.as_millis(), 7);
    assert_eq!(
        later.saturating_since(Instant::from_millis(5)),
        Duration::from_millis(2)
    );
    assert_eq!(Instant::ZERO.saturating_since(later), Duration::ZERO);
    assert_eq!(
        Instant::from_millis(u64::MAX) + Duration::MAX,
        Instant::from_millis(u64::MAX)
    );
}
