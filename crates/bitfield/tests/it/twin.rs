//! Slow twins of the coding, written from the specification bit by bit, and bytes as the wire has them.

use hyperfeed_bitfield::Bitfield;
use hyperfeed_bitfield::rle::{self, DecodeError};

pub(crate) fn from_bytes(bytes: &[u8]) -> Bitfield {
    let mut bitfield = Bitfield::new();
    for (bit, value) in bits_of(bytes).enumerate() {
        if value {
            bitfield.insert(bit as u64);
        }
    }
    bitfield
}

/// The bits from 0 to `len`, in the order of the wire.
pub(crate) fn bytes_of(bits: &Bitfield, len: u64) -> Vec<u8> {
    packed(&(0..len).map(|bit| bits.get(bit)).collect::<Vec<_>>())
}

pub(crate) fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    rle::encode(&from_bytes(bytes), bytes.len() as u64 * 8, &mut out);
    out
}

/// Decodes and puts the runs together; they must follow each other without a gap.
pub(crate) fn to_bytes(coded: &[u8], max_bits: u64) -> Result<Vec<u8>, DecodeError> {
    let runs = rle::decode(coded, max_bits)?;
    let len = runs.len_bits();
    let mut bits = Vec::new();
    for run in runs {
        assert_eq!(run.start, bits.len() as u64, "a gap between runs");
        assert!(run.len > 0, "an empty run");
        assert_eq!(run.range(), run.start..run.start + run.len);
        bits.extend(std::iter::repeat_n(run.value, run.len as usize));
    }
    assert_eq!(bits.len() as u64, len, "the runs do not cover the bits");
    Ok(packed(&bits))
}

/// Spec section 5, "Encode".
pub(crate) fn slow_encode(bytes: &[u8]) -> Vec<u8> {
    let bits: Vec<bool> = bits_of(bytes).collect();
    let (mut pairs, mut count, mut acc, mut string) = (Vec::new(), 0, 0, Vec::new());
    let mut start = 0;
    while start < bits.len() {
        let alike = |bit: &&bool| **bit == bits[start];
        let len = bits[start..].iter().take_while(alike).count();
        let mut pair = Vec::new();
        varint((start - acc) as u64, &mut pair);
        varint(len as u64, &mut pair);
        if 8 * pair.len() + 1 < len {
            pairs.extend(pair);
            count += 1;
            string.push(bits[start]);
            acc = start + len;
        } else {
            string.extend(std::iter::repeat_n(bits[start], len));
        }
        start += len;
    }
    while !string.len().is_multiple_of(8) {
        string.push(*bits.last().unwrap());
    }
    let mut out = Vec::new();
    varint(count, &mut out);
    out.extend(pairs);
    out.extend(packed(&string));
    out
}

/// What upstream makes of coded input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    Bytes(Vec<u8>),
    /// It read a bit past the end of the string.
    PastTheEnd(Vec<u8>),
    Refused,
    /// More than [`TWIN_BITS`]: upstream would go on for as long as it takes.
    TooLong,
}

/// Bits that the twin writes out at most.
pub(crate) const TWIN_BITS: u64 = 1 << 21;

/// Spec section 5, "Decode", with the quirks.
pub(crate) fn slow_decode(input: &[u8]) -> Decoded {
    let mut rest = input;
    let Some(count) = unvarint(&mut rest).filter(|count| *count <= input.len() as u64) else {
        return Decoded::Refused;
    };
    let mut runs = Vec::new();
    for _ in 0..count {
        let (Some(gap), Some(len)) = (unvarint(&mut rest), unvarint(&mut rest)) else {
            return Decoded::Refused;
        };
        runs.push((gap, len));
    }
    if runs.iter().map(|(gap, len)| gap + len).sum::<u64>() > TWIN_BITS {
        return Decoded::TooLong;
    }
    let mut string = bits_of(rest).peekable();
    let (mut out, mut acc, mut past) = (Vec::new(), 0, false);
    for (gap, len) in runs {
        if string.peek().is_none() {
            return Decoded::Refused;
        }
        while (out.len() as u64) < acc + gap
            && let Some(bit) = string.next()
        {
            out.push(bit);
        }
        past |= string.peek().is_none();
        let value = string.next().unwrap_or(false);
        out.extend(std::iter::repeat_n(value, len as usize));
        acc += gap + len;
    }
    out.extend(string);
    out.truncate(out.len() / 8 * 8);
    match past {
        true => Decoded::PastTheEnd(packed(&out)),
        false => Decoded::Bytes(packed(&out)),
    }
}

pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 127 {
        out.push((value % 128) as u8 + 128);
        value /= 128;
    }
    out.push(value as u8);
}

/// At most 5 bytes: the twin is fed small numbers only.
fn unvarint(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..5 {
        let (byte, rest) = input.split_first()?;
        *input = rest;
        value += u64::from(byte % 128) * 128_u64.pow(place);
        if *byte < 128 {
            return Some(value);
        }
    }
    None
}

fn bits_of(bytes: &[u8]) -> impl Iterator<Item = bool> {
    let bits = |byte: &u8| [128, 64, 32, 16, 8, 4, 2, 1].map(|mask| byte & mask != 0);
    bytes.iter().flat_map(bits)
}

fn packed(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| bits.iter().fold(0, |sum, bit| sum * 2 + u8::from(*bit));
    bits.chunks(8).map(byte).collect()
}
