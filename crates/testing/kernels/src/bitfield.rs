//! The coding of bitfields.

use crate::mix;
use hyperfeed_bitfield::{Bitfield, rle};

/// 64 Ki bits: a whole half, then scattered ones.
fn bits() -> Bitfield {
    let mut bits = Bitfield::new();
    bits.insert_range(0..32_768);
    for number in 0..2_000 {
        bits.insert(32_768 + mix(number) % 32_768);
    }
    bits
}

pub(crate) fn encode(rounds: u64) -> u64 {
    let bits = bits();
    let mut coded = Vec::new();
    let mut sum = 0_u64;
    for _ in 0..rounds {
        coded.clear();
        rle::encode(&bits, 65_536, &mut coded);
        sum = sum.wrapping_add(coded.len() as u64);
    }
    sum
}

pub(crate) fn decode(rounds: u64) -> u64 {
    let mut coded = Vec::new();
    rle::encode(&bits(), 65_536, &mut coded);
    let mut sum = 0_u64;
    for _ in 0..rounds {
        let mut into = Bitfield::new();
        for run in rle::decode(&coded, 1 << 32).into_iter().flatten() {
            if run.value {
                into.insert_range(run.start..run.start + run.len);
            }
        }
        sum = sum.wrapping_add(into.count());
    }
    sum
}
