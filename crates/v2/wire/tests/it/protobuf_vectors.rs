use hyperfeed_testing_vectors::json;
use hyperfeed_types::hex;
use hyperfeed_v2_wire::DecodeErrorKind::{self, *};
use serde_json::Value;

use crate::tree_of_json::{decode, encode};

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

#[test]
fn every_encode_row_gives_the_same_bytes_and_reads_back() {
    let vectors = json("protobuf");
    let mut unsayable = Vec::new();
    for row in vectors["encode"].as_array().unwrap() {
        let message = text(row, "message");
        let Some(out) = encode(message, &row["value"]) else {
            unsayable.push(format!("{message} {}", row["value"]));
            // Upstream refuses it as well, or it is the node without a hash below.
            let empty_hash = row["bytes"] == "080210011a00";
            assert!(row["error"].is_string() || empty_hash, "{row}");
            continue;
        };
        assert_eq!(hex::encode(&out), text(row, "bytes"), "{row}");
        assert_eq!(decode(message, &out).unwrap(), row["decoded"], "{row}");
    }
    assert_eq!(unsayable.len(), 11, "{unsayable:#?}");
    // A hash always has 32 bytes.
    let error = decode("Node", &hex::decode("080210011a00").unwrap()).unwrap_err();
    let (expected, found) = (32, 0);
    assert_eq!(error.kind(), WrongLength { expected, found });
}

/// Rows that upstream accepts and we refuse, with the verdict of spec section 7.
const STRICTER: &[(&str, DecodeErrorKind)] = &[
    // better: refuse all truncation
    ("unknown bytes field longer than the message", Truncated),
    ("unknown 64 bit field cut short", Truncated),
    (
        "bytes field claims more than there is (shortened)",
        Truncated,
    ),
    ("extension text cut short", Truncated),
    ("bool byte missing", Truncated),
    // tolerate or refuse, no peer sends it: read as its wire type says, it is cut short too
    (
        "known field with the wrong wire type (read as a varint anyway)",
        Truncated,
    ),
    // better: stop at ten bytes (section 6)
    ("eleven byte varint", VarintTooLong),
    // lengths are wrong: the frame is ignored (section 14.2)
    (
        "empty fields",
        WrongLength {
            expected: 32,
            found: 0,
        },
    ),
];

#[test]
fn every_decode_row_agrees_or_is_stricter_as_the_specification_asks() {
    let vectors = json("protobuf");
    let mut stricter = Vec::new();
    for row in vectors["decode"].as_array().unwrap() {
        let bytes = hex::decode(text(row, "bytes")).unwrap();
        let note = text(row, "note");
        let upstream = row["error"].as_str();
        match (decode(text(row, "message"), &bytes), upstream) {
            (Ok(got), None) => assert!(same(&got, &row["decoded"]), "{row} {got}"),
            (Err(error), None) => stricter.push((note.to_owned(), error.kind())),
            (Err(error), Some(upstream)) => match upstream {
                // There the data field itself has a wrong wire type, which comes first.
                _ if note == "data swallows a tag" => assert_eq!(error.kind(), WrongWireType),
                "Groups are not supported" => assert_eq!(error.kind(), Group, "{row}"),
                "Unknown wire type: 6" => assert_eq!(error.kind(), UnknownWireType(6), "{row}"),
                "Unknown wire type: 7" => assert_eq!(error.kind(), UnknownWireType(7), "{row}"),
                "Could not decode varint" => assert_eq!(error.kind(), Truncated, "{row}"),
                "Decoded message is not valid" => {
                    assert!(matches!(error.kind(), Missing | Truncated), "{row} {error}");
                }
                other => panic!("no such error: {other}"),
            },
            (Ok(got), Some(_)) => panic!("upstream refuses {row}, we read {got}"),
        }
    }
    let mut expected: Vec<_> = STRICTER
        .iter()
        .map(|&(note, kind)| (note.to_owned(), kind))
        .collect();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    stricter.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(stricter, expected);
}

/// Equal, numbers past 2^53 up to the rounding of doubles.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
