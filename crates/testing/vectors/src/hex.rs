/// The bytes that hex digits of either case stand for.
///
/// # Panics
/// On an odd number of digits, and on anything that is no digit: tells where.
#[must_use]
pub fn hex(digits: &str) -> Vec<u8> {
    assert!(
        digits.len().is_multiple_of(2),
        "an odd number of hex digits: {}",
        digits.len()
    );
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    pairs
        .iter()
        .enumerate()
        .map(|(at, [high, low])| digit(2 * at, *high) << 4 | digit(2 * at + 1, *low))
        .collect()
}

#[expect(clippy::panic, reason = "a damaged vector has to fail the test")]
fn digit(at: usize, digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        other => panic!("no hex digit at {at}: {:?}", char::from(other)),
    }
}
