use hyperfeed_types::PeerId;
use hyperfeed_v2_crypto::public_id;
use hyperfeed_v2_protocol::{ApiMisuse, Config, Event};
use hyperfeed_v2_wire::{Handshake, ProtocolHandshake, encode_frame_header};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::peer::{NOW, Peer, key};

fn peer(encrypted: bool, id: u8, names: &[String]) -> Peer {
    let mut config = Config::new(PeerId::new([id; 32]));
    config.encrypted = encrypted;
    config.extensions = names.to_vec();
    Peer::new(config, id)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.into()).collect()
}

/// Opens one feed at both and lets both introduce themselves.
fn connect(a: &mut Peer, b: &mut Peer) {
    a.open(&key(1));
    b.open(&key(1));
    b.receive(&a.sent()).unwrap();
    a.receive(&b.sent()).unwrap();
}

#[test]
fn names_are_sorted_by_utf16_code_units_and_repetitions_dropped() {
    // U+1F600 is d83d de00 in UTF-16, and so before U+FF5E.
    let list = names(&["b", "\u{ff5e}", "a", "\u{1f600}", "b", "", "B"]);
    let peer = peer(true, 1, &list);
    let sorted = names(&["", "B", "a", "b", "\u{1f600}", "\u{ff5e}"]);
    assert_eq!(peer.protocol.extensions(), sorted);
}

#[test]
fn names_from_the_65th_on_do_not_count_on_either_side() {
    let all: Vec<String> = (0..70).map(|n| format!("{n:02}")).collect();
    let mut a = peer(true, 1, &all);
    assert_eq!(a.protocol.extensions().len(), 64);
    // The remote may say more than 64.
    let mut config = Config::new(PeerId::new([2; 32]));
    config.extensions = all[6..].to_vec();
    let mut b = Peer::new(config, 2);
    connect(&mut a, &mut b);
    let common = |peer: &Peer| {
        (0..70)
            .filter(|&n| peer.protocol.remote_supports(n))
            .count()
    };
    assert_eq!((common(&a), common(&b)), (58, 58));
    let (name, known) = (64, 64);
    let channel = b.open(&key(1));
    let error = a.protocol.send_extension(NOW, channel, 64, b"", &mut a.out);
    assert_eq!(error, Err(ApiMisuse::UnknownExtension { name, known }));
    assert!(a.out.is_empty());
}

#[test]
fn of_a_longer_list_of_the_remote_the_first_64_names_count() {
    let all: Vec<String> = (0..70).map(|n| format!("{n:02}")).collect();
    let mut a = peer(false, 1, &all[60..]);
    a.open(&key(1));
    let mut introduction = Vec::new();
    ProtocolHandshake {
        version: None,
        peer_id: PeerId::new([2; 32]),
        extensions: all.as_slice().into(),
    }
    .encode(&mut introduction);
    let handshake = Handshake {
        public_id: public_id(&key(1)),
        nonce: &[0; 24],
        protocol: Some(&introduction),
    };
    let mut frame = Vec::new();
    encode_frame_header(0, handshake.encoded_len(), &mut frame);
    handshake.encode(&mut frame);
    let events = a.receive(&frame).unwrap();
    let Event::Handshake { extensions, .. } = &events[1] else {
        panic!()
    };
    assert_eq!(extensions, &all[..64]);
    let known: Vec<usize> = (0..10).filter(|&n| a.protocol.remote_supports(n)).collect();
    assert_eq!(known, [0, 1, 2, 3]);
}

