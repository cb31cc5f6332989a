use super::decode_error::DecodeError;
use super::runs::Runs;
use super::varint::{self, Unread};

/// Reads a coded bitfield of at most `max_bits` bits.
///
/// All of it is checked at once, in time that grows with the input and not with what it claims; nothing is allocated.
/// The result is cut down to whole bytes, as upstream does.
///
/// npm: a string of bits that ends before a listed run is taken, with the run's bits clear and, where its gap was not
/// filled, in a place of their own. No encoder makes such input; it is refused here.
///
/// # Errors
/// See [`DecodeError`]: a cut off list, numbers past 64 bits, bits missing for a listed run, more bits than `max_bits`.
///
/// # Examples
/// ```
/// use hyperfeed_bitfield::rle::{self, DecodeError, Run};
///
/// // One run: no gap, 23 bits of value 1, then one literal 0, then padding.
/// let runs = rle::decode(&[0x01, 0x00, 0x17, 0x80], 24)?;
/// assert_eq!(runs.len_bits(), 24);
/// let runs: Vec<Run> = runs.collect();
/// assert_eq!(runs[0], Run { start: 0, len: 23, value: true });
/// assert_eq!(runs[1], Run { start: 23, len: 1, value: false });
/// # Ok::<(), DecodeError>(())
/// ```
pub fn decode(input: &[u8], max_bits: u64) -> Result<Runs<'_>, DecodeError> {
    let mut rest = input;
    let listed = number(input, &mut rest)?;
    // A pair has two bytes at least: no loop longer than the input pays for.
    if listed > rest.len() as u64 / 2 {
        return Err(DecodeError::Truncated);
    }
    let pairs = rest;
    let too_long = DecodeError::TooLong { max_bits };
    // The bits that listed runs and their gaps cover, and the bits of the string that tell of them.
    let (mut covered, mut told) = (0_u64, 0_u64);
    for _ in 0..listed {
        let (gap, len) = (number(input, &mut rest)?, number(input, &mut rest)?);
        told = told.saturating_add(gap).saturating_add(1);
        covered = covered
            .checked_add(gap)
            .and_then(|sum| sum.checked_add(len))
            .ok_or(too_long)?;
    }
    let have = (rest.len() as u64).saturating_mul(8);
    let Some(literal) = have.checked_sub(told) else {
        return Err(missing(pairs, have));
    };
    let len_bits = covered.checked_add(literal).ok_or(too_long)? & !7;
    if len_bits > max_bits {
        return Err(too_long);
    }
    Ok(Runs::new(pairs, listed, rest, len_bits))
}

fn number(input: &[u8], rest: &mut &[u8]) -> Result<u64, DecodeError> {
    let offset = input.len().saturating_sub(rest.len());
    varint::read(rest).map_err(|unread| match unread {
        Unread::Large => DecodeError::Varint { offset },
        Unread::Truncated => DecodeError::Truncated,
    })
}

/// The first listed run that `have` bits do not reach.
fn missing(mut pairs: &[u8], have: u64) -> DecodeError {
    let (mut told, mut run) = (0_u64, 0_u64);
    while let (Ok(gap), Ok(_)) = (varint::read(&mut pairs), varint::read(&mut pairs)) {
        told = told.saturating_add(gap).saturating_add(1);
        if told > have {
            break;
        }
        run = run.saturating_add(1);
    }
    DecodeError::MissingBits { run }
}
