use hyperfeed_types::FeedKey;
use hyperfeed_v2_crypto::public_id;
use hyperfeed_v2_protocol::{ApiMisuse, ChannelId, Event};
use hyperfeed_v2_wire::{Handshake, encode_frame_header};

use crate::peer::{NOW, Peer, blocks, have, key};

fn close_frame(channel: u64) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_frame_header(channel, 0, &mut frame);
    frame
}

/// A handshake without introduction, as upstream sends it after its first.
fn handshake(channel: u64, key: &FeedKey) -> Vec<u8> {
    let handshake = Handshake {
        public_id: public_id(key),
        nonce: &[3; 24],
        protocol: None,
    };
    let mut frame = Vec::new();
    encode_frame_header(channel, handshake.encoded_len(), &mut frame);
    handshake.encode(&mut frame);
    frame
}

fn ready(peer: &Peer, key: &FeedKey) -> [Event; 2] {
    let public_id = public_id(key);
    let channel = peer.protocol.channel(&public_id).unwrap();
    let opened = Event::Opened {
        public_id,
        channel: Some(channel),
    };
    [opened, Event::Ready { channel }]
}

/// Two peers with the same two feeds open.
fn connected() -> Vec<(Peer, Peer, [ChannelId; 2])> {
    let connect = |(mut a, mut b): (Peer, Peer)| {
        let channels = [1, 2].map(|number| {
            b.open(&key(number));
            a.open(&key(number))
        });
        a.receive(&b.sent()).unwrap();
        b.receive(&a.sent()).unwrap();
        (a, b, channels)
    };
    Peer::pairs().map(connect).into()
}

#[test]
fn a_close_frame_closes_its_channel_and_no_other() {
    for (mut a, mut b, [one, two]) in connected() {
        let events = b.receive(&close_frame(one.number())).unwrap();
        assert_eq!(events, [Event::Closed { channel: one }]);
        a.say(two, 5);
        // a has not heard of it, b has closed.
        a.say(one, 5);
        assert_eq!(blocks(&b.receive(&a.sent()).unwrap(), two), [5]);
        let error = b.protocol.send(NOW, one, &have(1), &mut b.out).unwrap_err();
        assert_eq!(error, ApiMisuse::UnknownChannel { channel: one });
        assert!(b.out.is_empty());
        assert_eq!(b.protocol.public_id(one), None);
        assert_eq!(b.protocol.channel(&public_id(&key(1))), None);
        assert!(!b.protocol.is_ready(one));
        assert!(b.protocol.is_ready(two));
    }
}

#[test]
fn a_close_frame_for_a_feed_that_is_not_open_here_drops_what_was_held() {
    for (mut a, mut b) in Peer::pairs() {
        let channel = a.open(&key(1));
        a.say(channel, 1);
        b.receive(&a.sent()).unwrap();
        assert_eq!(b.receive(&close_frame(0)).unwrap(), []);
        assert_eq!(b.protocol.stats().held_bytes, 0);
        assert_eq!(b.protocol.stats().remote_channels, 0);
        let channel = b.open(&key(1));
        assert_eq!(b.events().unwrap(), []);
        assert!(!b.protocol.is_ready(channel));
    }
}

#[test]
fn a_close_frame_for_a_number_that_is_not_open_is_ignored() {
    for (_, mut b) in Peer::pairs() {
        assert_eq!(b.receive(&close_frame(0)).unwrap(), []);
        assert_eq!(b.receive(&close_frame(u64::MAX)).unwrap(), []);
    }
}

#[test]
fn a_number_is_never_used_for_a_second_feed() {
    for (mut a, _, [one, two]) in connected() {
        a.protocol.leave(one);
        a.protocol.leave(two);
        let numbers = [key(1), key(3), key(1)].map(|key| a.open(&key).number());
        assert_eq!(numbers, [2, 3, 2]);
    }
}

