//! Every row of `bitfield-rle.json`.

use crate::twin::{self, Decoded, encode, to_bytes};
use hyperfeed_bitfield::{Bitfield, allocated_bits};
use hyperfeed_testing_vectors::{hex, json};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Malformed input that upstream makes something of, and we refuse: the bit that tells the value of a run is past the
/// end of the string, so that upstream reads it as 0.
const REFUSED_HERE: [(&str, &str); 3] = [
    ("01080880", "the gap takes the whole string"),
    ("01ffff03ff0380", "the string ends within the gap"),
    ("01640180", "the string ends within the gap"),
];

#[test]
fn bitfields_are_coded_as_upstream_codes_them() {
    let vectors = json("bitfield-rle");
    let rows = vectors["encode"].as_array().unwrap();
    assert_eq!(rows.len(), 100);
    for row in rows {
        let (bits, coded) = (bits(&row["bits"]), hex(row["encoded"].as_str().unwrap()));
        assert_eq!(encode(&bits), coded, "{row}");
        assert_eq!(twin::slow_encode(&bits), coded, "{row}");
        assert_eq!(coded.len() as u64, row["encodingLength"], "{row}");
        assert_eq!(row["decodesToSame"], true, "{row}");
        assert_eq!(to_bytes(&coded, 1 << 30), Ok(bits), "{row}");
    }
}

#[test]
fn odd_input_is_read_as_upstream_reads_it_or_refused() {
    let vectors = json("bitfield-rle");
    let rows = vectors["decode"].as_array().unwrap();
    assert_eq!(rows.len(), 35);
    let mut refused = 0;
    for row in rows {
        let text = row["encoded"].as_str().unwrap();
        let ours = to_bytes(&hex(text), 1 << 30);
        if row.get("error").is_some() {
            assert!(ours.is_err(), "{row}: {ours:?}");
        } else if REFUSED_HERE.iter().any(|(coded, _)| *coded == text) {
            assert!(ours.is_err(), "{row}: {ours:?}");
            refused += 1;
        } else if let Some(hash) = row["bits"]["sha256"].as_str() {
            let ours = ours.unwrap();
            assert_eq!(ours.len() as u64, row["bits"]["length"], "{row}");
            assert_eq!(Sha256::digest(ours)[..], hex(hash), "{row}");
        } else {
            assert_eq!(ours, Ok(bits(&row["bits"])), "{row}");
        }
    }
    assert_eq!(refused, REFUSED_HERE.len());
}

#[test]
fn the_slow_twin_of_the_decoder_is_upstreams_twin() {
    for row in json("bitfield-rle")["decode"].as_array().unwrap() {
        let text = row["encoded"].as_str().unwrap();
        let twin = twin::slow_decode(&hex(text));
        if row.get("error").is_some() {
            assert_eq!(twin, Decoded::Refused, "{row}");
        } else if REFUSED_HERE.iter().any(|(coded, _)| *coded == text) {
            assert_eq!(twin, Decoded::PastTheEnd(bits(&row["bits"])), "{row}");
        } else if row["bits"].is_string() {
            assert_eq!(twin, Decoded::Bytes(bits(&row["bits"])), "{row}");
        }
    }
}

#[test]
fn buffers_grow_as_upstream_grows_them() {
    let vectors = json("bitfield-rle");
    let rows = vectors["growth"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        // One row starts with an empty buffer and says so in words.
        let initial = row["bits"].as_u64().unwrap_or(0).div_ceil(8);
        let (mut bits, mut highest) = (Bitfield::new(), None);
        for step in row["steps"].as_array().unwrap() {
            let bit = step["set"].as_u64().unwrap();
            let changed = bits.insert(bit);
            assert_eq!(step["changed"].as_bool().unwrap_or(true), changed, "{row}");
            assert!(!bits.insert(bit));
            highest = highest.max(Some(bit));
            let length = allocated_bits(initial, highest);
            assert_eq!(length, step["length"], "{row}");
            let buffer = twin::bytes_of(&bits, length);
            assert_eq!(buffer, hex(step["buffer"].as_str().unwrap()), "{row}");
        }
        if let Some(bit) = row["cleared"]["index"].as_u64() {
            assert_eq!(row["cleared"]["changed"], bits.remove(bit), "{row}");
            let buffer = twin::bytes_of(&bits, allocated_bits(initial, highest));
            assert_eq!(buffer, hex(row["cleared"]["buffer"].as_str().unwrap()));
            assert_eq!(row["beyond"], bits.get(1_000_000), "{row}");
        }
    }
}

#[test]
fn buffers_of_any_size_grow_and_never_past_all_numbers() {
    assert_eq!(allocated_bits(0, Some(0)), 8);
    assert_eq!(allocated_bits(2, Some(15)), 16);
    assert_eq!(allocated_bits(3, Some(24)), 48);
    assert_eq!(allocated_bits(4, Some((1 << 53) - 1)), 1 << 53);
    assert_eq!(allocated_bits(1, Some(u64::MAX)), u64::MAX);
    assert_eq!(allocated_bits(u64::MAX, None), u64::MAX);
}

/// Hex digits, or the description of a row too long to write out.
fn bits(value: &Value) -> Vec<u8> {
    if let Some(byte) = value["byte"].as_u64() {
        let times = value["times"].as_u64().unwrap();
        return vec![byte as u8; times as usize];
    }
    hex(value.as_str().unwrap())
}
