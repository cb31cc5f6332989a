use super::run::Run;
use super::varint;
use core::iter::FusedIterator;

/// The runs of a coded bitfield, in order and without a gap, from bit 0 to [`len_bits`](Self::len_bits).
///
/// Made by [`decode`](super::decode()), which has checked the input. Neighbours may have the same value where a listed
/// run meets literal bits. All runs together cost the bytes of the input, however much they cover.
#[derive(Debug, Clone)]
pub struct Runs<'a> {
    /// The pairs of gap and length still to come.
    pairs: &'a [u8],
    /// How many they are.
    listed: u64,
    /// The next listed run: its first bit and its length.
    next: Option<(u64, u64)>,
    bits: &'a [u8],
    /// The next bit of `bits`.
    bit: u64,
    /// The next bit of the result.
    at: u64,
    len_bits: u64,
}

impl<'a> Runs<'a> {
    /// Of input that is known to be sound.
    pub(super) fn new(pairs: &'a [u8], listed: u64, bits: &'a [u8], len_bits: u64) -> Self {
        let mut runs = Self {
            pairs,
            listed,
            next: None,
            bits,
            bit: 0,
            at: 0,
            len_bits,
        };
        runs.load(0);
        runs
    }

    /// Bits of the whole bitfield, a multiple of 8; also after some runs were taken.
    #[must_use]
    pub const fn len_bits(&self) -> u64 {
        self.len_bits
    }

    /// Reads the next pair; `from` is where its gap starts.
    fn load(&mut self, from: u64) {
        self.next = None;
        if let Some(left) = self.listed.checked_sub(1)
            && let (Ok(gap), Ok(len)) =
                (varint::read(&mut self.pairs), varint::read(&mut self.pairs))
        {
            self.listed = left;
            self.next = Some((from.saturating_add(gap), len));
        }
    }

    /// The byte of the next bit, that bit moved to the front, and how many bits it has left.
    fn front(&self, bit: u64) -> (u8, u64) {
        let byte = self.bits.get((bit / 8) as usize).copied().unwrap_or(0);
        (
            byte.wrapping_shl((bit % 8) as u32),
            8_u64.saturating_sub(bit % 8),
        )
    }

    /// How many of the next bits are `value`, at most `most`.
    fn alike(&self, value: bool, most: u64) -> u64 {
        let mut len = 0_u64;
        while len < most {
            let (byte, left) = self.front(self.bit.saturating_add(len));
            let alike = if value { byte } else { !byte }.leading_ones();
            let alike = u64::from(alike).min(left);
            len = len.saturating_add(alike);
            if alike < left {
                break;
            }
        }
        len.min(most)
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        while self.at < self.len_bits {
            let start = self.at;
            let value = self.front(self.bit).0 & 128 != 0;
            let (len, told) = match self.next {
                Some((run, len)) if run <= start => {
                    self.load(run.saturating_add(len));
                    (len, 1)
                }
                next => {
                    let end = next.map_or(self.len_bits, |(run, _)| run);
                    let len = self.alike(value, end.saturating_sub(start));
                    (len, len)
                }
            };
            self.bit = self.bit.saturating_add(told);
            // The cut to whole bytes may fall into the last run.
            self.at = start.saturating_add(len).min(self.len_bits);
            let len = self.at.saturating_sub(start);
            if len > 0 {
                return Some(Run { start, len, value });
            }
        }
        None
    }
}

impl FusedIterator for Runs<'_> {}
