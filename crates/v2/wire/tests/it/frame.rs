use hyperfeed_v2_wire::{
    DecodeErrorKind, FrameHeader, FrameKind, KEEP_ALIVE, decode_frame, encode_frame_header,
    limits::MAX_FRAME, varint,
};
use proptest::prelude::*;

#[test]
fn an_overlong_zero_is_a_keep_alive_too() {
    for input in [&[0][..], &[0x80, 0], &[0x80, 0x80, 0x80, 0]] {
        let frame = decode_frame(input).unwrap().unwrap();
        assert_eq!(frame.kind, FrameKind::KeepAlive);
        assert_eq!(frame.len(), input.len());
    }
    assert_eq!(KEEP_ALIVE, [0]);
}

#[test]
fn a_frame_without_payload_is_a_close() {
    let mut out = Vec::new();
    encode_frame_header(0, 0, &mut out);
    assert_eq!(out, [1, 0]);
    let frame = decode_frame(&out).unwrap().unwrap();
    let (channel, payload) = (0, 2..2);
    assert_eq!(frame.kind, FrameKind::Message { channel, payload });
}

#[test]
fn the_limit_is_5242880_bytes_of_channel_and_payload() {
    let mut out = Vec::new();
    encode_frame_header(0, MAX_FRAME - 1, &mut out);
    assert_eq!(
        FrameHeader::decode(&out),
        Ok(Some(FrameHeader {
            header_len: 4,
            body_len: 5_242_880
        }))
    );
    assert_eq!(decode_frame(&out), Ok(None));
    out.resize(4 + MAX_FRAME, 7);
    assert_eq!(decode_frame(&out).unwrap().unwrap().len(), 4 + MAX_FRAME);

    // One more is refused at once, before any of it has arrived.
    let mut out = Vec::new();
    varint::encode(MAX_FRAME as u64 + 1, &mut out);
    let error = decode_frame(&out).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::FrameTooLarge);
    assert_eq!((error.message(), error.field()), ("frame", "length"));
}

#[test]
fn a_length_of_five_bytes_is_refused_whatever_its_value() {
    let error = decode_frame(&[0x80, 0x80, 0x80, 0x80]).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::FrameLengthTooLong);
    let error = decode_frame(&[0x81, 0x80, 0x80, 0x80, 0x00, 0x00]).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::FrameLengthTooLong);
    // Four overlong bytes are fine.
    let frame = decode_frame(&[0x81, 0x80, 0x80, 0x00, 0x05])
        .unwrap()
        .unwrap();
    assert_eq!(frame.body, 4..5);
}

#[test]
fn a_channel_number_cannot_reach_into_the_next_frame() {
    let error = decode_frame(&[0x01, 0x80, 0x00]).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::Truncated);
    assert_eq!((error.message(), error.field()), ("frame", "channel"));
    let mut long = vec![12];
    long.extend([0xff; 12]);
    let error = decode_frame(&long).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::VarintTooLong);
}

proptest! {
    #[test]
    fn what_is_framed_is_read(
        channel: u64,
        shift in 0_u32..64,
        payload in prop::collection::vec(any::<u8>(), 0..300),
        tail: Vec<u8>,
    ) {
        let channel = channel >> shift;
        let mut out = Vec::new();
        encode_frame_header(channel, payload.len(), &mut out);
        let start = out.len();
        out.extend(&payload);
        for cut in 0..out.len() {
            prop_assert_eq!(decode_frame(&out[..cut]), Ok(None));
        }
        let len = out.len();
        out.extend(tail);
        let frame = decode_frame(&out).unwrap().unwrap();
        prop_assert_eq!(frame.len(), len);
        prop_assert_eq!(frame.body.len() + frame.header_len, len);
        prop_assert_eq!(frame.kind, FrameKind::Message { channel, payload: start..len });
    }

    #[test]
    fn random_bytes_never_panic_and_stay_inside(input in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(Some(frame)) = decode_frame(&input) {
            prop_assert!(frame.len() <= input.len());
            prop_assert_eq!(frame.header_len, frame.body.start);
            if let FrameKind::Message { payload, .. } = frame.kind {
                prop_assert!(frame.body.start < payload.start);
                prop_assert_eq!(payload.end, frame.body.end);
            }
        }
    }
}
