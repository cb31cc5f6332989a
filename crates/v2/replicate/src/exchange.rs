//! One feed with one peer.

use crate::rate::Meter;
use crate::window::Window;
use crate::{Config, Outgoing};
use core::time::Duration;
use hyperfeed_bitfield::{Bitfield, rle};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::Digest;
use hyperfeed_types::Instant;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// What one peer and we know and want of each other about one feed.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Both sides have opened the feed.
    pub(crate) ready: bool,
    /// The peer closed the feed: it is opened here again when the peer does.
    pub(crate) closed: bool,
    /// The peer has told what it has.
    pub(crate) heard: bool,
    /// What the peer says it has, less what it then did not deliver.
    pub(crate) remote: Bitfield,
    /// Requests out, by block.
    pub(crate) in_flight: BTreeMap<u64, Instant>,
    pub(crate) window: Window,
    /// When the peer last delivered, or was first asked after being idle.
    pub(crate) last_delivery: Instant,
    pub(crate) remote_paused: bool,
    pub(crate) local_paused: bool,
    /// Requests of the peer, in order.
    pub(crate) asked: VecDeque<(BlockIndex, Digest)>,
    /// Blocks to ask for again though another peer was asked.
    pub(crate) again: VecDeque<u64>,
    pub(crate) announce: Announcements,
    /// Whether the feed stands in its peer's queue of turns.
    pub(crate) has_turn: bool,
    /// Until when nothing is asked of a peer that did not deliver, and for how long next time.
    pub(crate) stalled: Option<Stall>,
    /// Where the present run of blocks goes on, and how many are left of it.
    pub(crate) run: Run,
    /// Control messages that wait for the socket.
    control: VecDeque<Outgoing>,
    pub(crate) uploaded: Meter,
    pub(crate) downloaded: Meter,
}

/// A peer that was asked and did not deliver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stall {
    until: Instant,
    pause: Duration,
    over: bool,
}

/// A run of neighbouring blocks asked of one peer: neighbours share most of their proofs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Run {
    pub(crate) next: u64,
    pub(crate) left: u32,
}

/// Blocks to announce, as few ranges as they make.
#[derive(Debug, Default)]
pub(crate) struct Announcements {
    everything: bool,
    ranges: VecDeque<Range<u64>>,
}

