//! Peers that have the keys and mean no good.

use crate::known::Known;
use crate::lie::{Answer, Lie};
use crate::random::Random;
use core::time::Duration;
use hyperfeed_types::Instant;
use hyperfeed_v2_protocol::{ChannelId, Config, Event, Protocol};
use hyperfeed_v2_wire::{self as wire, Handshake, Message, encode_frame_header, varint};
use std::collections::VecDeque;

/// What an adversary does, besides claiming blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mood {
    /// Bitfields that expand, and claims scattered over everything.
    Bombs,
    /// Reads nothing, asks for everything.
    Deaf,
    /// Cancels, wants, pauses and haves, without end.
    Floods,
    /// Bytes that are no messages.
    Garbage,
    /// Answers with something else than the truth.
    Lies(Lie),
    /// Answers after the patience of any peer.
    Late,
    /// Asks for all blocks, over and over.
    Leech,
    /// Answers nothing.
    Mute,
    /// Well-formed messages that say what cannot be.
    Nonsense,
    /// Opens and closes channels.
    Opens,
    /// Sends the truth to those who did not ask for it.
    Pushes,
    /// Closes the connection in the middle of a frame.
    Quits,
    /// Plays back what another connection once carried.
    Replays,
    /// Answers the truth, twice.
    Twice,
}

impl Mood {
    /// All but the lies.
    const PLAIN: [Self; 13] = [
        Self::Bombs,
        Self::Deaf,
        Self::Floods,
        Self::Garbage,
        Self::Late,
        Self::Leech,
        Self::Mute,
        Self::Nonsense,
        Self::Opens,
        Self::Pushes,
        Self::Quits,
        Self::Replays,
        Self::Twice,
    ];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let lies = Lie::ALL.into_iter().map(Self::Lies);
        Self::PLAIN.into_iter().chain(lies)
    }

    /// One of all, by a number drawn.
    pub(crate) fn drawn(draw: u64) -> Self {
        let lie = Lie::ALL[(draw >> 8) as usize % Lie::ALL.len()];
        // A third of them lie.
        let plain = Self::PLAIN.get((draw % 19) as usize);
        plain.copied().unwrap_or(Self::Lies(lie))
    }
}

pub(crate) struct Adversary {
    pub(crate) mood: Mood,
    protocol: Protocol,
    random: Random,
    feeds: Vec<(Known, ChannelId)>,
    /// Bytes for the other side.
    pub(crate) out: Vec<u8>,
    /// It has closed the connection.
    pub(crate) over: bool,
    late: VecDeque<(Instant, usize, u64)>,
    next_act: Instant,
    acts: u32,
    replay: Vec<u8>,
    number: u64,
}

impl Adversary {
    pub(crate) fn new(
        mood: Mood,
        config: Config,
        feeds: Vec<Known>,
        replay: Vec<u8>,
        mut random: Random,
        now: Instant,
    ) -> Self {
        let mut protocol = Protocol::new(config, random.bytes(), now);
        let mut out = Vec::new();
        let feeds = feeds
            .into_iter()
            .filter_map(|known| {
                let channel = protocol.open(now, &known.key, &mut out).ok()?;
                Some((known, channel))
            })
            .collect();
        let mut adversary = Self {
            mood,
            protocol,
            random,
            feeds,
            out,
            over: false,
            late: VecDeque::new(),
            next_act: now + Duration::from_millis(20),
            acts: 0,
            replay,
            number: 1000,
        };
        adversary.claim(now);
        adversary
    }

    pub(crate) fn next_time(&self) -> Option<Instant> {
        let late = self.late.front().map(|(at, ..)| *at);
        let act = (self.acts < MAX_ACTS && !self.over).then_some(self.next_act);
        [late, act].into_iter().flatten().min()
    }

