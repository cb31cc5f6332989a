use hyperfeed_types::{PeerId, PublicId};
use hyperfeed_v2_crypto::{Nonce, public_id, secretbox};
use hyperfeed_v2_protocol::{Config, Event, Limits, Misbehaviour, ProtocolError};
use hyperfeed_v2_wire::{
    FrameKind, Handshake, ProtocolHandshake, decode_frame, encode_frame_header,
};

use crate::{
    peer::{NOW, Peer, blocks, key},
    session::{Session, Side},
};

const NONCE: [u8; 24] = [0xff; 24];

fn handshake(channel: u64, public_id: PublicId, protocol: Option<&[u8]>) -> Vec<u8> {
    let handshake = Handshake {
        public_id,
        nonce: &NONCE,
        protocol,
    };
    let mut frame = Vec::new();
    encode_frame_header(channel, handshake.encoded_len(), &mut frame);
    handshake.encode(&mut frame);
    frame
}

/// An introduction as it is on the wire, for feed 1.
fn introduction(encrypted: bool, plain: &[u8]) -> Vec<u8> {
    if !encrypted {
        return plain.to_vec();
    }
    let mut bytes = [&[0; secretbox::TAG_LEN][..], plain].concat();
    secretbox::seal(&key(1), &Nonce::new(NONCE), &mut bytes);
    bytes
}

fn fails_with(mut peer: Peer, frame: &[u8], misbehaviour: Misbehaviour) {
    let error = peer.receive(frame).unwrap_err();
    assert_eq!(error, ProtocolError::PeerMisbehaved(misbehaviour));
    assert_eq!(peer.events().unwrap_err(), error);
}

#[test]
fn our_first_channel_alone_has_an_introduction() {
    for (mut a, _) in Peer::pairs() {
        for number in 0..5 {
            let channel = a.open(&key(number));
            let frame = a.sent();
            let FrameKind::Message { payload, .. } = decode_frame(&frame).unwrap().unwrap().kind
            else {
                panic!()
            };
            let handshake = Handshake::decode(&frame[payload]).unwrap();
            assert_eq!(handshake.protocol.is_some(), number == 0);
            assert_eq!(channel.number(), u64::from(number));
        }
        // Nor does one that is opened after the first was left.
        let channel = a.protocol.channel(&public_id(&key(0))).unwrap();
        a.protocol.leave(channel);
        a.open(&key(0));
        assert_eq!(a.sent().len(), 2 + 34 + 26);
    }
}

#[test]
fn opening_an_open_feed_gives_its_channel_and_writes_nothing() {
    for (mut a, _) in Peer::pairs() {
        let channel = a.open(&key(1));
        a.sent();
        assert_eq!(a.open(&key(1)), channel);
        assert!(a.out.is_empty());
    }
}

#[test]
fn a_first_channel_without_introduction_is_tolerated() {
    for (_, mut b) in Peer::pairs() {
        let channel = b.open(&key(1));
        let events = b.receive(&handshake(0, public_id(&key(1)), None)).unwrap();
        let anonymous = Event::Handshake {
            peer_id: None,
            extensions: Vec::new(),
        };
        assert_eq!(events.len(), 3);
        assert_eq!(events[1], anonymous);
        assert_eq!(events[2], Event::Ready { channel });
        assert_eq!(b.protocol.remote_peer_id(), None);
        // The second channel never has one and is not reported.
        let events = b.receive(&handshake(1, public_id(&key(2)), None)).unwrap();
        assert_eq!(events.len(), 1);
    }
}

