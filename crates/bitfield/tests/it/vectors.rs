//! Every row of `bitfield-rle.json`.

use crate::codec::{encode, to_bytes};
use hyperfeed_bitfield::allocated_bits;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn vectors() -> Value {
    serde_json::from_str(include_str!(
        "../../../testing/vectors/gen2/bitfield-rle.json"
    ))
    .unwrap()
}

/// Hex digits, or the description of a pattern too long to write out.
fn hex(value: &Value) -> Vec<u8> {
    if let Some(byte) = value["byte"].as_u64() {
        let times = usize::try_from(value["times"].as_u64().unwrap()).unwrap();
        return vec![u8::try_from(byte).unwrap(); times];
    }
    let text = value.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Malformed input that upstream takes for something: its bits end before a run is reached. Refused here.
const REFUSED_HERE: &[&str] = &["01080880", "01ffff03ff0380", "01640180"];

#[test]
fn bitfields_are_coded_as_upstream_codes_them() {
    let vectors = vectors();
    let rows = vectors["encode"].as_array().unwrap();
    assert_eq!(rows.len(), 100);
    for row in rows {
        let (bits, coded) = (hex(&row["bits"]), hex(&row["encoded"]));
        assert_eq!(encode(&bits), coded, "{row}");
        if row["decodesToSame"] == true {
            assert_eq!(to_bytes(&coded, 1 << 30), Ok(bits), "{row}");
        }
    }
}

#[test]
fn odd_input_is_read_as_upstream_reads_it_or_refused() {
    let vectors = vectors();
    let rows = vectors["decode"].as_array().unwrap();
    assert_eq!(rows.len(), 35);
    for row in rows {
        let text = row["encoded"].as_str().unwrap();
        let ours = to_bytes(&hex(&row["encoded"]), 1 << 30);
        if let Some(hash) = row["bits"]["sha256"].as_str() {
            let hashed: String = Sha256::digest(ours.unwrap())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(hashed, hash, "{row}");
        } else if row.get("error").is_some() || REFUSED_HERE.contains(&text) {
            assert!(ours.is_err(), "{row}: {ours:?}");
        } else {
            assert_eq!(ours, Ok(hex(&row["bits"])), "{row}");
        }
    }
}

#[test]
fn buffers_grow_as_upstream_grows_them() {
    let vectors = vectors();
    let rows = vectors["growth"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        let initial = row["bits"].as_u64().unwrap_or(0).div_ceil(8);
        let mut highest = None;
        for step in row["steps"].as_array().unwrap() {
            highest = highest.max(step["set"].as_u64());
            assert_eq!(
                allocated_bits(initial, highest),
                step["length"].as_u64().unwrap(),
                "{row}"
            );
        }
    }
}
