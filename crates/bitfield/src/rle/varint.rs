use alloc::vec::Vec;

/// A number that could not be read.
pub(super) enum Unread {
    /// It has more than 10 bytes or does not fit 64 bits.
    Large,
    /// The input ends within it.
    Truncated,
}

/// Takes a number from the front of `input`; needless zeros at its end are fine, as upstream has it (spec section 6).
pub(super) fn read(input: &mut &[u8]) -> Result<u64, Unread> {
    let mut value = 0_u64;
    for shift in (0..70_u32).step_by(7) {
        let (byte, rest) = input.split_first().ok_or(Unread::Truncated)?;
        *input = rest;
        let low = u64::from(byte & 127);
        if shift == 63 && low > 1 {
            return Err(Unread::Large);
        }
        value |= low.wrapping_shl(shift);
        if byte & 128 == 0 {
            return Ok(value);
        }
    }
    Err(Unread::Large)
}

pub(super) fn write(mut value: u64, out: &mut Vec<u8>) {
    while value >= 128 {
        out.push((value & 127) as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that [`write()`] makes.
pub(super) fn len(value: u64) -> u64 {
    u64::from((value | 1).ilog2() / 7 + 1)
}
