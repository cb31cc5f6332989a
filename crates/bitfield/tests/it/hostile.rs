//! Coded bitfields made to hurt: few bytes that claim much, cut off, or out of range.

use crate::twin::{encode, varint};
use hyperfeed_bitfield::rle::{self, DecodeError};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Generous: the inputs below are read in well under a millisecond.
const AT_ONCE: Duration = Duration::from_secs(1);

fn coded(runs: &[(u64, u64)], string: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(runs.len() as u64, &mut out);
    for (gap, len) in runs {
        varint(*gap, &mut out);
        varint(*len, &mut out);
    }
    out.extend(string);
    out
}

#[test]
fn a_few_bytes_that_claim_2_to_the_60_bits_are_refused() {
    let bomb = coded(&[(0, 1 << 60)], &[0xff]);
    assert!(bomb.len() < 16);
    let max_bits = 1 << 53;
    assert_eq!(
        rle::decode(&bomb, max_bits).unwrap_err(),
        DecodeError::TooLong { max_bits }
    );
}

#[test]
fn what_is_within_the_limit_is_one_run_however_long() {
    let start = Instant::now();
    let runs = rle::decode(&coded(&[(0, 1 << 60)], &[0xff]), 1 << 61).map(Iterator::collect);
    let runs: Vec<_> = runs.unwrap();
    assert_eq!((runs[0].len, runs[0].value), (1 << 60, true));
    // The string has 7 bits more, which the cut to whole bytes drops.
    assert_eq!(runs.len(), 1);
    assert!(start.elapsed() < AT_ONCE);
}

#[test]
fn the_limit_counts_whole_bytes() {
    let ones = coded(&[(0, 96)], &[0x87, 0xff]);
    assert_eq!(rle::decode(&ones, 104).unwrap().len_bits(), 104);
    assert!(rle::decode(&ones, 103).is_err());
    assert_eq!(rle::decode(&[0], 0).unwrap().len_bits(), 0);
    // 7 bits are left over and cut, so that nothing remains to be limited.
    assert_eq!(
        rle::decode(&coded(&[(0, 0)], &[0]), 0).unwrap().len_bits(),
        0
    );
}

#[test]
fn runs_that_add_up_past_64_bits_are_refused() {
    let max_bits = u64::MAX;
    for runs in [
        [(0, u64::MAX), (0, u64::MAX)],
        [(0, u64::MAX), (1, 0)],
        [(0, u64::MAX), (u64::MAX, 1)],
        [(0, 1 << 63), (0, 1 << 63)],
    ] {
        let refused = rle::decode(&coded(&runs, &[0xff; 9]), max_bits).unwrap_err();
        assert_eq!(refused, DecodeError::TooLong { max_bits });
    }
    // Here the literal bits are what does not fit.
    let refused = rle::decode(&coded(&[(0, u64::MAX)], &[0xff; 9]), max_bits).unwrap_err();
    assert_eq!(refused, DecodeError::TooLong { max_bits });
}

#[test]
fn gaps_that_the_bits_do_not_fill_name_the_run() {
    for (runs, run) in [
        (&[(8, 8)][..], 0),
        (&[(7, 8), (0, 1)], 1),
        (&[(0, 1), (0, 1), (6, 1)], 2),
        (&[(u64::MAX, 0)], 0),
        (&[(0, 0), (u64::MAX - 1, 1)], 1),
    ] {
        let refused = rle::decode(&coded(runs, &[0xff]), u64::MAX).unwrap_err();
        assert_eq!(refused, DecodeError::MissingBits { run }, "{runs:?}");
    }
}

#[test]
fn a_list_of_runs_longer_than_the_input_is_refused_without_reading_it() {
    for count in [1, 3, 1 << 20, u64::MAX] {
        let mut input = Vec::new();
        varint(count, &mut input);
        input.extend([0; 1]);
        assert_eq!(
            rle::decode(&input, 1 << 20).unwrap_err(),
            DecodeError::Truncated
        );
    }
    assert_eq!(
        rle::decode(&[], 1 << 20).unwrap_err(),
        DecodeError::Truncated
    );
}

#[test]
fn numbers_past_10_bytes_or_64_bits_are_refused_where_they_start() {
    let long = [&[1, 0][..], &[0x80; 10], &[0], &[0xff]].concat();
    assert_eq!(
        rle::decode(&long, 1 << 20).unwrap_err(),
        DecodeError::Varint { offset: 2 }
    );
    let large = [&[1][..], &[0xff; 9], &[2], &[0, 0xff]].concat();
    assert_eq!(
        rle::decode(&large, 1 << 20).unwrap_err(),
        DecodeError::Varint { offset: 1 }
    );
    let count = [0x80; 150];
    assert_eq!(
        rle::decode(&count, 1 << 20).unwrap_err(),
        DecodeError::Varint { offset: 0 }
    );
    // Overlong within 10 bytes is what upstream takes.
    let overlong = [&[0x80; 9][..], &[0], &[0xa5]].concat();
    assert_eq!(rle::decode(&overlong, 8).unwrap().len_bits(), 8);
}

#[test]
fn every_cut_of_a_run_list_is_refused() {
    let bytes = [vec![0xff; 900], vec![0xa5; 3], vec![0; 900]].concat();
    let coded = encode(&bytes);
    for len in 0..7 {
        assert!(rle::decode(&coded[..len], 1 << 20).is_err(), "{len}");
    }
}

#[test]
fn a_megabyte_of_empty_runs_costs_its_bytes() {
    let runs = vec![(0, 0); 1 << 20];
    let input = coded(&runs, &vec![0; 1 << 17]);
    let start = Instant::now();
    let runs = rle::decode(&input, u64::MAX).unwrap();
    assert_eq!((runs.len_bits(), runs.count()), (0, 0));
    assert!(start.elapsed() < AT_ONCE);
}

#[test]
fn errors_say_what_and_where() {
    for (error, text) in [
        (
            DecodeError::MissingBits { run: 3 },
            "the bits end before those of run 3",
        ),
        (DecodeError::TooLong { max_bits: 64 }, "more than 64 bits"),
        (DecodeError::Truncated, "the list of runs is cut off"),
        (
            DecodeError::Varint { offset: 9 },
            "the number at byte 9 does not fit 64 bits",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_input_is_refused_or_bounded(input in prop::collection::vec(any::<u8>(), 0..40), max_bits in any::<u64>()) {
        if let Ok(runs) = rle::decode(&input, max_bits) {
            let (len, mut at, mut count) = (runs.len_bits(), 0, 0);
            prop_assert!(len <= max_bits && len.is_multiple_of(8));
            for run in runs {
                prop_assert_eq!(run.start, at);
                prop_assert!(run.len > 0);
                at += run.len;
                count += 1;
            }
            prop_assert_eq!(at, len);
            // No run without a bit of the input that pays for it.
            prop_assert!(count <= input.len() * 8);
        }
    }

    #[test]
    fn random_runs_are_refused_or_bounded(
        runs in prop::collection::vec((any::<u64>().prop_flat_map(|n| 0..=n >> (n % 64)), any::<u64>().prop_flat_map(|n| 0..=n >> (n % 64))), 0..5),
        string in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        if let Ok(decoded) = rle::decode(&coded(&runs, &string), u64::MAX) {
            let total: u128 = runs.iter().map(|(gap, len)| u128::from(*gap) + u128::from(*len)).sum();
            let told: u128 = runs.iter().map(|(gap, _)| u128::from(*gap) + 1).sum();
            let len = (total + string.len() as u128 * 8 - told) / 8 * 8;
            prop_assert_eq!(u128::from(decoded.len_bits()), len);
        }
    }
}
