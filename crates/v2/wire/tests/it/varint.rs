use hyperfeed_testing_vectors::json;
use hyperfeed_types::hex;
use hyperfeed_v2_wire::{DecodeErrorKind, varint};
use proptest::prelude::*;

#[test]
fn every_encode_vector_is_reproduced() {
    let vectors = json("varint");
    let rows = vectors["encode"].as_array().unwrap();
    assert!(rows.len() > 80);
    for row in rows {
        let value = row["value"].as_u64().unwrap();
        let bytes = hex::decode(row["bytes"].as_str().unwrap()).unwrap();
        let mut out = Vec::new();
        varint::encode(value, &mut out);
        assert_eq!(out, bytes, "{row}");
        assert_eq!(varint::encoded_len(value), bytes.len(), "{row}");
        assert_eq!(varint::decode(&bytes), Ok((value, bytes.len())), "{row}");
    }
}

#[test]
fn every_decode_vector_agrees_up_to_ten_bytes() {
    let vectors = json("varint");
    let mut refused = Vec::new();
    for row in vectors["decode"].as_array().unwrap() {
        let text = row["bytes"].as_str().unwrap();
        let got = varint::decode(&hex::decode(text).unwrap());
        match (row["value"].as_f64(), got) {
            // The vectors hold doubles; past 2^53 only the rounded value can be compared.
            (Some(value), Ok((number, len))) => {
                assert_eq!(number as f64, value, "{row}");
                assert_eq!(Some(len as u64), row["consumed"].as_u64(), "{row}");
            }
            (None, Err(error)) => assert_eq!(error.kind(), DecodeErrorKind::Truncated, "{row}"),
            (Some(_), Err(error)) => refused.push((text.to_owned(), error.kind())),
            (None, Ok(_)) => panic!("upstream refuses {row}"),
        }
    }
    // Spec section 6: stop at ten bytes. The only row where that shows:
    assert_eq!(
        refused,
        [(
            "ffffffffffffffffffff01".to_owned(),
            DecodeErrorKind::VarintTooLong
        )]
    );
}

#[test]
fn values_above_64_bits_are_refused() {
    let overflow = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02];
    let error = varint::decode(&overflow).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::VarintOverflow);
    assert_eq!(error.to_string(), "varint: varint does not fit 64 bits");
    let endless = [0x80; 200];
    let error = varint::decode(&endless).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::VarintTooLong);
    // Overlong zeros are fine as long as there are no more than ten bytes.
    let zero = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
    assert_eq!(varint::decode(&zero), Ok((0, 10)));
}

proptest! {
    #[test]
    fn what_is_written_is_read(value: u64, shift in 0_u32..64, tail: Vec<u8>) {
        let value = value >> shift;
        let mut out = Vec::new();
        varint::encode(value, &mut out);
        let len = out.len();
        prop_assert_eq!(len, varint::encoded_len(value));
        for cut in 0..len {
            let error = varint::decode(&out[..cut]).unwrap_err();
            prop_assert_eq!(error.kind(), DecodeErrorKind::Truncated);
        }
        out.extend(tail);
        prop_assert_eq!(varint::decode(&out), Ok((value, len)));
    }

    #[test]
    fn decoding_agrees_with_wide_arithmetic(bytes in prop::collection::vec(any::<u8>(), 0..14)) {
        let end = bytes.iter().position(|byte| byte & 0x80 == 0);
        let slow = end.filter(|&end| end < 10).map(|end| {
            let groups = bytes[..=end].iter().enumerate();
            groups.map(|(at, byte)| u128::from(byte & 0x7f) << (7 * at)).sum::<u128>()
        });
        match (varint::decode(&bytes), slow) {
            (Ok((value, len)), Some(slow)) => {
                prop_assert_eq!(u128::from(value), slow);
                prop_assert_eq!(Some(len - 1), end);
            }
            (Err(error), Some(slow)) => {
                prop_assert!(slow > u128::from(u64::MAX));
                prop_assert_eq!(error.kind(), DecodeErrorKind::VarintOverflow);
            }
            (Err(_), None) => {}
            (Ok(_), None) => prop_assert!(false, "accepted an endless varint"),
        }
    }
}
