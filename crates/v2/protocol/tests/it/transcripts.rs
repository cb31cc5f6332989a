use std::collections::BTreeMap;

use hyperfeed_testing_vectors::json;
use hyperfeed_types::{PublicId, hex};
use hyperfeed_v2_protocol::{ChannelId, Event, Misbehaviour, NonceSource, Protocol, ProtocolError};
use hyperfeed_v2_wire::{FrameKind, KEEP_ALIVE, Message, decode_frame};
use serde_json::Value;

use crate::{
    message_json::message_json,
    peer::{NOW, Peer, blocks},
    session::{Frame, Session, Side, extensions},
};

/// The session in which one side stops encrypting; both ends fail, here as upstream.
const MIXED: &str = "one side encrypts, the other does not: error";

/// The session with a keep-alive at the fourth tick and a timeout at the eleventh.
const TICKS: &str = "keep-alive, lost requests and timeout (ticks driven by hand)";

/// Sessions in which upstream gives a channel number to a second feed.
const REUSE: &str = "leave, then another feed on the freed channel";

#[test]
fn every_session_is_read_as_recorded_by_either_side() {
    let mut frames = 0;
    for session in Session::all() {
        if session.name == MIXED {
            continue;
        }
        for reader in Side::BOTH {
            let mut peer = Peer::new(session.config(reader), 1);
            for (_, key) in &session.feeds {
                peer.open(key);
            }
            let mut listener = Listener::new(session, reader);
            for frame in session.from(reader.other()) {
                let events = peer.receive(&frame.bytes).unwrap();
                let expected = listener.expected(frame, &peer.protocol);
                assert_eq!(events, expected, "{} {:?}", session.name, frame.is);
                frames += 1;
            }
        }
    }
    assert_eq!(frames, 532);
}

/// What the recorded form of frames means in events, if all feeds are open here.
struct Listener<'a> {
    session: &'a Session,
    reader: Side,
    channels: BTreeMap<u64, ChannelId>,
    introduced: bool,
}

impl<'a> Listener<'a> {
    fn new(session: &'a Session, reader: Side) -> Self {
        Self {
            session,
            reader,
            channels: BTreeMap::new(),
            introduced: false,
        }
    }

