/// The first `len` bytes of the "pattern" data: byte `i` is `(i * 31 + 7 + (i >> 8)) & 255`.
#[must_use]
pub fn pattern(len: usize) -> Vec<u8> {
    // The cut to 8 bits is the formula's `& 255`.
    (0..len)
        .map(|i| (i.wrapping_mul(31).wrapping_add(7).wrapping_add(i >> 8) & 255) as u8)
        .collect()
}
