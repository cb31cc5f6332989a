//! The run length coding, both directions.

use crate::input::Input;
use hyperfeed_bitfield::{Bitfield, rle};

/// Runs follow each other without a gap, are no more than the input pays for, and mean the same once coded again.
pub(crate) fn decode(data: &[u8]) {
    let mut input = Input::new(data);
    let max_bits = input.size();
    let coded = input.rest();
    let Ok(runs) = rle::decode(coded, max_bits) else {
        return;
    };
    let len = runs.len_bits();
    assert!(len <= max_bits && len.is_multiple_of(8));
    let (mut at, mut count) = (0, 0);
    let mut bits = Bitfield::new();
    for run in runs {
        assert_eq!(run.start, at);
        assert!(run.len > 0);
        at = run.range().end;
        count += 1;
        // A full bitfield of any length is one range; pages in between cost, so only short ones are built.
        if run.value && len <= MAX_BITS {
            bits.insert_range(run.range());
        }
    }
    assert_eq!(at, len);
    assert!(
        count <= coded.len() * 8 + 1,
        "{count} runs of {} bytes",
        coded.len()
    );
    if len > MAX_BITS {
        return;
    }
    let mut out = Vec::new();
    rle::encode(&bits, len, &mut out);
    assert_eq!(read(&out, len), bits);
}

/// What is coded is read back as it was, whole or from a place on.
pub(crate) fn encode(data: &[u8]) {
    let mut input = Input::new(data);
    let mut bits = Bitfield::new();
    while !input.is_empty() {
        let start = input.size() % MAX_BITS;
        let end = (start + input.size() % MAX_BITS / 8).min(MAX_BITS);
        match input.byte() % 3 {
            0 => bits.remove_range(start..end),
            _ => bits.insert_range(start..end),
        };
    }
    let len = bits
        .last_set()
        .map_or(0, |last| (last + 1).next_multiple_of(8));
    let mut out = Vec::new();
    rle::encode(&bits, len, &mut out);
    assert_eq!(read(&out, len), bits);
    assert!(
        out.len() as u64 <= len / 8 + 16,
        "{} bytes for {len} bits",
        out.len()
    );
    let from = (data.len() as u64 * 1000) & !7;
    if from < len {
        out.clear();
        rle::encode_from(&bits, from..len, &mut out);
        let tail = read(&out, len - from);
        let moved: Vec<_> = tail
            .runs(0..u64::MAX)
            .map(|run| run.start + from..run.end + from)
            .collect();
        assert_eq!(moved, bits.runs(from..u64::MAX).collect::<Vec<_>>());
    }
}

fn read(coded: &[u8], len: u64) -> Bitfield {
    let mut bits = Bitfield::new();
    let runs = rle::decode(coded, len).expect("we wrote it");
    assert_eq!(runs.len_bits(), len);
    for run in runs.filter(|run| run.value) {
        bits.insert_range(run.range());
    }
    bits
}

const MAX_BITS: u64 = 1 << 20;
