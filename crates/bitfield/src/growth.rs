/// Bits that upstream's buffer has once `highest_bit` was set in it (spec section 4).
///
/// It starts with `initial_bytes` and doubles until the byte fits; an empty one grows to one byte first. The size shows
/// on the wire: a first Have carries the whole buffer, and a digest looks at it.
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