#[test]
fn leaving_sends_nothing_and_the_feed_can_be_opened_again() {
    for (mut a, mut b, [one, two]) in connected() {
        (0..3).for_each(|block| a.say(one, block));
        let events = b.receive(&a.sent()).unwrap();
        assert_eq!(blocks(&events, one).len(), 3);
        b.protocol.leave(one);
        b.protocol.leave(one);
        assert!(b.out.is_empty());

        // Counted though nobody wants them.
        (3..6).for_each(|block| a.say(one, block));
        a.say(two, 1);
        let events = b.receive(&a.sent()).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(blocks(&events, two), [1]);

        let again = b.open(&key(1));
        assert_eq!(b.events().unwrap(), [Event::Ready { channel: again }]);
        assert_eq!(b.protocol.missed_frames(again), 6);
        a.say(one, 6);
        assert_eq!(blocks(&b.receive(&a.sent()).unwrap(), again), [6]);

        // a had it open all the time; b has another number and nonce for it now.
        b.say(again, 9);
        let events = a.receive(&b.sent()).unwrap();
        assert_eq!(events[..2], ready(&a, &key(1)));
        assert_eq!(blocks(&events, one), [9]);
    }
}

#[test]
fn nothing_comes_for_a_channel_that_was_left_while_events_wait() {
    for (mut a, mut b) in Peer::pairs() {
        let [one, two] = [1, 2].map(|number| a.open(&key(number)));
        let [one_of_b, two_of_b] = [1, 2].map(|number| b.open(&key(number)));
        a.say(one, 1);
        a.say(two, 2);
        b.protocol.handle_input(NOW, &a.sent());
        // Opened; the introduction and Ready are waiting.
        let event = b.protocol.poll_event().unwrap();
        assert!(matches!(event, Some(Event::Opened { .. })));
        b.protocol.leave(one_of_b);
        let events = b.events().unwrap();
        let strays = events.iter().filter(|e| e.channel() == Some(one_of_b));
        assert_eq!(strays.count(), 0);
        assert_eq!(blocks(&events, two_of_b), [2]);
    }
}

#[test]
fn that_the_remote_opened_a_feed_is_still_reported_after_it_was_left() {
    for (_, mut b, [one, _]) in connected() {
        let three = b.open(&key(3));
        b.protocol
            .handle_input(NOW, &handshake(one.number(), &key(3)));
        let closed = Event::Closed { channel: one };
        assert_eq!(b.protocol.poll_event(), Ok(Some(closed)));
        b.protocol.leave(three);
        let opened = Event::Opened {
            public_id: public_id(&key(3)),
            channel: None,
        };
        assert_eq!(b.events().unwrap(), [opened]);
    }
}

#[test]
fn what_was_held_goes_to_the_channel_of_the_moment() {
    for (mut a, mut b) in Peer::pairs() {
        let channel = a.open(&key(1));
        (0..4).for_each(|block| a.say(channel, block));
        b.receive(&a.sent()).unwrap();
        let first = b.open(&key(1));
        while let Some(event) = b.protocol.poll_event().unwrap() {
            if matches!(event, Event::Message { .. }) {
                break;
            }
        }
        b.protocol.leave(first);
        let second = b.open(&key(1));
        assert_eq!(blocks(&b.events().unwrap(), second), [1, 2, 3]);
        assert_eq!(b.protocol.missed_frames(second), 1);
    }
}

#[test]
fn a_feed_opened_again_by_the_remote_has_another_number_and_nonce() {
    for (mut a, mut b, [one, _]) in connected() {
        a.protocol.leave(one);
        let again = a.open(&key(1));
        assert_eq!(again.number(), 2);
        a.say(again, 4);
        let events = b.receive(&a.sent()).unwrap();
        assert_eq!(events[..2], ready(&b, &key(1)));
        assert_eq!(blocks(&events, one), [4]);
        assert_eq!(b.protocol.stats().remote_channels, 2);
        // a has it under its old number still; that is over.
        let mut late = Vec::new();
        encode_frame_header(one.number(), 20, &mut late);
        late.extend([7; 20]);
        assert_eq!(b.receive(&late).unwrap(), []);
    }
}

