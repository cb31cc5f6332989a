use hyperfeed_types::{Instant, PeerId};
use hyperfeed_v2_protocol::{ApiMisuse, Config, Event, NonceSource, Protocol};
use hyperfeed_v2_wire::{Message, Nodes, Response, limits::MAX_BLOCK, limits::MAX_FRAME};

use crate::peer::{NOW, Peer, key};

fn response(data: &[u8]) -> Message<'_> {
    Message::Response(Response {
        block: 0,
        data,
        nodes: Nodes::EMPTY,
        signature: Some(&[1; 64]),
    })
}

#[test]
fn the_largest_block_of_the_specification_passes_and_one_byte_more_does_not() {
    let [(mut a, mut b), _] = Peer::pairs();
    let channel = a.open(&key(1));
    b.open(&key(1));
    b.receive(&a.sent()).unwrap();
    let data = vec![7; 5_242_790];
    let error = a
        .protocol
        .send(NOW, channel, &response(&data), &mut a.out)
        .unwrap_err();
    let (found, limit) = (MAX_FRAME + 1, MAX_FRAME);
    assert_eq!(error, ApiMisuse::TooLarge { found, limit });
    assert!(a.out.is_empty());
    let last = &data[1..];
    a.protocol
        .send(NOW, channel, &response(last), &mut a.out)
        .unwrap();
    let events = b.receive(&a.sent()).unwrap();
    let Event::Message { kind, body, .. } = &events[0] else {
        panic!()
    };
    let Message::Response(response) = Message::decode(*kind, body).unwrap() else {
        panic!()
    };
    assert_eq!(response.data, last);
    assert!(MAX_BLOCK < last.len());
}

#[test]
fn frames_are_put_behind_what_is_in_the_buffer() {
    for (mut a, mut b) in Peer::pairs() {
        a.out.extend_from_slice(b"before");
        let channel = a.open(&key(1));
        a.say(channel, 1);
        let sent = a.sent();
        let (before, frames) = sent.split_at(6);
        assert_eq!(before, b"before");
        b.open(&key(1));
        assert_eq!(b.receive(frames).unwrap().len(), 4);
        assert_eq!(a.protocol.stats().bytes_out, frames.len() as u64);
        assert_eq!(b.protocol.stats().bytes_in, frames.len() as u64);
        assert_eq!(a.protocol.stats().frames_out, 2);
        assert_eq!(b.protocol.stats().frames_in, 2);
    }
}

#[test]
fn bodies_are_parts_of_the_one_copy_that_was_made_of_the_input() {
    for (mut a, mut b) in Peer::pairs() {
        let channel = a.open(&key(1));
        b.open(&key(1));
        b.receive(&a.sent()).unwrap();
        for body in [&[1; 100][..], &[2; 200], &[3; 300]] {
            a.protocol
                .send_raw(NOW, channel, 9, body, &mut a.out)
                .unwrap();
        }
        let events = b.receive(&a.sent()).unwrap();
        let address = |event: &Event| match event {
            Event::Message { body, .. } => body.as_ptr().addr(),
            event => panic!("{event:?}"),
        };
        let addresses: Vec<usize> = events.iter().map(address).collect();
        // Between two bodies: the length in two bytes, channel, tag, type.
        let between = if a.protocol.is_encrypted() { 20 } else { 4 };
        assert_eq!(addresses[1] - addresses[0], 100 + between);
        assert_eq!(addresses[2] - addresses[1], 200 + between);
    }
}

#[test]
fn a_failed_call_uses_up_no_nonce() {
    let [(mut a, mut b), _] = Peer::pairs();
    let channel = a.open(&key(1));
    b.open(&key(1));
    let large = vec![0; MAX_FRAME];
    assert!(
        a.protocol
            .send_raw(NOW, channel, 9, &large, &mut a.out)
            .is_err()
    );
    assert!(
        a.protocol
            .send_extension(NOW, channel, 0, b"", &mut a.out)
            .is_err()
    );
    a.say(channel, 1);
    assert_eq!(b.receive(&a.sent()).unwrap().len(), 4);
}

#[test]
fn as_many_channels_as_configured_can_be_open_at_a_time() {
    let mut config = Config::new(PeerId::new([1; 32]));
    config.limits.max_channels = 3;
    let mut a = Peer::new(config, 1);
    let first = a.open(&key(0));
    a.open(&key(1));
    a.open(&key(2));
    a.sent();
    let error = a.protocol.open(NOW, &key(3), &mut a.out).unwrap_err();
    assert_eq!(error, ApiMisuse::TooManyChannels { limit: 3 });
    assert!(a.out.is_empty());
    assert_eq!(a.open(&key(2)).number(), 2);
    a.protocol.leave(first);
    assert_eq!(a.open(&key(3)).number(), 3);
}

#[test]
fn nonces_of_a_seed_differ_per_channel_and_seed_and_come_again_with_it() {
    let handshakes = |seed| {
        let mut a = Peer::new(Config::new(PeerId::new([1; 32])), seed);
        [1, 2].map(|number| {
            a.open(&key(number));
            a.sent()
        })
    };
    let nonce = |frame: &[u8]| frame[38..62].to_vec();
    let [one, two] = handshakes(1);
    assert_ne!(nonce(&one), nonce(&two));
    assert_ne!(nonce(&one), nonce(&handshakes(2)[0]));
    assert_eq!([one, two], handshakes(1));
}

#[test]
fn nonces_for_tests_run_out() {
    let nonces = NonceSource::FixedForTests(Vec::new());
    let config = Config::new(PeerId::new([1; 32]));
    let mut protocol = Protocol::with_nonces(config, nonces, Instant::ZERO);
    let mut out = Vec::new();
    let error = protocol.open(NOW, &key(1), &mut out);
    assert_eq!(error, Err(ApiMisuse::NoNonceLeft));
    assert!(out.is_empty());
}

#[test]
fn nothing_secret_shows_in_debug_output() {
    let secret = [0xc7; 32];
    let mut a = Peer::new(Config::new(PeerId::new([1; 32])), 0xd9);
    a.open(&hyperfeed_types::FeedKey::new(secret));
    let text = format!("{:?}", a.protocol);
    for byte in ["199, 199", "c7c7", "217, 217", "d9d9"] {
        assert!(!text.contains(byte), "{text}");
    }
}
