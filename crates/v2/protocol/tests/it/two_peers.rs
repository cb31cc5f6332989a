use std::collections::{BTreeMap, VecDeque};

use hyperfeed_types::{FeedKey, PeerId, PublicId};
use hyperfeed_v2_crypto::public_id;
use hyperfeed_v2_protocol::{ChannelId, Config, Event, Protocol};
use proptest::{collection::vec, prelude::*};

use crate::peer::NOW;

const FEEDS: u8 = 100;

/// What happens at one of the two.
#[derive(Debug, Clone)]
enum Step {
    /// It opens a feed.
    Open(u8),
    /// It sends a message of so many bytes on a feed, if it has it open.
    Send(u8, usize),
    /// So many bytes on their way to it arrive.
    Arrive(usize),
}

/// One end, with what it knows of the other to check by.
struct End {
    protocol: Protocol,
    /// On their way to this end.
    incoming: VecDeque<u8>,
    channels: BTreeMap<u8, ChannelId>,
    /// Opened by the other, as reported.
    opened: BTreeMap<PublicId, usize>,
    ready: BTreeMap<ChannelId, usize>,
    /// Messages per feed: sent by this end, and received.
    sent: BTreeMap<u8, Vec<Vec<u8>>>,
    received: BTreeMap<ChannelId, Vec<Vec<u8>>>,
}

impl End {
    fn new(id: u8, encrypted: bool) -> Self {
        let mut config = Config::new(PeerId::new([id; 32]));
        config.encrypted = encrypted;
        Self {
            protocol: Protocol::new(config, [id; 32], NOW),
            incoming: VecDeque::new(),
            channels: BTreeMap::new(),
            opened: BTreeMap::new(),
            ready: BTreeMap::new(),
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
        }
    }

    fn step(&mut self, step: &Step, other: &mut Self) {
        let mut out = Vec::new();
        match step {
            Step::Open(feed) => {
                let channel = self.protocol.open(NOW, &key(*feed), &mut out).unwrap();
                self.channels.insert(*feed, channel);
            }
            Step::Send(feed, length) => {
                if let Some(&channel) = self.channels.get(feed) {
                    let messages = self.sent.entry(*feed).or_default();
                    let body = vec![messages.len() as u8; *length];
                    self.protocol
                        .send_raw(NOW, channel, *feed % 64, &body, &mut out)
                        .unwrap();
                    messages.push(body);
                }
            }
            Step::Arrive(length) => {
                let length = (*length).min(self.incoming.len());
                let bytes: Vec<u8> = self.incoming.drain(..length).collect();
                self.protocol.handle_input(NOW, &bytes);
            }
        }
        other.incoming.extend(out);
        self.poll();
    }

    fn poll(&mut self) {
        while let Some(event) = self.protocol.poll_event().unwrap() {
            match event {
                Event::Opened { public_id, channel } => {
                    assert_eq!(channel, self.protocol.channel(&public_id));
                    *self.opened.entry(public_id).or_default() += 1;
                }
                Event::Ready { channel } => *self.ready.entry(channel).or_default() += 1,
                Event::Message {
                    channel,
                    kind,
                    body,
                } => {
                    assert!(self.ready.contains_key(&channel));
                    let feed = self
                        .channels
                        .iter()
                        .find(|(_, c)| **c == channel)
                        .unwrap()
                        .0;
                    assert_eq!(kind, *feed % 64);
                    self.received
                        .entry(channel)
                        .or_default()
                        .push(body.to_vec());
                }
                Event::Handshake { peer_id, .. } => assert!(peer_id.is_some()),
                event => panic!("{event:?}"),
            }
        }
    }

    fn check(&self, other: &Self) {
        assert_eq!(self.opened.len(), other.channels.len());
        assert!(
            self.opened
                .values()
                .chain(self.ready.values())
                .all(|&times| times == 1)
        );
        for (feed, channel) in &self.channels {
            let received = self.received.get(channel);
            match other.channels.contains_key(feed) {
                true => assert_eq!(received, other.sent.get(feed)),
                false => assert_eq!(received, None),
            }
            assert_eq!(self.protocol.missed_frames(*channel), 0);
        }
    }
}

