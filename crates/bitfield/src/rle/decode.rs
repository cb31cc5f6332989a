use core::fmt;

/// Why a coded bitfield is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends before the string of bits has reached the run.
    MissingBits {
        /// Which run, from 0.
        run: u64,
    },
    /// The bits are more than allowed.
    TooLong {
        /// How many are allowed.
        max_bits: u64,
    },
    /// The input ends within the list of runs, or claims more runs than it has bytes.
    Truncated,
    /// A number of more than 10 bytes, or that does not fit 64 bits.
    Varint,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingBits { run } => write!(f, "the bits end before run {run}"),
            Self::TooLong { max_bits } => write!(f, "more than {max_bits} bits"),
            Self::Truncated => f.write_str("the list of runs is cut off"),
            Self::Varint => f.write_str("a number does not fit 64 bits"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Neighbouring bits of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first bit.
    pub start: u64,
    /// How many; never 0.
    pub len: u64,
    /// Their value.
    pub value: bool,
}

/// The runs of a coded bitfield, in order and without a gap, from bit 0 to [`len_bits`](Self::len_bits). Neighbours
/// may have the same value.
#[derive(Debug, Clone)]
pub struct Runs<'a> {
    /// The pairs of gap and length still to come.
    pairs: &'a [u8],
    listed: u64,
    /// The next listed run: where it starts, and its length.
    next: Option<(u64, u64)>,
    bits: &'a [u8],
    /// The next bit of `bits`.
    bit: u64,
    /// The next bit of the result.
    at: u64,
    len_bits: u64,
}

/// Reads a coded bitfield of at most `max_bits` bits.
///
/// All of it is checked at once, in time that grows with the input and not with what it claims; nothing is allocated.
/// The result is cut down to whole bytes, as upstream does.
///
/// # Errors
/// Everything that upstream refuses. npm: a bit string that ends before a run is reached is accepted there, with the
/// run in another place; it is refused here, and so is a number that does not fit 64 bits.
pub fn decode(input: &[u8], max_bits: u64) -> Result<Runs<'_>, DecodeError> {
    let mut rest = input;
    let count = varint(&mut rest)?;
    if count > rest.len() as u64 / 2 {
        return Err(DecodeError::Truncated);
    }
    let pairs = rest;
    let too_long = DecodeError::TooLong { max_bits };
    let (mut len, mut literals) = (0_u64, 0_u64);
    for _ in 0..count {
        let (gap, run) = (varint(&mut rest)?, varint(&mut rest)?);
        literals = literals
            .checked_add(gap)
            .and_then(|sum| sum.checked_add(1))
            .ok_or(too_long)?;
        len = len
            .checked_add(gap)
            .and_then(|sum| sum.checked_add(run))
            .ok_or(too_long)?;
    }
    let bits = rest;
    let have = (bits.len() as u64).saturating_mul(8);
    if literals > have {
        return Err(missing(pairs, count, have));
    }
    let len_bits = len.checked_add(have - literals).ok_or(too_long)? & !7;
    if len_bits > max_bits {
        return Err(too_long);
    }
    let mut runs = Runs {
        pairs,
        listed: count,
        next: None,
        bits,
        bit: 0,
        at: 0,
        len_bits,
    };
    runs.load(0);
    Ok(runs)
}

impl Runs<'_> {
    /// Bits of the whole bitfield, a multiple of 8.
    #[must_use]
    pub fn len_bits(&self) -> u64 {
        self.len_bits
    }

    /// Reads the next pair; `from` is where its gap starts.
    fn load(&mut self, from: u64) {
        self.next = None;
        if self.listed > 0
            && let (Ok(gap), Ok(len)) = (varint(&mut self.pairs), varint(&mut self.pairs))
        {
            self.listed -= 1;
            self.next = Some((from.saturating_add(gap), len));
        }
    }

    fn value(&self, bit: u64) -> bool {
        let byte = self.bits.get((bit / 8) as usize).copied().unwrap_or(0);
        byte & (128 >> (bit % 8)) != 0
    }

    /// How many of the bits from `self.bit` on are `value`, at most `most`.
    fn alike(&self, value: bool, most: u64) -> u64 {
        let mut len = 0;
        while len < most {
            let bit = self.bit + len;
            let byte = self.bits.get((bit / 8) as usize).copied().unwrap_or(0);
            let rest = if value { byte } else { !byte } << (bit % 8);
            let ones = u64::from(rest.leading_ones()).min(8 - bit % 8);
            len += ones;
            if ones < 8 - bit % 8 {
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
            let value = self.value(self.bit);
            let len = match self.next {
                Some((run, len)) if run <= start => {
                    self.bit += 1;
                    self.load(run.saturating_add(len));
                    len
                }
                next => {
                    let end = next.map_or(self.len_bits, |(run, _)| run);
                    let len = self.alike(value, end - start);
                    self.bit += len;
                    len
                }
            };
            self.at = start.saturating_add(len);
            let len = len.min(self.len_bits - start);
            if len > 0 {
                return Some(Run { start, len, value });
            }
        }
        None
    }
}

/// Which run the bits do not reach.
fn missing(mut pairs: &[u8], count: u64, have: u64) -> DecodeError {
    let mut literals = 0_u64;
    for run in 0..count {
        let Ok(gap) = varint(&mut pairs) else { break };
        varint(&mut pairs).ok();
        literals = literals.saturating_add(gap).saturating_add(1);
        if literals > have {
            return DecodeError::MissingBits { run };
        }
    }
    DecodeError::MissingBits { run: count }
}

fn varint(input: &mut &[u8]) -> Result<u64, DecodeError> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = input.split_first().ok_or(DecodeError::Truncated)?;
        *input = rest;
        let low = u64::from(byte & 127);
        if shift == 63 && low > 1 {
            return Err(DecodeError::Varint);
        }
        value |= low << shift;
        if byte & 128 == 0 {
            return Ok(value);
        }
    }
    Err(DecodeError::Varint)
}
