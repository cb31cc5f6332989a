use hyperfeed_types::PeerId;
use hyperfeed_v2_protocol::{Config, Event, Limits, Misbehaviour, ProtocolError, Stats};
use hyperfeed_v2_wire::{DecodeErrorKind, KEEP_ALIVE, limits::MAX_FRAME};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    peer::{NOW, Peer, blocks, key},
    session::{Session, Side},
};

/// Small ones, so that random bytes reach them.
fn limits() -> Limits {
    Limits {
        max_channels: 4,
        max_held_bytes: 1000,
        max_held_frames: 6,
        max_extensions: 3,
        max_extension_name: 8,
        max_introduction: 200,
    }
}

fn within(limits: &Limits, stats: &Stats, opened: usize) {
    assert!(stats.held_bytes <= limits.max_held_bytes, "{stats:?}");
    assert!(stats.held_frames <= limits.max_held_frames, "{stats:?}");
    assert!(
        stats.remote_channels <= limits.max_channels + opened,
        "{stats:?}"
    );
}

/// Hands bytes in, in pieces; checks the caps at each event, and that what comes is bounded by the bytes.
/// Feeds 1 and 2 are opened before some piece.
fn survive(
    encrypted: bool,
    bytes: &[u8],
    piece: usize,
    opens: [usize; 2],
) -> Result<usize, ProtocolError> {
    let limits = limits();
    let mut config = Config::new(PeerId::new([2; 32]));
    config.encrypted = encrypted;
    config.limits = limits.clone();
    let mut peer = Peer::new(config, 2);
    let (mut events, mut payload) = (0, 0);
    for (nth, piece) in bytes.chunks(piece).enumerate() {
        for (feed, at) in [1, 2].iter().zip(opens) {
            if at == nth {
                peer.protocol.open(NOW, &key(*feed), &mut peer.out).ok();
            }
        }
        peer.protocol.handle_input(NOW, piece);
        loop {
            within(&limits, &peer.protocol.stats(), 2);
            match peer.protocol.poll_event() {
                Ok(Some(event)) => {
                    events += 1;
                    payload += match event {
                        Event::Message { body, .. } | Event::Extension { body, .. } => body.len(),
                        Event::Handshake { extensions, .. } => {
                            assert!(extensions.len() <= limits.max_extensions);
                            extensions.iter().map(String::len).sum()
                        }
                        _ => 0,
                    };
                }
                Ok(None) => break,
                Err(error) => {
                    let stats = peer.protocol.stats();
                    assert_eq!((stats.buffered_bytes, stats.held_bytes), (0, 0));
                    assert_eq!(peer.protocol.poll_event(), Err(error));
                    return Err(error);
                }
            }
        }
    }
    assert!(payload <= bytes.len());
    assert!(events <= bytes.len());
    Ok(events)
}