fn key(feed: u8) -> FeedKey {
    FeedKey::new([feed; 32])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..FEEDS).prop_map(Step::Open),
        4 => (0..FEEDS, 0..400_usize).prop_map(|(feed, length)| Step::Send(feed, length)),
        3 => (1..3000_usize).prop_map(Step::Arrive),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn messages_arrive_intact_and_in_order_whoever_opens_what_when(
        encrypted: bool,
        steps in vec((any::<bool>(), step()), 0..600),
    ) {
        let (mut a, mut b) = (End::new(1, encrypted), End::new(2, encrypted));
        for (at_a, step) in &steps {
            match at_a {
                true => a.step(step, &mut b),
                false => b.step(step, &mut a),
            }
        }
        a.step(&Step::Arrive(usize::MAX), &mut b);
        b.step(&Step::Arrive(usize::MAX), &mut a);
        // What one has open in vain so far is opened by the other at last.
        if let Some((true, _)) = steps.first() {
            for feed in b.channels.keys().copied().collect::<Vec<_>>() {
                a.step(&Step::Open(feed), &mut b);
            }
            b.step(&Step::Arrive(usize::MAX), &mut a);
        }
        a.check(&b);
        b.check(&a);
        prop_assert!(a.channels.values().all(|&channel| channel.number() < u64::from(FEEDS)));
    }
}

#[test]
fn a_hundred_feeds_opened_in_opposite_order_all_work() {
    for encrypted in [true, false] {
        let (mut a, mut b) = (End::new(1, encrypted), End::new(2, encrypted));
        for feed in 0..FEEDS {
            a.step(&Step::Open(feed), &mut b);
            b.step(&Step::Open(FEEDS - 1 - feed), &mut a);
            for feed in 0..FEEDS {
                a.step(&Step::Send(feed, 3), &mut b);
                b.step(&Step::Send(feed, 3), &mut a);
            }
            a.step(&Step::Arrive(1000), &mut b);
            b.step(&Step::Arrive(1000), &mut a);
        }
        a.step(&Step::Arrive(usize::MAX), &mut b);
        b.step(&Step::Arrive(usize::MAX), &mut a);
        a.check(&b);
        b.check(&a);
        let id = public_id(&key(0));
        assert_eq!(a.protocol.channel(&id).unwrap().number(), 0);
        assert_eq!(b.protocol.channel(&id).unwrap().number(), 99);
    }
}

/// Few feeds, so that each is left and opened often.
fn restless_step() -> impl Strategy<Value = (Step, bool)> {
    let step = prop_oneof![
        2 => (0..4_u8).prop_map(Step::Open),
        4 => (0..4_u8, 0..40_usize).prop_map(|(feed, length)| Step::Send(feed, length)),
        3 => (1..300_usize).prop_map(Step::Arrive),
    ];
    (step, prop::bool::weighted(0.2))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A peer that left hears nothing, and a feed that was opened anew is as good as new.
    #[test]
    fn feeds_may_be_left_and_opened_again_at_any_time(
        encrypted: bool,
        steps in vec((any::<bool>(), restless_step()), 0..300),
    ) {
        let mut ends = [End::new(1, encrypted), End::new(2, encrypted)];
        for (at_a, (step, leave)) in &steps {
            let [a, b] = &mut ends;
            let (here, there) = if *at_a { (a, b) } else { (b, a) };
            if let (Step::Open(feed), true) = (step, leave) {
                if let Some(channel) = here.channels.remove(feed) {
                    here.protocol.leave(channel);
                    here.received.remove(&channel);
                }
                continue;
            }
            here.step(step, there);
        }
        let [mut a, mut b] = ends;
        for feed in 0..4 {
            a.step(&Step::Open(feed), &mut b);
            b.step(&Step::Open(feed), &mut a);
        }
        settle(&mut a, &mut b);
        for end in [&mut a, &mut b] {
            end.received.clear();
        }
        for feed in 0..4 {
            a.step(&Step::Send(feed, 1000), &mut b);
            b.step(&Step::Send(feed, 1000), &mut a);
        }
        settle(&mut a, &mut b);
        for end in [&a, &b] {
            for channel in end.channels.values() {
                prop_assert_eq!(end.received[channel].len(), 1);
                prop_assert_eq!(end.received[channel][0].len(), 1000);
            }
            prop_assert_eq!(end.protocol.stats().held_bytes, 0);
            prop_assert_eq!(end.protocol.stats().remote_channels, 4);
        }
    }
}

/// All that is on its way arrives.
fn settle(a: &mut End, b: &mut End) {
    a.step(&Step::Arrive(usize::MAX), b);
    b.step(&Step::Arrive(usize::MAX), a);
}