#[test]
fn a_number_used_again_by_upstream_closes_the_feed_it_was_for() {
    for (_, mut b, [one, two]) in connected() {
        let three = b.open(&key(3));
        let events = b.receive(&handshake(one.number(), &key(3))).unwrap();
        assert_eq!(events[0], Event::Closed { channel: one });
        assert_eq!(events[1..], ready(&b, &key(3)));
        assert!(b.protocol.is_ready(three));
        assert!(b.protocol.is_ready(two));
        assert_eq!(b.protocol.public_id(one), None);
    }
}

/// Upstream has left the feed before, and forgotten our number for it.
#[test]
fn a_number_used_again_by_upstream_for_the_same_feed_has_it_opened_anew_on_both_sides() {
    for (_, mut b, [one, two]) in connected() {
        let public_id = public_id(&key(1));
        let events = b.receive(&handshake(one.number(), &key(1))).unwrap();
        let closed = Event::Closed { channel: one };
        let opened = Event::Opened {
            public_id,
            channel: None,
        };
        assert_eq!(events, [closed, opened]);
        let channel = b.open(&key(1));
        assert_eq!(channel.number(), 2);
        assert_eq!(b.sent().len(), 62);
        assert_eq!(b.events().unwrap(), [Event::Ready { channel }]);
        assert!(b.protocol.is_ready(two));
    }
}

/// Upstream has left both feeds, and takes the lower of the two free numbers.
#[test]
fn a_number_used_again_by_upstream_for_a_feed_with_another_number_closes_both() {
    for (_, mut b, [one, two]) in connected() {
        let events = b.receive(&handshake(one.number(), &key(2))).unwrap();
        let opened = Event::Opened {
            public_id: public_id(&key(2)),
            channel: None,
        };
        let closed = [one, two].map(|channel| Event::Closed { channel });
        assert_eq!(events[..2], closed);
        assert_eq!(events[2..], [opened]);
        assert_eq!(b.protocol.stats().remote_channels, 1);
    }
}

/// Upstream had our handshake for this feed all the time, so nothing of ours is forgotten.
#[test]
fn a_number_used_again_by_upstream_for_a_feed_open_only_here_makes_it_ready() {
    for (_, mut b, [one, _]) in connected() {
        let channel = b.open(&key(3));
        let events = b.receive(&handshake(one.number(), &key(3))).unwrap();
        assert_eq!(events[0], Event::Closed { channel: one });
        assert_eq!(events[2], Event::Ready { channel });
    }
}

#[test]
fn a_number_used_again_by_upstream_for_a_feed_not_open_here_drops_what_was_held() {
    for (mut a, mut b) in Peer::pairs() {
        let channel = a.open(&key(1));
        a.say(channel, 1);
        b.receive(&a.sent()).unwrap();
        let events = b.receive(&handshake(0, &key(2))).unwrap();
        let opened = Event::Opened {
            public_id: public_id(&key(2)),
            channel: None,
        };
        assert_eq!(events, [opened]);
        assert_eq!(b.protocol.stats().held_bytes, 0);
        assert_eq!(b.protocol.stats().remote_channels, 1);
    }
}

#[test]
fn a_feed_open_on_two_numbers_has_the_later_one() {
    for (mut a, mut b) in Peer::pairs() {
        // Not open here: the first messages are gone with the first number.
        let channel = a.open(&key(1));
        a.say(channel, 1);
        a.protocol.leave(channel);
        let channel = a.open(&key(1));
        a.say(channel, 2);
        let events = b.receive(&a.sent()).unwrap();
        assert_eq!(events.len(), 2);
        assert_eq!(b.protocol.stats().remote_channels, 1);
        let channel = b.open(&key(1));
        let events = b.events().unwrap();
        // Only the first handshake had the introduction.
        assert!(matches!(
            events[0],
            Event::Handshake {
                peer_id: Some(_),
                ..
            }
        ));
        assert_eq!(blocks(&events, channel), [2]);
        assert_eq!(b.protocol.stats().held_bytes, 0);
    }
}
