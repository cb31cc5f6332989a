//! One feed with one peer.

use crate::asked::Asked;
use crate::rate::Meter;
use crate::read_ahead::ReadAhead;
use crate::window::Window;
use crate::{Config, Outgoing};
use core::time::Duration;
use hyperfeed_bitfield::{Bitfield, rle};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::Digest;
use hyperfeed_types::Instant;
use hyperfeed_v2_feed::Feed;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    /// The length of the feed at which the peer was last seen to have all of it.
    pub(crate) complete: u64,
    /// Requests out, by block.
    pub(crate) in_flight: BTreeMap<u64, Instant>,
    /// Blocks without an answer yet whose requests count on answers to requests before them.
    ahead: BTreeSet<u64>,
    /// Such an answer proved nothing: the peer leaves answers out, so requests no longer count on any.
    out_of_step: bool,
    pub(crate) window: Window,
    /// When the peer last delivered, or was first asked after being idle.
    pub(crate) last_delivery: Instant,
    /// When the latest request was sent that has an answer. Peers answer in order: older ones were passed over.
    pub(crate) answered: Instant,
    pub(crate) remote_paused: bool,
    pub(crate) local_paused: bool,
    pub(crate) asked: Asked,
    pub(crate) read_ahead: ReadAhead,
    /// Blocks to ask for again though another peer was asked.
    pub(crate) again: VecDeque<u64>,
    pub(crate) announce: Announcements,
    /// Blocks below this one may have been announced.
    pub(crate) announced: u64,
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
            complete: 0,
            in_flight: BTreeMap::new(),
            ahead: BTreeSet::new(),
            out_of_step: false,
            window: Window::new(config, now),
            last_delivery: now,
            answered: Instant::ZERO,
            remote_paused: false,
            local_paused: false,
            asked: Asked::default(),
            read_ahead: ReadAhead::default(),
            again: VecDeque::new(),
            announce: Announcements::default(),
            announced: 0,
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

    /// Whether a request may go out for a block that somebody waits for, however many are in flight already.
    pub(crate) fn has_room_for_wanted(&self, config: &Config) -> bool {
        self.is_usable() && self.in_flight.len() < self.window.size(config) + WANTED_ROOM
    }

    /// How long the peer has owed an answer.
    pub(crate) fn waiting(&self, now: Instant) -> Option<Duration> {
        let oldest = self.in_flight.values().min()?;
        Some(now.saturating_since(self.last_delivery.max(*oldest)))
    }

    /// Whether the peer can be expected to answer.
    pub(crate) fn is_usable(&self) -> bool {
        self.is_believed() && !self.remote_paused
    }

    /// Whether the peer can be expected to have what it says it has.
    pub(crate) fn is_believed(&self) -> bool {
        self.ready && self.stalled.is_none_or(|stall| stall.over)
    }

    /// Takes the requests back that the peer has left unanswered for too long: those it passed over, or all if it
    /// delivers nothing at all. In that case nothing is asked of it for a while.
    pub(crate) fn take_late(&mut self, now: Instant, timeout: Duration) -> Vec<u64> {
        if let Some(stall) = &mut self.stalled
            && now >= stall.until
        {
            stall.over = true;
        }
        let silent = now.saturating_since(self.last_delivery) > timeout;
        let is_late = |sent: Instant| {
            now.saturating_since(sent) > timeout && (silent || sent < self.answered)
        };
        let late: Vec<u64> = self
            .in_flight
            .iter()
            .filter(|(_, sent)| is_late(**sent))
            .map(|(block, _)| *block)
            .collect();
        if silent && !late.is_empty() {
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

    /// What a request of this block claims: what is held, and what the answers to the requests before it bring.
    ///
    /// Peers answer in order, so that a node need not be sent with each of many blocks under it.
    pub(crate) fn digest(&mut self, feed: &Feed, block: BlockIndex, config: &Config) -> Digest {
        if self.out_of_step || self.in_flight.is_empty() || self.ahead.len() >= config.max_in_flight
        {
            return feed.digest(block);
        }
        let mut counts = false;
        let digest = feed.digest_ahead(block, |node| {
            let arriving = self.is_in_flight(node.blocks());
            counts |= arriving;
            arriving
        });
        if counts {
            self.ahead.insert(block.get());
        }
        digest
    }

    /// Whether one of these blocks is asked for. Blocks are mostly asked for in order, so that the last one tells.
    fn is_in_flight(&self, blocks: Range<u64>) -> bool {
        match self.in_flight.last_key_value() {
            Some((last, _)) if *last < blocks.end => *last >= blocks.start,
            Some(_) => self.in_flight.range(blocks).next().is_some(),
            None => false,
        }
    }

    /// An answer has come; tells whether its request counted on others.
    pub(crate) fn came(&mut self, block: BlockIndex) -> bool {
        self.ahead.remove(&block.get())
    }

    /// An answer that counted on others proved nothing.
    pub(crate) fn lost_step(&mut self) {
        self.out_of_step = true;
    }

    pub(crate) fn send(&mut self, message: Outgoing) {
        self.control.push_back(message);
    }

    pub(crate) fn next_control(&mut self) -> Option<Outgoing> {
        self.control.pop_front()
    }

    /// The next announcement. The blocks held are looked at now, not when the announcement was decided.
    pub(crate) fn next_announcement(&mut self, held: &Bitfield) -> Option<Outgoing> {
        let message = self.decide_announcement(held)?;
        self.announced = held.last_set().map_or(self.announced, |last| {
            self.announced.max(last.saturating_add(1))
        });
        Some(message)
    }

    fn decide_announcement(&mut self, held: &Bitfield) -> Option<Outgoing> {
        if self.announce.everything {
            self.announce.everything = false;
            self.announce.ranges.clear();
            // An empty feed is told as upstream does it: one byte of zeros.
            let end = held.last_set().map_or(8, |last| last + 1);
            if end > MAX_HAVE_BITS {
                self.announce.ranges.extend(chunks(MAX_HAVE_BITS..end));
            }
            return Some(have_bits(held, 0..end.min(MAX_HAVE_BITS)));
        }
        let range = self.announce.ranges.pop_front()?;
        Some(if !range.is_empty() && held.contains_range(range.clone()) {
            Outgoing::Have(range)
        } else {
            have_bits(held, aligned(range))
        })
    }

    /// Tells the peer of new blocks. Also of those it sent, as upstream does: so it knows that they have arrived.
    pub(crate) fn announce(&mut self, range: Range<u64>) {
        if self.ready && !self.announce.everything {
            self.announce.push(range);
        }
    }

    /// Tells the peer how it really is with a block it asked for in vain.
    pub(crate) fn correct(&mut self, block: BlockIndex) {
        self.announce.tell(aligned(block.get()..block.get() + 1));
    }

    /// Answers a Want: what is held from the byte of `start` on.
    pub(crate) fn tell_from(&mut self, start: u64, held: &Bitfield) {
        let start = start & !7;
        let end = held.last_set().map_or(0, |last| last + 1);
        if end <= start {
            return self.announce.tell(start..start);
        }
        for range in chunks(start..end) {
            self.announce.tell(range);
        }
    }
}

impl Announcements {
    /// An answer to a question. Asking the same twice before there is room for an answer gets one, and asking too
    /// much gets the answer to what was asked first.
    fn tell(&mut self, range: Range<u64>) {
        if self.ranges.len() < MAX_RANGES && !self.ranges.contains(&range) {
            self.ranges.push_back(range);
        }
    }

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
/// Requests beyond the window for blocks that somebody waits for: they do not queue for their place in it.
const WANTED_ROOM: usize = 16;
/// Scattered announcements kept for a peer that does not take them, before they become one of everything.
const MAX_RANGES: usize = 256;
/// The longest time for which a peer that does not deliver is left alone.
const MAX_STALL: Duration = Duration::from_secs(60);