    pub(crate) fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if self.mood == Mood::Deaf {
            return;
        }
        self.protocol.handle_input(now, bytes);
        while let Ok(Some(event)) = self.protocol.poll_event() {
            if let Event::Message {
                channel,
                kind,
                body,
            } = event
                && let Ok(Message::Request(request)) = Message::decode(kind, &body)
                && let Some(feed) = self.feeds.iter().position(|(_, own)| *own == channel)
            {
                self.asked(now, feed, request.block);
            }
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, feed, block)) = self.late.front().copied()
            && at <= now
        {
            self.late.pop_front();
            self.answer(now, feed, block, None);
        }
        if self.acts < MAX_ACTS && now >= self.next_act {
            self.acts += 1;
            let pause = 50 + self.random.below(400);
            self.next_act = now + Duration::from_millis(pause);
            self.act(now);
        }
    }

    /// What it says it has: what there is, everything, or more than that.
    fn claim(&mut self, now: Instant) {
        for feed in 0..self.feeds.len() {
            let there = self.feeds[feed].0.blocks.len() as u64;
            let end = match self.random.below(4) {
                0 => u64::MAX >> 12,
                1 => there + self.random.below(100),
                _ => there,
            };
            self.have(now, feed, 0, end.max(1));
        }
    }

    fn asked(&mut self, now: Instant, feed: usize, block: u64) {
        match self.mood {
            Mood::Lies(lie) => {
                // It is believed more if it does not always lie.
                let lie = self.random.chance(50).then_some(lie);
                self.answer(now, feed, block, lie);
            }
            Mood::Late => {
                let wait = 4_000 + self.random.below(8_000);
                let at = now + Duration::from_millis(wait);
                self.late.push_back((at, feed, block));
            }
            Mood::Twice => {
                self.answer(now, feed, block, None);
                self.answer(now, feed, block, None);
            }
            Mood::Quits => {
                self.answer(now, feed, block, None);
                if self.random.chance(30) {
                    let keep = self.random.below(self.out.len() as u64 + 1);
                    self.out.truncate(keep as usize);
                    self.over = true;
                }
            }
            Mood::Mute | Mood::Deaf => {}
            // The others are honest about blocks now and then.
            _ if self.random.chance(50) => self.answer(now, feed, block, None),
            _ => {}
        }
    }

    fn answer(&mut self, now: Instant, feed: usize, block: u64, lie: Option<Lie>) {
        let Some(truth) = self.feeds[feed].0.blocks.get(&block) else {
            return;
        };
        let mut answer = Answer::new(block, truth);
        if let Some(lie) = lie {
            answer.spoil(lie, &self.feeds[feed].0, &mut self.random);
        }
        answer.send(|response| self.say(now, feed, &Message::Response(response)));
    }

    fn act(&mut self, now: Instant) {
        self.out.extend_from_slice(wire::KEEP_ALIVE);
        for feed in 0..self.feeds.len() {
            match self.mood {
                Mood::Bombs => self.bomb(now, feed),
                Mood::Deaf => {
                    // What there is, or others each time: asking twice for one block counts once.
                    let first = u64::from(self.acts % 2 * self.acts) * 200;
                    for block in first..first + 200 {
                        self.request(now, feed, block);
                    }
                }
                Mood::Floods => self.flood(now, feed),
                Mood::Leech => {
                    for block in 0..200 {
                        self.request(now, feed, block);
                    }
                }
                Mood::Nonsense if self.acts > 3 => self.nonsense(now, feed),
                Mood::Pushes => {
                    let blocks: Vec<u64> = self.feeds[feed].0.blocks.keys().copied().collect();
                    for block in blocks.into_iter().take(100) {
                        self.answer(now, feed, block, None);
                    }
                }
                _ => {}
            }
        }
        match self.mood {
            Mood::Garbage => {
                let count = self.random.below(60);
                let bytes: Vec<u8> = (0..count).map(|_| self.random.draw() as u8).collect();
                self.out.extend_from_slice(&bytes);
            }
            Mood::Opens => self.open(),
            Mood::Replays => {
                let bytes = core::mem::take(&mut self.replay);
                self.out.extend_from_slice(&bytes);
            }
            _ => {}
        }
    }

    fn bomb(&mut self, now: Instant, feed: usize) {
        let pages = 1 << self.random.below(16);
        let mut coded = Vec::new();
        varint::encode(pages, &mut coded);
        for _ in 0..pages {
            varint::encode(1, &mut coded);
            varint::encode(4_095, &mut coded);
        }
        coded.extend(core::iter::repeat_n(0xaa, pages.div_ceil(4) as usize));
        let have = wire::Have {
            start: self.random.below(1 << 40) & !7,
            end: None,
            bitfield: Some(&coded),
        };
        self.say(now, feed, &Message::Have(have));
    }

    /// A bitfield that is cut off, an index that no feed reaches, or a body without what it must have.
    fn nonsense(&mut self, now: Instant, feed: usize) {
        let have = |start, bitfield| {
            Message::Have(wire::Have {
                start,
                end: None,
                bitfield,
            })
        };
        let draw = self.random.below(30);
        match draw {
            0 => self.say(now, feed, &have(0, Some(&[200]))),
            1 => self.say(now, feed, &have(u64::MAX, None)),
            2 => {
                let channel = self.feeds[feed].1;
                let sent =
                    self.protocol
                        .send_raw(now, channel, Message::REQUEST, &[], &mut self.out);
                // A connection that is over says nothing more.
                sent.ok();
            }
            _ => {}
        }
    }

    fn flood(&mut self, now: Instant, feed: usize) {
        for _ in 0..100 {
            let (draw, place) = (self.random.below(8), self.random.below(1 << 20));
            let message = match draw {
                0 => Message::Want(wire::Want {
                    start: place,
                    end: None,
                }),
                1 => Message::Cancel(wire::Cancel {
                    block: place % 64,
                    digest: None,
                }),
                2 => Message::Pause,
                3 => Message::Resume,
                4 => Message::Extension {
                    id: (place % 64) as u8,
                    body: b"flood",
                },
                5 => Message::Unknown {
                    kind: 7 + (place % 50) as u8,
                },
                6 => Message::Request(wire::Request {
                    block: place % 64,
                    digest: Some(place),
                }),
                _ => {
                    self.have(now, feed, place, place + 1);
                    continue;
                }
            };
            self.say(now, feed, &message);
        }
    }

    /// Channels for feeds that nobody has, and for the first of its own, closed again and again.
    fn open(&mut self) {
        let own = self
            .feeds
            .first()
            .map(|(known, _)| hyperfeed_v2_crypto::public_id(&known.key));
        for at in 0..50 {
            self.number += 1;
            let public_id = match own {
                Some(id) if at % 2 == 0 => id,
                _ => self.random.bytes().into(),
            };
            let handshake = Handshake {
                public_id,
                nonce: &[3; 24],
                protocol: None,
            };
            encode_frame_header(self.number, handshake.encoded_len(), &mut self.out);
            handshake.encode(&mut self.out);
            encode_frame_header(self.number - self.random.below(2), 0, &mut self.out);
        }
    }

    fn have(&mut self, now: Instant, feed: usize, start: u64, end: u64) {
        let have = wire::Have {
            start,
            end: Some(end),
            bitfield: None,
        };
        self.say(now, feed, &Message::Have(have));
    }

    fn request(&mut self, now: Instant, feed: usize, block: u64) {
        let request = wire::Request {
            block,
            digest: Some(0),
        };
        self.say(now, feed, &Message::Request(request));
    }

    fn say(&mut self, now: Instant, feed: usize, message: &Message<'_>) {
        let channel = self.feeds[feed].1;
        // A connection that is over says nothing more.
        self.protocol
            .send(now, channel, message, &mut self.out)
            .ok();
    }
}

/// Times an adversary does something of its own accord.
const MAX_ACTS: u32 = 60;
