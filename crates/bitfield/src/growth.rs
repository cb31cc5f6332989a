/// Bits that upstream's buffer has once bit `highest_bit` was written in it, set or cleared (spec section 4).
///
/// It starts with `initial_bytes` (1 for the blocks of a feed, 4 for its tree index, 2 for a peer's blocks; the stored
/// size after loading) and doubles until the byte fits; an empty one grows to one byte first. It never shrinks. The size
/// shows on the wire: a first Have carries the whole buffer, and a digest looks at it.
///
/// # Examples
/// ```
/// use hyperfeed_bitfield::allocated_bits;
///
/// assert_eq!(allocated_bits(1, None), 8);
/// assert_eq!(allocated_bits(1, Some(100)), 128);
/// assert_eq!(allocated_bits(0, Some(9)), 16);
/// ```
#[must_use]
pub const fn allocated_bits(initial_bytes: u64, highest_bit: Option<u64>) -> u64 {
    let mut bytes = initial_bytes;
    if let Some(bit) = highest_bit {
        while bit / 8 >= bytes {
            bytes = if bytes == 0 {
                1
            } else {
                bytes.saturating_mul(2)
            };
        }
    }
    bytes.saturating_mul(8)
}
