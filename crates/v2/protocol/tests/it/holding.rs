use hyperfeed_types::PeerId;
use hyperfeed_v2_protocol::{Config, Event, Limits};

use crate::peer::{Peer, blocks, key};

#[test]
fn a_feed_can_be_opened_while_its_opened_event_is_handled() {
    for (mut a, mut b) in Peer::pairs() {
        for number in 0..10 {
            let channel = a.open(&key(number));
            a.say(channel, 7);
        }
        b.protocol.handle_input(crate::peer::NOW, &a.sent());
        let (mut ready, mut messages) = (0, 0);
        while let Some(event) = b.protocol.poll_event().unwrap() {
            match event {
                Event::Opened { channel, .. } => {
                    assert_eq!(channel, None);
                    // The public id says which feed it is; here they come in order.
                    b.open(&key(ready));
                }
                Event::Ready { .. } => ready += 1,
                Event::Message { .. } => messages += 1,
                Event::Handshake { peer_id, .. } => assert_eq!(peer_id, Some(PeerId::new([1; 32]))),
                event => panic!("{event:?}"),
            }
        }
        assert_eq!((ready, messages), (10, 10));
        assert_eq!(b.protocol.stats().held_bytes, 0);
    }
}

#[test]
fn held_frames_come_before_later_ones_and_in_order() {
    for (mut a, mut b) in Peer::pairs() {
        b.open(&key(9));
        let channel = a.open(&key(1));
        (0..5).for_each(|block| a.say(channel, block));
        assert_eq!(b.receive(&a.sent()).unwrap().len(), 1);
        // Introduction and five messages.
        assert_eq!(b.protocol.stats().held_frames, 6);

        let channel_of_b = b.open(&key(1));
        (5..8).for_each(|block| a.say(channel, block));
        let events = b.receive(&a.sent()).unwrap();
        assert_eq!(blocks(&events, channel_of_b), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(b.protocol.missed_frames(channel_of_b), 0);
    }
}

/// Two peers that encrypt, the second with a small holding buffer.
fn with_limits(limits: Limits) -> (Peer, Peer) {
    let mut config = Config::new(PeerId::new([2; 32]));
    config.limits = limits;
    let a = Peer::new(Config::new(PeerId::new([1; 32])), 1);
    (a, Peer::new(config, 2))
}

/// Room for `frames` messages of [`Peer::say`] and an introduction.
fn room_for(frames: usize) -> Limits {
    Limits {
        max_held_bytes: (50 + Limits::HELD_FRAME_COST)
            + frames * (16 + 3 + Limits::HELD_FRAME_COST),
        ..Limits::default()
    }
}

#[test]
fn reading_stops_while_the_holding_buffer_is_full_and_nothing_is_open() {
    let count_limit = Limits {
        max_held_frames: 4,
        ..Limits::default()
    };
    for limits in [room_for(3), count_limit] {
        let max = limits.max_held_bytes;
        let (mut a, mut b) = with_limits(limits);
        let channel = a.open(&key(1));
        for block in 0..10 {
            a.say(channel, block);
            assert!(b.protocol.stats().held_bytes <= max);
            assert_eq!(b.protocol.wants_input(), block <= 3, "{block}");
            b.receive(&a.sent()).unwrap();
        }
        assert_eq!(b.protocol.stats().held_frames, 4);
        assert!(b.protocol.stats().buffered_bytes > 0);

        let channel = b.open(&key(1));
        assert!(b.protocol.wants_input());
        let events = b.events().unwrap();
        assert_eq!(blocks(&events, channel), (0..10).collect::<Vec<_>>());
        assert_eq!(b.protocol.missed_frames(channel), 0);
        assert_eq!(b.protocol.stats().buffered_bytes, 0);
        assert_eq!(b.protocol.stats().held_bytes, 0);
    }
}

#[test]
fn reading_goes_on_without_the_channel_that_does_not_fit() {
    let (mut a, mut b) = with_limits(room_for(3));
    let (one, two) = (a.open(&key(1)), a.open(&key(2)));
    let two_of_b = b.open(&key(2));
    for block in 0..10 {
        a.say(one, block);
        a.say(two, block);
    }
    let events = b.receive(&a.sent()).unwrap();
    assert_eq!(blocks(&events, two_of_b), (0..10).collect::<Vec<_>>());
    // The introduction is still there.
    assert_eq!(b.protocol.stats().held_frames, 1);
    assert_eq!(b.protocol.remote_peer_id(), None);

    // Later messages can be opened, as the dropped ones were counted.
    let one_of_b = b.open(&key(1));
    a.say(one, 10);
    let events = b.receive(&a.sent()).unwrap();
    assert!(matches!(
        events[0],
        Event::Handshake {
            peer_id: Some(_),
            ..
        }
    ));
    assert_eq!(blocks(&events, one_of_b), [10]);
    assert_eq!(b.protocol.missed_frames(one_of_b), 10);
    assert_eq!(b.protocol.stats().held_bytes, 0);
}

#[test]
fn a_stalled_reader_goes_on_when_another_feed_is_opened() {
    let (mut a, mut b) = with_limits(room_for(3));
    let (one, two) = (a.open(&key(1)), a.open(&key(2)));
    (0..5).for_each(|block| a.say(one, block));
    a.say(two, 0);
    b.receive(&a.sent()).unwrap();
    assert!(!b.protocol.wants_input());
    let two_of_b = b.open(&key(2));
    let events = b.events().unwrap();
    assert!(b.protocol.wants_input());
    assert_eq!(blocks(&events, two_of_b), [0]);
    let one_of_b = b.open(&key(1));
    assert_eq!(blocks(&b.events().unwrap(), one_of_b), [0; 0]);
    assert_eq!(b.protocol.missed_frames(one_of_b), 5);
}

#[test]
fn an_introduction_that_does_not_fit_is_dropped_and_its_nonce_counted() {
    let (mut a, mut b) = with_limits(Limits {
        max_held_bytes: 0,
        ..Limits::default()
    });
    b.open(&key(9));
    let channel = a.open(&key(1));
    a.say(channel, 0);
    b.receive(&a.sent()).unwrap();
    let channel_of_b = b.open(&key(1));
    a.say(channel, 1);
    let events = b.receive(&a.sent()).unwrap();
    assert_eq!(
        events.first(),
        Some(&Event::Ready {
            channel: channel_of_b
        })
    );
    assert_eq!(blocks(&events, channel_of_b), [1]);
    assert_eq!(b.protocol.remote_peer_id(), None);
}

#[test]
fn a_frame_larger_than_the_holding_buffer_waits_for_its_feed() {
    let (mut a, mut b) = with_limits(room_for(0));
    let channel = a.open(&key(1));
    let body = vec![1; 3 << 20];
    a.protocol
        .send_raw(crate::peer::NOW, channel, 9, &body, &mut a.out)
        .unwrap();
    b.receive(&a.sent()).unwrap();
    assert!(!b.protocol.wants_input());
    let channel = b.open(&key(1));
    let events = b.events().unwrap();
    let message = Event::Message {
        channel,
        kind: 9,
        body: body.into(),
    };
    assert_eq!(events.last(), Some(&message));
}

#[test]
fn input_is_not_wanted_while_a_whole_frame_waits_to_be_polled() {
    for (mut a, mut b) in Peer::pairs() {
        let channel = a.open(&key(1));
        b.open(&key(1));
        let body = vec![0; 1 << 20];
        for sent in 0..20 {
            if !b.protocol.wants_input() {
                assert!(sent >= 5, "{sent}");
                break;
            }
            assert!(sent < 7);
            a.protocol
                .send_raw(crate::peer::NOW, channel, 9, &body, &mut a.out)
                .unwrap();
            b.protocol.handle_input(crate::peer::NOW, &a.sent());
        }
        assert!(b.events().unwrap().len() > 5);
        assert!(b.protocol.wants_input());
    }
}