#[test]
fn a_name_too_long_to_report_can_be_spoken_of_nevertheless() {
    let long = "x".repeat(1001);
    let list = [String::from("a"), long];
    let (mut a, mut b) = (peer(true, 1, &list), peer(true, 2, &list));
    let channel = a.open(&key(1));
    b.open(&key(1));
    let events = b.receive(&a.sent()).unwrap();
    let Event::Handshake { extensions, .. } = &events[1] else {
        panic!()
    };
    assert_eq!(extensions, &names(&["a"]));
    a.protocol
        .send_extension(NOW, channel, 1, b"hello", &mut a.out)
        .unwrap();
    let (name, body) = (1, b"hello"[..].into());
    let extension = Event::Extension {
        channel,
        name,
        body,
    };
    assert_eq!(b.receive(&a.sent()).unwrap(), [extension]);
}

#[test]
fn a_message_of_an_extension_before_the_introduction_is_dropped() {
    for encrypted in [true, false] {
        let list = names(&["a"]);
        let (mut a, mut b) = (peer(encrypted, 1, &list), peer(encrypted, 2, &list));
        // The introduction is on a channel that is not open at b.
        a.open(&key(1));
        let channel = a.open(&key(2));
        let channel_of_b = b.open(&key(2));
        let mut send = |a: &mut Peer| {
            let out = &mut a.out;
            a.protocol
                .send_extension(NOW, channel, 0, b"x", out)
                .unwrap();
            b.receive(&a.sent()).unwrap().pop()
        };
        let ready = Event::Ready {
            channel: channel_of_b,
        };
        assert_eq!(send(&mut a), Some(ready));
        let events = b_opens_first_feed(&mut b);
        assert!(matches!(events[0], Event::Handshake { .. }));
        a.protocol
            .send_extension(NOW, channel, 0, b"x", &mut a.out)
            .unwrap();
        let event = b.receive(&a.sent()).unwrap().pop();
        assert!(matches!(event, Some(Event::Extension { name: 0, .. })));
    }
}

fn b_opens_first_feed(b: &mut Peer) -> Vec<Event> {
    b.open(&key(1));
    b.events().unwrap()
}

/// The walk of spec section 14.5, on indices, as upstream's.
fn merge(ours: &[String], theirs: &[String]) -> Vec<Option<usize>> {
    let utf16 = |name: &String| name.encode_utf16().collect::<Vec<_>>();
    let mut found = vec![None; 64];
    let (mut local, mut remote) = (0, 0);
    while local < ours.len() && remote < theirs.len() && remote < 64 {
        if ours[local] == theirs[remote] {
            found[remote] = Some(local);
            local += 1;
            remote += 1;
        } else if utf16(&ours[local]) < utf16(&theirs[remote]) {
            local += 1;
        } else {
            remote += 1;
        }
    }
    found
}

fn name() -> impl Strategy<Value = String> {
    let letters = [
        'a',
        'b',
        'Z',
        '\u{e9}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{ffff}',
        '\u{10000}',
    ];
    vec(select(letters.to_vec()), 0..3).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_message_arrives_under_our_name_or_not_at_all(
        ours in vec(name(), 0..70),
        theirs in vec(name(), 0..70),
        encrypted: bool,
    ) {
        let (mut a, mut b) = (peer(encrypted, 1, &ours), peer(encrypted, 2, &theirs));
        connect(&mut a, &mut b);
        let (ours, theirs) = (a.protocol.extensions().to_vec(), b.protocol.extensions().to_vec());
        let found = merge(&ours, &theirs);
        let channel = b.open(&key(1));
        for (id, name) in theirs.iter().enumerate() {
            let body = name.as_bytes();
            b.protocol.send_extension(NOW, channel, id, body, &mut b.out).unwrap();
            let events = a.receive(&b.sent()).unwrap();
            let expected: Vec<Event> = found[id]
                .map(|name| Event::Extension { channel, name, body: body.to_vec().into() })
                .into_iter()
                .collect();
            prop_assert_eq!(&events, &expected);
            prop_assert_eq!(found[id].is_some(), ours.contains(name));
        }
        for (index, name) in ours.iter().enumerate() {
            prop_assert_eq!(a.protocol.remote_supports(index), theirs.contains(name));
        }
    }
}
