use hyperfeed_testing_vectors::hex;

#[test]
fn digits_of_either_case_are_read() {
    assert!(hex("").is_empty());
    assert_eq!(hex("00ffA5a5"), [0, 255, 0xa5, 0xa5]);
    assert_eq!(
        hex("0123456789abcdef"),
        0x0123_4567_89ab_cdef_u64.to_be_bytes()
    );
}

#[test]
#[should_panic(expected = "an odd number of hex digits: 3")]
fn an_odd_number_of_digits_fails() {
    let _ = hex("abc");
}

#[test]
#[should_panic(expected = "no hex digit at 3: 'g'")]
fn anything_else_fails_and_is_named() {
    let _ = hex("abcg");
}
