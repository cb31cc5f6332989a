use crate::Bitfield;
use alloc::vec::Vec;
use core::ops::Range;

/// Codes the first `len_bits` bits, a multiple of 8, at the end of `out`: byte for byte what bitfield-rle 1.1.2 makes
/// of a buffer of that size.
pub fn encode(bits: &Bitfield, len_bits: u64, out: &mut Vec<u8>) {
    encode_from(bits, 0..len_bits, out);
}

/// Codes a range of bits as a bitfield of its own. Both ends are multiples of 8; others are rounded outwards.
///
/// Costs the runs in the range.
pub fn encode_from(bits: &Bitfield, range: Range<u64>, out: &mut Vec<u8>) {
    let range = range.start & !7..range.end.next_multiple_of(8).max(range.start & !7);
    let mut coded = Coded::default();
    let mut at = range.start;
    while at < range.end {
        let value = bits.get(at);
        let end = if value {
            bits.first_unset(at)
        } else {
            bits.first_set(at).unwrap_or(range.end)
        };
        let end = end.min(range.end);
        coded.push(at - range.start, end - at, value);
        at = end;
    }
    coded.finish(out);
}

#[derive(Default)]
struct Coded {
    count: u64,
    pairs: Vec<u8>,
    bits: Vec<u8>,
    /// Bits in `bits`.
    len: u64,
    last: bool,
    /// The end of the last listed run.
    listed: u64,
}

impl Coded {
    fn push(&mut self, start: u64, len: u64, value: bool) {
        let cost = varint_len(start - self.listed) + varint_len(len);
        if 8 * cost + 1 < len {
            varint(start - self.listed, &mut self.pairs);
            varint(len, &mut self.pairs);
            self.count += 1;
            self.listed = start + len;
            self.literal(1, value);
        } else {
            self.literal(len, value);
        }
        self.last = value;
    }

    fn literal(&mut self, len: u64, value: bool) {
        for _ in 0..len {
            let within = self.len % 8;
            if within == 0 {
                self.bits.push(0);
            }
            if value && let Some(byte) = self.bits.last_mut() {
                *byte |= 128 >> within;
            }
            self.len += 1;
        }
    }

    fn finish(mut self, out: &mut Vec<u8>) {
        let padding = self.len.next_multiple_of(8) - self.len;
        self.literal(padding, self.last);
        varint(self.count, out);
        out.extend_from_slice(&self.pairs);
        out.extend_from_slice(&self.bits);
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 128 {
        out.push((value & 127) as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint_len(value: u64) -> u64 {
    u64::from((value | 1).ilog2() / 7 + 1)
}