#[test]
fn an_introduction_is_read_once_and_counts_a_nonce_on_any_channel() {
    for (mut a, mut b) in Peer::pairs() {
        let encrypted = a.protocol.is_encrypted();
        a.open(&key(2));
        b.open(&key(2));
        let channel = b.open(&key(1));
        let first = b.receive(&a.sent()).unwrap();
        let handshakes = |events: &[Event]| {
            let handshakes = events
                .iter()
                .filter(|e| matches!(e, Event::Handshake { .. }));
            handshakes.count()
        };
        assert_eq!(handshakes(&first), 1);

        let plain = [&[0x12, 32][..], &[5; 32]].concat();
        let again = introduction(encrypted, &plain);
        let frame = handshake(1, public_id(&key(1)), Some(&again));
        assert_eq!(handshakes(&b.receive(&frame).unwrap()), 0);
        assert_eq!(b.protocol.remote_peer_id(), Some(&PeerId::new([1; 32])));

        // All ff wraps to zero.
        let mut message = [&[0; secretbox::TAG_LEN][..], &[0, 8, 77]].concat();
        secretbox::seal(&key(1), &Nonce::new([0; 24]), &mut message);
        let payload = if encrypted { &message[..] } else { &[0, 8, 77] };
        let mut frame = Vec::new();
        encode_frame_header(1, payload.len(), &mut frame);
        frame.extend_from_slice(payload);
        assert_eq!(blocks(&b.receive(&frame).unwrap(), channel), [77]);
    }
}

#[test]
fn a_version_and_unknown_fields_are_ignored() {
    for (_, mut b) in Peer::pairs() {
        let encrypted = b.protocol.is_encrypted();
        b.open(&key(1));
        let plain = [&[0x08, 9, 0x12, 32][..], &[5; 32], &[0x22, 1, 0]].concat();
        let frame = handshake(
            0,
            public_id(&key(1)),
            Some(&introduction(encrypted, &plain)),
        );
        b.receive(&frame).unwrap();
        assert_eq!(b.protocol.remote_peer_id(), Some(&PeerId::new([5; 32])));
    }
}

#[test]
fn a_peer_id_of_another_length_is_refused() {
    for length in [0, 31, 33] {
        for (_, mut b) in Peer::pairs() {
            let encrypted = b.protocol.is_encrypted();
            b.open(&key(1));
            let id = vec![5; length];
            let plain = [
                &[0x12, length as u8][..],
                &id,
                &[0x1a, 14],
                b"some extension",
            ]
            .concat();
            let frame = handshake(
                0,
                public_id(&key(1)),
                Some(&introduction(encrypted, &plain)),
            );
            let error = b.receive(&frame).unwrap_err();
            let ProtocolError::Decode(error) = error else {
                panic!("{error:?}")
            };
            assert_eq!(
                (error.message(), error.field()),
                ("ProtocolHandshake", "peerId")
            );
        }
    }
}

#[test]
fn an_introduction_shorter_than_a_tag_is_refused() {
    for length in [0, 1, 15] {
        for (_, mut b) in Peer::pairs() {
            b.open(&key(1));
            let frame = handshake(0, public_id(&key(1)), Some(&[0; 15][..length]));
            let (channel, found) = (0, length);
            fails_with(
                b,
                &frame,
                Misbehaviour::IntroductionTooShort { channel, found },
            );
        }
    }
}

#[test]
fn an_introduction_under_another_key_is_refused() {
    let (mut a, mut b) = Peer::pairs().into_iter().next().unwrap();
    // The public id of a feed is not secret: a claims to have it.
    a.open(&key(2));
    let sent = a.sent();
    let payload = match decode_frame(&sent).unwrap().unwrap().kind {
        FrameKind::Message { payload, .. } => &sent[payload],
        FrameKind::KeepAlive => panic!(),
    };
    let theirs = Handshake::decode(payload).unwrap();
    let frame = handshake(0, public_id(&key(1)), theirs.protocol);
    b.open(&key(1));
    fails_with(
        b,
        &frame,
        Misbehaviour::IntroductionNotOpened { channel: 0 },
    );
}

#[test]
fn an_introduction_that_turns_out_wrong_on_opening_is_an_error_of_the_next_poll() {
    let (_, mut b) = Peer::pairs().into_iter().next().unwrap();
    let frame = handshake(0, public_id(&key(1)), Some(&[0; 50]));
    assert_eq!(b.receive(&frame).unwrap().len(), 1);
    b.open(&key(1));
    let misbehaviour = Misbehaviour::IntroductionNotOpened { channel: 0 };
    assert_eq!(b.events(), Err(ProtocolError::PeerMisbehaved(misbehaviour)));
    assert_eq!(b.protocol.poll_timeout(), None);
    assert!(!b.protocol.wants_input());
}