    fn expected(&mut self, frame: &Frame, protocol: &Protocol) -> Vec<Event> {
        let is = &frame.is;
        if is["keepalive"] == true {
            return Vec::new();
        }
        let number = is["channel"].as_u64().unwrap();
        if !is["open"].is_null() {
            return self.opened(number, is, protocol);
        }
        // The same handshake on a number in use: upstream's reader does not see that it is one.
        if self.session.name.starts_with(REUSE) && (is["note"].is_string() || is["type"] == 10) {
            let channel = self.channels[&number];
            let (public_id, _) = self.session.feeds[1];
            let reopened = self.open(number, public_id, protocol);
            return [vec![Event::Closed { channel }], reopened].concat();
        }
        let channel = self.channels[&number];
        if is["close"] == true {
            return vec![Event::Closed { channel }];
        }
        let plain = match is["plain"].as_str() {
            Some(plain) => hex::decode(plain).unwrap(),
            None => payload(&frame.bytes).to_vec(),
        };
        let (&kind, body) = plain.split_first().unwrap();
        assert_eq!(is["type"], kind);
        let message = Message::decode(kind, body).unwrap();
        assert_eq!(message_json(&message), is.get("message").cloned());
        let payload = is["payload"].as_str().unwrap_or_default();
        assert!(is.get("message").is_some() || hex::encode(body) == payload);
        let body = body.to_vec().into();
        match kind {
            0..64 => vec![Event::Message {
                channel,
                kind,
                body,
            }],
            64..128 => {
                let name = extensions(self.reader.other())[usize::from(kind - 64)];
                let mut ours = extensions(self.reader).iter();
                let name = ours.position(|own| *own == name);
                name.into_iter()
                    .map(|name| Event::Extension {
                        channel,
                        name,
                        body: body.clone(),
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn opened(&mut self, number: u64, is: &Value, protocol: &Protocol) -> Vec<Event> {
        let public_id = public_id(is);
        let mut events = self.open(number, public_id, protocol);
        let introduction = &is["open"]["protocol"];
        if !introduction.is_null() {
            assert!(!self.introduced);
            self.introduced = true;
            let names = introduction["extensions"].as_array().unwrap().iter();
            let handshake = Event::Handshake {
                peer_id: Some(self.reader.other().peer_id()),
                extensions: names.map(|name| name.as_str().unwrap().into()).collect(),
            };
            assert_eq!(
                protocol.remote_peer_id(),
                Some(&self.reader.other().peer_id())
            );
            events.insert(1, handshake);
        }
        events
    }

    fn open(&mut self, number: u64, public_id: PublicId, protocol: &Protocol) -> Vec<Event> {
        let channel = protocol.channel(&public_id).unwrap();
        self.channels.insert(number, channel);
        vec![
            Event::Opened {
                public_id,
                channel: Some(channel),
            },
            Event::Ready { channel },
        ]
    }
}

#[test]
fn every_session_is_written_byte_for_byte_by_either_side() {
    let (mut frames, mut skipped) = (0, Vec::new());
    for session in Session::all() {
        for writer in Side::BOTH {
            let nonces = NonceSource::FixedForTests(session.nonces_from(writer));
            let mut peer = Peer {
                protocol: Protocol::with_nonces(session.config(writer), nonces, NOW),
                out: Vec::new(),
            };
            let mut channels = BTreeMap::new();
            for frame in session.from(writer) {
                if !write(&mut peer, &mut channels, session, frame) {
                    skipped.push((session.name.clone(), hex::encode(&frame.bytes)));
                    continue;
                }
                let got = hex::encode(&peer.sent());
                assert_eq!(
                    got,
                    hex::encode(&frame.bytes),
                    "{} {}",
                    session.name,
                    frame.is
                );
                frames += 1;
            }
        }
    }
    // Close frames, which we never send; the feed on a number used before (and its first message, in plain
    // mode); the plain message of the side that does not encrypt.
    let skipped: Vec<&str> = skipped.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        skipped,
        [
            "close frame (an error when encrypted)",
            REUSE,
            "close frame, not encrypted (ignored)",
            "leave, then another feed on the freed channel, not encrypted",
            "leave, then another feed on the freed channel, not encrypted",
            MIXED,
        ]
    );
    assert_eq!(frames, 532 + 4 - skipped.len());
}

/// Makes the peer write one frame as recorded; `false` if there is no call for it.
fn write(
    peer: &mut Peer,
    channels: &mut BTreeMap<u64, ChannelId>,
    session: &Session,
    frame: &Frame,
) -> bool {
    let is = &frame.is;
    if is["keepalive"] == true {
        while peer.out.is_empty() {
            // Heard at each tick, so that only the quiet counts.
            peer.receive(KEEP_ALIVE).unwrap();
            let now = peer.protocol.poll_timeout().unwrap();
            peer.protocol.handle_timeout(now, &mut peer.out).unwrap();
        }
        return true;
    }
    if is["close"] == true || is["note"].is_string() || is["type"] == 10 {
        // The number is free after this, and the next frame on it is not for its feed.
        channels.clear();
        return false;
    }
    let number = is["channel"].as_u64().unwrap();
    if !is["open"].is_null() {
        let channel = peer.open(&session.key(&public_id(is)));
        assert_eq!(channel.number(), number);
        channels.insert(number, channel);
        return true;
    }
    let Some(&channel) = channels.get(&number) else {
        return false;
    };
    let plain = match is["plain"].as_str() {
        Some(plain) => hex::decode(plain).unwrap(),
        None => payload(&frame.bytes).to_vec(),
    };
    let (&kind, body) = plain.split_first().unwrap();
    let (protocol, out) = (&mut peer.protocol, &mut peer.out);
    match Message::decode(kind, body).unwrap() {
        Message::Extension { id, body } => {
            protocol.send_extension(NOW, channel, usize::from(id), body, out)
        }
        Message::Unknown { kind } => protocol.send_raw(NOW, channel, kind, body, out),
        message => protocol.send(NOW, channel, &message, out),
    }
    .unwrap();
    true
}

/// Spec section 14.9 as recorded: which tick sends a keep-alive, and which ends the connection.
#[test]
fn the_session_driven_by_ticks_is_timed_as_recorded() {
    let transcripts = json("transcripts");
    let mut sessions = transcripts["sessions"].as_array().unwrap().iter();
    let log = sessions.find(|session| session["name"] == TICKS).unwrap()["log"].as_array();
    let session = Session::named(TICKS);
    let nonces = NonceSource::FixedForTests(session.nonces_from(Side::B));
    let mut b = Peer {
        protocol: Protocol::with_nonces(session.config(Side::B), nonces, NOW),
        out: Vec::new(),
    };
    let (mut channels, mut frames, mut deaf) = (BTreeMap::new(), session.frames.iter(), false);
    let (mut keep_alives, mut ticks, mut timed_out) = (0, 0, false);
    for entry in log.unwrap() {
        if let Some(action) = entry["do"].as_str() {
            deaf |= action == "from here b receives nothing";
            if action.starts_with("tick ") {
                assert!(
                    b.out.is_empty(),
                    "a keep-alive that is not recorded before {action}"
                );
                ticks += 1;
                let now = b.protocol.poll_timeout().unwrap();
                timed_out = b.protocol.handle_timeout(now, &mut b.out).is_err();
            }
        } else if entry["frame"].is_string() {
            let frame = frames.next().unwrap();
            if frame.from == Side::A {
                if !deaf {
                    b.receive(&frame.bytes).unwrap();
                }
                continue;
            }
            match frame.is["keepalive"] == true {
                // Written by the tick before.
                true => keep_alives += 1,
                false => assert!(write(&mut b, &mut channels, session, frame)),
            }
            assert_eq!(b.sent(), frame.bytes);
        }
    }
    assert_eq!((ticks, keep_alives, timed_out), (11, 2, true));
}

#[test]
fn the_session_in_which_one_side_does_not_encrypt_fails_at_both() {
    let session = Session::named(MIXED);
    let (_, key) = session.feeds[0];

    // b encrypts. The introduction of a was made before it stopped, so it is the message that is wrong.
    let mut b = Peer::new(session.config(Side::B), 1);
    b.open(&key);
    let error = b.receive(&session.bytes_from(Side::A)).unwrap_err();
    let misbehaviour = Misbehaviour::MessageTooShort {
        channel: 0,
        found: 7,
    };
    assert_eq!(error, ProtocolError::PeerMisbehaved(misbehaviour));

    let mut config = session.config(Side::A);
    config.encrypted = false;
    let mut a = Peer::new(config, 1);
    a.open(&key);
    let error = a.receive(&session.bytes_from(Side::B)).unwrap_err();
    let ProtocolError::Decode(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.message(), "ProtocolHandshake");
}

#[test]
fn the_session_in_which_the_first_channels_differ_goes_on() {
    let session = Session::named("the first channels differ: error");
    let [(f, f_key), (g, g_key)] = session.feeds[..] else {
        panic!()
    };
    let mut b = Peer::new(session.config(Side::B), 1);
    b.open(&g_key);
    let events = b.receive(&session.bytes_from(Side::A)).unwrap();
    assert_eq!(
        events,
        [Event::Opened {
            public_id: f,
            channel: None
        }]
    );

    let channel = b.open(&f_key);
    let events = b.events().unwrap();
    assert!(matches!(
        events[0],
        Event::Handshake {
            peer_id: Some(_),
            ..
        }
    ));
    assert_eq!(events[1], Event::Ready { channel });
    let Event::Message { body, .. } = &events[2] else {
        panic!("{events:?}")
    };
    assert_eq!(hex::encode(body), "08001a0200c0");
    assert_eq!(events.len(), 3);
    assert_eq!(b.protocol.channel(&g).map(ChannelId::number), Some(0));
}

#[test]
fn the_session_with_a_close_frame_goes_on_with_a_new_channel() {
    let session = Session::named("close frame (an error when encrypted)");
    let (_, key) = session.feeds[0];
    let mut b = Peer::new(session.config(Side::B), 1);
    let closed = b.open(&key);
    let events = b.receive(&session.bytes_from(Side::A)).unwrap();
    assert_eq!(events.last(), Some(&Event::Closed { channel: closed }));
    let channel = b.open(&key);
    assert_ne!(channel, closed);
    assert_eq!(blocks(&b.events().unwrap(), channel), [0; 0]);
}

fn public_id(is: &Value) -> PublicId {
    let id = is["open"]["publicId"].as_str().unwrap();
    PublicId::new(hex::decode_array(id).unwrap())
}

fn payload(frame: &[u8]) -> &[u8] {
    match decode_frame(frame).unwrap().unwrap().kind {
        FrameKind::Message { payload, .. } => &frame[payload],
        FrameKind::KeepAlive => &[],
    }
}