impl Exchange {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        Self {
            ready: false,
            closed: false,
            heard: false,
            remote: Bitfield::new(),
            in_flight: BTreeMap::new(),
            window: Window::new(config, now),
            last_delivery: now,
            remote_paused: false,
            local_paused: false,
            asked: VecDeque::new(),
            again: VecDeque::new(),
            announce: Announcements::default(),
            has_turn: false,
            stalled: None,
            run: Run::default(),
            control: VecDeque::new(),
            uploaded: Meter::default(),
            downloaded: Meter::default(),
        }
    }

    /// Both sides are there (again): everything about the other side starts anew.
    pub(crate) fn restart(&mut self, config: &Config, now: Instant) {
        let (local_paused, has_turn) = (self.local_paused, self.has_turn);
        *self = Self {
            ready: true,
            local_paused,
            has_turn,
            ..Self::new(config, now)
        };
        self.announce.everything = true;
        if local_paused {
            self.control.push_back(Outgoing::Pause);
        }
    }

    /// Whether another request may go out.
    pub(crate) fn has_room(&self, config: &Config) -> bool {
        self.is_usable() && self.in_flight.len() < self.window.size(config)
    }

    /// Whether the peer can be expected to answer.
    pub(crate) fn is_usable(&self) -> bool {
        self.ready && !self.remote_paused && self.stalled.is_none_or(|stall| stall.over)
    }

    /// Takes the requests back that the peer has left unanswered for too long, and asks it nothing for a while.
    pub(crate) fn take_late(&mut self, now: Instant, timeout: Duration) -> Vec<u64> {
        if let Some(stall) = &mut self.stalled
            && now >= stall.until
        {
            stall.over = true;
        }
        if now.saturating_since(self.last_delivery) <= timeout {
            return Vec::new();
        }
        let late: Vec<u64> = self
            .in_flight
            .iter()
            .filter(|(_, sent)| now.saturating_since(**sent) > timeout)
            .map(|(b, _)| *b)
            .collect();
        if !late.is_empty() {
            let pause = self
                .stalled
                .map_or(timeout, |stall| (stall.pause * 2).min(MAX_STALL));
            self.stalled = Some(Stall {
                until: now + pause,
                pause,
                over: false,
            });
        }
        for block in &late {
            self.in_flight.remove(block);
        }
        late
    }

    pub(crate) fn requested(&mut self, block: u64, now: Instant) {
        if self.in_flight.is_empty() {
            self.last_delivery = now;
        }
        self.in_flight.insert(block, now);
    }

    pub(crate) fn send(&mut self, message: Outgoing) {
        self.control.push_back(message);
    }

    pub(crate) fn next_control(&mut self) -> Option<Outgoing> {
        self.control.pop_front()
    }

    /// The next announcement. The blocks held are looked at now, not when the announcement was decided.
    pub(crate) fn next_announcement(&mut self, held: &Bitfield) -> Option<Outgoing> {
        if self.announce.everything {
            self.announce.everything = false;
            self.announce.ranges.clear();
            let end = held.last_set().map_or(0, |last| last + 1);
            if end > MAX_HAVE_BITS {
                self.announce.ranges.extend(chunks(MAX_HAVE_BITS..end));
            }
            return Some(have_bits(held, 0..end.min(MAX_HAVE_BITS)));
        }
        let range = self.announce.ranges.pop_front()?;
        Some(if held.contains_range(range.clone()) {
            Outgoing::Have(range)
        } else {
            have_bits(held, aligned(range))
        })
    }

    /// Tells the peer of new blocks, those it has itself left out.
    pub(crate) fn announce(&mut self, range: Range<u64>) {
        if self.ready && !self.announce.everything && !self.remote.contains_range(range.clone()) {
            self.announce.push(range);
        }
    }

    /// Tells the peer how it really is with a block it asked for in vain.
    pub(crate) fn correct(&mut self, block: BlockIndex) {
        let range = aligned(block.get()..block.get() + 1);
        if self.announce.ranges.len() < MAX_RANGES {
            self.announce.ranges.push_back(range);
        }
    }

    /// Answers a Want: what is held from the byte of `start` on.
    pub(crate) fn tell_from(&mut self, start: u64, held: &Bitfield) {
        let end = held.last_set().map_or(0, |last| last + 1).max(start);
        for range in chunks(start & !7..end) {
            if self.announce.ranges.len() < MAX_RANGES {
                self.announce.ranges.push_back(range);
            }
        }
        if end <= start & !7 {
            self.send(have_bits(held, start & !7..start & !7));
        }
    }
}

impl Announcements {
    fn push(&mut self, range: Range<u64>) {
        let full = self.ranges.len() >= MAX_RANGES;
        match self.ranges.back_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            // Too scattered to tell piece by piece: tell the whole.
            _ if full => {
                self.everything = true;
                self.ranges.clear();
            }
            _ => self.ranges.push_back(range),
        }
    }
}

fn have_bits(held: &Bitfield, range: Range<u64>) -> Outgoing {
    let end = range.end.next_multiple_of(8);
    let mut coded = Vec::new();
    rle::encode_from(held, range.start..end, &mut coded);
    Outgoing::HaveBits {
        start: range.start,
        coded,
    }
}

fn aligned(range: Range<u64>) -> Range<u64> {
    range.start & !7..range.end.next_multiple_of(8)
}

fn chunks(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let end = range.end;
    range
        .step_by(MAX_HAVE_BITS as usize)
        .map(move |start| start..end.min(start + MAX_HAVE_BITS))
}

/// Bits in one Have: 1 MiB of them at the worst coding, well below the frame limit of 5 MiB.
const MAX_HAVE_BITS: u64 = 8 << 20;
/// Scattered announcements kept for a peer that does not take them, before they become one of everything.
const MAX_RANGES: usize = 256;
/// The longest time for which a peer that does not deliver is left alone.
const MAX_STALL: Duration = Duration::from_secs(60);
