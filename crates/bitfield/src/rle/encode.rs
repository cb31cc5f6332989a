use super::varint;
use crate::Bitfield;
use crate::scan::Scan;
use alloc::vec::Vec;
use core::ops::Range;

/// Codes the bits from 0 to `len_bits`, a multiple of 8, at the end of `out`: byte for byte what npm bitfield-rle 1.1.2
/// makes of a buffer of that size.
///
/// Costs the runs, not the bits; see [`encode_from`].
pub fn encode(bits: &Bitfield, len_bits: u64, out: &mut Vec<u8>) {
    encode_from(bits, 0..len_bits, out);
}

/// Codes a range of bits as a bitfield of its own, as the answer to a Want has it.
///
/// Both ends are multiples of 8; others are rounded outwards. A range without bits is coded as an empty bitfield, `00`.
/// Costs one step for each maximal run in the range; the output takes a bit at most for a bit in runs too short to be
/// listed, and a few bytes for each other run.
pub fn encode_from(bits: &Bitfield, range: Range<u64>, out: &mut Vec<u8>) {
    let start = range.start & !7;
    // The last byte of all numbers is no use to anyone; without it, the end cannot overflow.
    let end = range.end.checked_next_multiple_of(8).unwrap_or(!7);
    let mut scan = Scan::new(bits);
    let mut coded = Coded::default();
    let (mut at, mut value) = (start, bits.get(start));
    while at < end {
        let until = scan.first(at, !value).map_or(end, |until| until.min(end));
        coded.push(at - start, until - at, value);
        (at, value) = (until, !value);
    }
    coded.finish(out);
}

/// What is coded so far.
#[derive(Default)]
struct Coded {
    listed: u64,
    pairs: Vec<u8>,
    /// The end of the last listed run.
    listed_to: u64,
    bits: Vec<u8>,
    /// Bits of the last byte of `bits` that are not used yet.
    room: u64,
    last: bool,
}

impl Coded {
    /// Adds the run after the last one; it has the other value.
    fn push(&mut self, start: u64, len: u64, value: bool) {
        let gap = start - self.listed_to;
        let cost = varint::len(gap) + varint::len(len);
        if 8 * cost + 1 < len {
            varint::write(gap, &mut self.pairs);
            varint::write(len, &mut self.pairs);
            self.listed += 1;
            self.listed_to = start + len;
            self.literal(1, value);
        } else {
            self.literal(len, value);
        }
        self.last = value;
    }

    /// Adds bits to the string, up to a byte at a time.
    fn literal(&mut self, mut len: u64, value: bool) {
        while len > 0 {
            if self.room == 0 {
                self.bits.push(0);
                self.room = 8;
            }
            let now = len.min(self.room);
            self.room -= now;
            len -= now;
            if value && let Some(byte) = self.bits.last_mut() {
                *byte |= (0xff_u8 >> (8 - now)) << self.room;
            }
        }
    }

    fn finish(mut self, out: &mut Vec<u8>) {
        // Upstream pads with the last bit of the input.
        self.literal(self.room, self.last);
        varint::write(self.listed, out);
        out.extend_from_slice(&self.pairs);
        out.extend_from_slice(&self.bits);
    }
}
