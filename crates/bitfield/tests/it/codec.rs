//! The coding against slow twins and against the crate `bitfield-rle`.

use crate::twin::{
    Decoded, TWIN_BITS, encode, from_bytes, slow_decode, slow_encode, to_bytes, varint,
};
use hyperfeed_bitfield::{Bitfield, rle};
use proptest::prelude::*;

/// Literal bytes and runs of any length, not only of whole bytes.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<bool>(), 0..40),
        (0_usize..7000, any::<bool>()).prop_map(|(len, bit)| vec![bit; len]),
        (0_usize..40, any::<bool>()).prop_map(|(len, bit)| vec![bit; len]),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| {
        let bits = pieces.concat();
        let byte = |bits: &[bool]| bits.iter().fold(0, |sum, bit| sum * 2 + u8::from(*bit));
        bits.chunks_exact(8).map(byte).collect()
    })
}

/// A list of small runs and a string of bits that need not fit it; numbers may have a needless zero at their end.
fn odd_input() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![0_u64..4, 0_u64..40, 0_u64..3000];
    let pair = (number.clone(), number, prop::bool::weighted(0.2));
    let pairs = prop::collection::vec(pair, 0..5);
    let string = prop::collection::vec(any::<u8>(), 0..10);
    (pairs, string, -1_i64..=1, prop::bool::weighted(0.2)).prop_map(
        |(pairs, string, off, is_exact)| {
            let mut coded = Vec::new();
            let off = if is_exact { off } else { 0 };
            varint((pairs.len() as i64 + off).max(0) as u64, &mut coded);
            for (gap, len, is_long) in pairs {
                varint(gap, &mut coded);
                varint(len, &mut coded);
                if is_long && let Some(last) = coded.last_mut() {
                    *last |= 128;
                    coded.push(0);
                }
            }
            [coded, string].concat()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn coding_equals_the_slow_twin_and_comes_back(bytes in bytes()) {
        let coded = encode(&bytes);
        prop_assert_eq!(&coded, &slow_encode(&bytes));
        prop_assert_eq!(to_bytes(&coded, 1 << 20), Ok(bytes));
    }

    #[test]
    fn a_range_is_coded_as_a_bitfield_of_its_own(bytes in bytes(), a in 0_usize..2000, b in 0_usize..2000) {
        let (from, to) = (a.min(b).min(bytes.len()), a.max(b).min(bytes.len()));
        let mut out = vec![7];
        rle::encode_from(&from_bytes(&bytes), from as u64 * 8..to as u64 * 8, &mut out);
        prop_assert_eq!(out.remove(0), 7, "what is in the buffer stays");
        prop_assert_eq!(out, encode(&bytes[from..to]));
    }

    #[test]
    fn odd_input_is_read_as_the_slow_twin_reads_it(coded in odd_input()) {
        // No equality that prints: the bits may be millions.
        match slow_decode(&coded) {
            Decoded::Bytes(bytes) => prop_assert!(to_bytes(&coded, 2 * TWIN_BITS) == Ok(bytes)),
            Decoded::PastTheEnd(_) | Decoded::Refused => prop_assert!(to_bytes(&coded, 2 * TWIN_BITS).is_err()),
            Decoded::TooLong => prop_assert!(to_bytes(&coded, TWIN_BITS / 2).is_err()),
        }
    }

    #[test]
    fn damage_to_good_input_is_read_as_the_slow_twin_reads_it(bytes in bytes(), at in any::<prop::sample::Index>(), flip in 1_u8..=255) {
        let mut coded = encode(&bytes);
        let at = at.index(coded.len());
        coded[at] ^= flip;
        // Larger claims would keep the twin busy; refusing them has tests of its own.
        if let Ok(runs) = rle::decode(&coded, 1 << 20) {
            prop_assert_eq!(Decoded::Bytes(to_bytes(&coded, runs.len_bits()).unwrap()), slow_decode(&coded));
        }
    }

    #[test]
    fn both_codecs_bring_back_what_they_coded(bytes in bytes()) {
        // The crate bitfield-rle speaks a later format: the codings differ, the round trips agree.
        let theirs = bitfield_rle::decode(bitfield_rle::encode(&bytes)).unwrap();
        prop_assert_eq!(theirs, to_bytes(&encode(&bytes), 1 << 20).unwrap());
    }
}

#[test]
fn ends_of_a_range_are_rounded_outwards() {
    let bits = from_bytes(&[0b1010_0101, 0b1100_0011, 0xf0]);
    let mut out = Vec::new();
    rle::encode_from(&bits, 9..10, &mut out);
    assert_eq!(out, [0, 0b1100_0011]);
}

#[test]
fn a_range_without_bits_is_an_empty_bitfield() {
    for (start, end) in [(0, 0), (16, 16), (64, 8), (u64::MAX, u64::MAX)] {
        let mut out = Vec::new();
        rle::encode_from(&Bitfield::new(), start..end, &mut out);
        assert_eq!(out, [0]);
        assert_eq!(rle::decode(&out, 0).unwrap().count(), 0);
    }
}

#[test]
fn lengths_up_to_all_numbers_are_coded_and_read() {
    let mut bits = Bitfield::new();
    bits.insert_range(1 << 40..1 << 62);
    for len in [1 << 41, 1 << 53, 1 << 63, !7, u64::MAX] {
        let mut out = Vec::new();
        rle::encode(&bits, len, &mut out);
        let runs = rle::decode(&out, u64::MAX).unwrap();
        assert_eq!(runs.len_bits(), len & !7);
        let set: Vec<_> = runs.filter(|run| run.value).collect();
        assert_eq!(set.len(), 1);
        assert_eq!(set[0].range(), 1 << 40..(1 << 62).min(len & !7));
    }
}

#[test]
fn the_shortest_listed_run_grows_with_the_bytes_of_its_gap_and_length() {
    for gap in [0, 1, 126, 127, 128, 129, 255, 256, 16_383, 16_384, 16_385] {
        for len in (16..40).chain([126, 127, 128, 129, 255, 256, 16_383, 16_384]) {
            // Literal bits, the run, and one bit of the other value after it.
            let mut bits: Vec<bool> = (0..gap).map(|bit| (gap - bit) % 2 == 0).collect();
            bits.extend(std::iter::repeat_n(true, len).chain([false]));
            bits.resize(bits.len().next_multiple_of(8), false);
            if gap > 0 {
                // The last bit of the gap is not of the run.
                assert!(!bits[gap - 1] && bits[gap]);
            }
            let bytes: Vec<u8> = bits
                .chunks(8)
                .map(|byte| byte.iter().fold(0, |sum, bit| sum * 2 + u8::from(*bit)))
                .collect();
            assert_eq!(
                encode(&bytes),
                slow_encode(&bytes),
                "gap {gap}, length {len}"
            );
            let is_listed = encode(&bytes)[0] > 0;
            let varint_len = |n: usize| {
                if n < 128 {
                    1
                } else if n < 16_384 {
                    2
                } else {
                    3
                }
            };
            assert_eq!(is_listed, len > 8 * (varint_len(gap) + varint_len(len)) + 1);
        }
    }
}