/// Frames that make sense in a plain session, mostly, so that random ones get far.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        3 => (1..8_u8, any::<u8>(), prop::option::of(vec(any::<u8>(), 0..120))).prop_map(|(feed, nonce, introduction)| {
            let mut payload = vec![0x0a, 32];
            payload.extend(hyperfeed_v2_crypto::public_id(&key(feed)).as_bytes());
            payload.extend([0x12, 24]);
            payload.extend([nonce; 24]);
            if let Some(bytes) = introduction {
                payload.extend([0x1a, bytes.len() as u8]);
                payload.extend(bytes);
            }
            payload
        }),
        3 => vec(any::<u8>(), 0..100),
        1 => Just(Vec::new()),
    ];
    (0..6_u8, payload).prop_map(|(channel, payload)| {
        let mut frame = Vec::new();
        hyperfeed_v2_wire::encode_frame_header(u64::from(channel), payload.len(), &mut frame);
        frame.extend(payload);
        frame
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_are_survived(
        encrypted: bool,
        bytes in vec(any::<u8>(), 0..2000),
        piece in 1_usize..200,
        opens in any::<[u8; 2]>(),
    ) {
        survive(encrypted, &bytes, piece, opens.map(usize::from)).ok();
    }

    #[test]
    fn random_frames_are_survived(
        encrypted: bool,
        frames in vec(frame(), 0..60),
        piece in 1_usize..200,
        opens in any::<[u8; 2]>(),
    ) {
        survive(encrypted, &frames.concat(), piece, opens.map(|at| usize::from(at % 32))).ok();
    }

    /// In encrypted mode every message is authenticated: what comes out after a flip is what would
    /// have come before it, or nothing.
    #[test]
    fn a_flipped_bit_gives_an_error_or_a_part_of_the_events(
        session in 0..Session::all().len(),
        reader in prop::sample::select(&Side::BOTH[..]),
        at: Index,
        bit in 0..8,
    ) {
        let session = &Session::all()[session];
        let hear = |bytes: &[u8]| {
            let mut peer = Peer::new(session.config(reader), 1);
            for (_, key) in &session.feeds {
                peer.open(key);
            }
            peer.protocol.handle_input(NOW, bytes);
            let mut events = Vec::new();
            while let Ok(Some(event)) = peer.protocol.poll_event() {
                events.push(event);
            }
            events
        };
        let mut bytes = session.bytes_from(reader.other());
        let whole = hear(&bytes);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let flipped = hear(&bytes);
        if session.encrypted && !session.name.starts_with("leave, then") {
            let mut whole = whole.iter();
            for event in &flipped {
                if matches!(event, Event::Message { .. } | Event::Extension { .. }) {
                    prop_assert!(whole.any(|expected| expected == event), "{:?}", event);
                }
            }
        }
    }
}

#[test]
fn a_stream_that_ends_at_any_byte_gives_the_events_of_its_whole_frames() {
    for name in [
        "two feeds joined in opposite order",
        "live feed, three blocks, not encrypted",
    ] {
        let session = Session::named(name);
        let open = || {
            let mut peer = Peer::new(session.config(Side::B), 1);
            for (_, key) in &session.feeds {
                peer.open(key);
            }
            peer
        };
        let mut peer = open();
        let mut events = Vec::new();
        let mut start = 0;
        let bytes = session.bytes_from(Side::A);
        for frame in session.from(Side::A) {
            for end in start..start + frame.bytes.len() {
                let mut cut = open();
                assert_eq!(cut.receive(&bytes[..end]).unwrap(), events);
                assert_eq!(cut.protocol.stats().buffered_bytes, end - start);
            }
            events.extend(peer.receive(&frame.bytes).unwrap());
            start += frame.bytes.len();
        }
    }
}

#[test]
fn a_frame_above_the_limit_is_refused_on_its_first_bytes() {
    for (_, mut b) in Peer::pairs() {
        b.open(&key(1));
        // MAX_FRAME + 1.
        let error = b.receive(&[0x81, 0x80, 0xc0, 0x02]).unwrap_err();
        let ProtocolError::Decode(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.kind(), DecodeErrorKind::FrameTooLarge);
        assert!(!b.protocol.wants_input());
        // Nothing is taken in any more.
        b.protocol.handle_input(NOW, &[0; 1000]);
        assert_eq!(b.protocol.stats().buffered_bytes, 0);
        assert_eq!(b.protocol.stats().bytes_in, 4);
    }
}

#[test]
fn the_longest_frame_is_accepted() {
    for (mut a, mut b) in Peer::pairs() {
        let channel = a.open(&key(1));
        b.open(&key(1));
        let overhead = if a.protocol.is_encrypted() { 18 } else { 2 };
        let body = vec![5; MAX_FRAME - overhead];
        a.protocol
            .send_raw(NOW, channel, 9, &body, &mut a.out)
            .unwrap();
        let sent = a.sent();
        let mut last = None;
        for piece in sent.chunks(60_000) {
            assert!(b.protocol.wants_input());
            last = b.receive(piece).unwrap().pop().or(last);
        }
        let kind = 9;
        let body = body.into();
        let message = Event::Message {
            channel,
            kind,
            body,
        };
        assert_eq!(last, Some(message));
    }
}

#[test]
fn overlong_numbers_are_accepted_as_upstream_does() {
    for (mut a, mut b) in Peer::pairs() {
        let channel = a.open(&key(1));
        b.open(&key(1));
        b.receive(&a.sent()).unwrap();
        a.say(channel, 1);
        let sent = a.sent();
        let (length, payload) = (sent[0], &sent[2..]);
        // Length in three bytes, channel 0 in ten.
        let mut frame = vec![(length + 9) | 0x80, 0x80, 0];
        frame.extend([0x80; 9]);
        frame.push(0);
        frame.extend(payload);
        let events = b.receive(&[&frame[..], &[0x80, 0x80, 0x80, 0], KEEP_ALIVE].concat());
        assert_eq!(blocks(&events.unwrap(), channel), [1]);
        assert_eq!(b.protocol.stats().frames_in, 4);
        // A fifth byte of a length is refused whatever the value, as upstream does.
        let error = b.receive(&[0x80, 0x80, 0x80, 0x80]).unwrap_err();
        let ProtocolError::Decode(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.kind(), DecodeErrorKind::FrameLengthTooLong);
    }
}

#[test]
fn a_message_under_another_key_ends_the_connection() {
    let [(mut a, mut b), _] = Peer::pairs();
    let channel = a.open(&key(1));
    b.open(&key(1));
    a.say(channel, 0);
    b.receive(&a.sent()).unwrap();
    a.say(channel, 1);
    let mut sent = a.sent();
    *sent.last_mut().unwrap() ^= 1;
    let error = b.receive(&sent).unwrap_err();
    let (channel, frame) = (0, 1);
    let misbehaviour = Misbehaviour::DecryptionFailed { channel, frame };
    assert_eq!(error, ProtocolError::PeerMisbehaved(misbehaviour));
}

#[test]
fn a_message_twice_or_left_out_ends_the_connection() {
    for skip in [true, false] {
        let [(mut a, mut b), _] = Peer::pairs();
        let channel = a.open(&key(1));
        b.open(&key(1));
        b.receive(&a.sent()).unwrap();
        a.say(channel, 1);
        let first = a.sent();
        if skip {
            a.say(channel, 2);
            assert!(b.receive(&a.sent()).is_err());
        } else {
            b.receive(&first).unwrap();
            assert!(b.receive(&first).is_err());
        }
    }
}

#[test]
fn messages_shorter_than_a_tag_end_the_connection() {
    for length in 1..16 {
        let [(mut a, mut b), _] = Peer::pairs();
        a.open(&key(1));
        b.open(&key(1));
        b.receive(&a.sent()).unwrap();
        let mut frame = vec![length as u8 + 1, 0];
        frame.extend(vec![0; length]);
        let error = b.receive(&frame).unwrap_err();
        let (channel, found) = (0, length);
        let misbehaviour = Misbehaviour::MessageTooShort { channel, found };
        assert_eq!(error, ProtocolError::PeerMisbehaved(misbehaviour));
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let (channel, frame) = (3, 7);
    let error = ProtocolError::PeerMisbehaved(Misbehaviour::DecryptionFailed { channel, frame });
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(error.to_string(), "peer broke the protocol");
    assert_eq!(
        source.to_string(),
        "frame 7 of channel 3 does not open with the key of its feed"
    );
}