#[test]
fn an_introduction_above_the_limit_is_refused_unseen() {
    let (channel, limit) = (0, Limits::default().max_introduction);
    let found = limit + 1;
    for (_, b) in Peer::pairs() {
        let frame = handshake(0, public_id(&key(1)), Some(&vec![0; found]));
        let misbehaviour = Misbehaviour::IntroductionTooLong {
            channel,
            found,
            limit,
        };
        fails_with(b, &frame, misbehaviour);
    }
}

#[test]
fn the_longest_introduction_of_upstream_is_far_below_the_limit() {
    let names: Vec<String> = (0..64).map(|n| format!("{n:0>900}")).collect();
    let introduction = ProtocolHandshake {
        version: None,
        peer_id: PeerId::new([0; 32]),
        extensions: names.as_slice().into(),
    };
    assert!(introduction.encoded_len() + secretbox::TAG_LEN < Limits::default().max_introduction);
}

#[test]
fn too_many_channels_for_feeds_not_open_here_are_refused() {
    let mut config = Config::new(PeerId::new([2; 32]));
    config.limits.max_channels = 3;
    let mut b = Peer::new(config, 2);
    for number in 0..3 {
        let frame = handshake(u64::from(number), public_id(&key(number)), None);
        assert_eq!(b.receive(&frame).unwrap().len(), 1);
    }
    // One that is open here does not count.
    b.open(&key(3));
    b.receive(&handshake(3, public_id(&key(3)), None)).unwrap();
    let frame = handshake(4, public_id(&key(4)), None);
    fails_with(b, &frame, Misbehaviour::TooManyChannels { limit: 3 });
}

#[test]
fn a_peer_connected_to_itself_does_not_break() {
    for (mut a, _) in Peer::pairs() {
        let [one, two] = [1, 2].map(|number| a.open(&key(number)));
        for round in 0..3 {
            a.say(one, round);
            a.say(two, round + 100);
            let echo = a.sent();
            let events = a.receive(&echo).unwrap();
            assert_eq!(blocks(&events, one), [round]);
            assert_eq!(blocks(&events, two), [round + 100]);
        }
        // How the caller notices.
        assert_eq!(a.protocol.remote_peer_id(), Some(&PeerId::new([1; 32])));
    }
}

/// Documented in the README: the protocol has no defence, as the sender alone chooses the nonces.
#[test]
fn a_recorded_session_can_be_played_back() {
    let session = Session::named("live feed, three blocks");
    let (_, key) = session.feeds[0];
    let record = session.bytes_from(Side::A);
    let replay = |seed| {
        let mut b = Peer::new(session.config(Side::B), seed);
        b.open(&key);
        b.receive(&record).unwrap()
    };
    let events = replay(1);
    assert_eq!(events.len(), 3 + 4);
    assert_eq!(replay(2), events);
    // Within one connection it is noticed: the nonces have moved on.
    let mut b = Peer::new(session.config(Side::B), 1);
    b.open(&key);
    b.receive(&record).unwrap();
    let message = session.from(Side::A).nth(1).unwrap();
    assert!(b.receive(&message.bytes).is_err());
}

#[test]
fn a_frame_on_a_new_number_that_is_no_handshake_is_ignored() {
    for (mut a, mut b) in Peer::pairs() {
        for payload in [&[0x0a][..], &[0; 60], b"GET / HTTP/1.1", &[0x0a, 1, 7]] {
            let mut frame = Vec::new();
            encode_frame_header(9, payload.len(), &mut frame);
            frame.extend_from_slice(payload);
            assert_eq!(b.receive(&frame).unwrap(), []);
        }
        assert_eq!(b.protocol.stats().frames_ignored, 4);
        assert_eq!(b.protocol.stats().remote_channels, 0);
        let channel = a.open(&key(1));
        a.say(channel, 3);
        b.open(&key(1));
        assert_eq!(blocks(&b.receive(&a.sent()).unwrap(), channel), [3]);
        assert!(b.protocol.handle_timeout(NOW, &mut b.out).is_ok());
    }
}
