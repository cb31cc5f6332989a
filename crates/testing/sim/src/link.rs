//! An ordered pair of byte pipes between two hosts, or a host and an adversary.

use crate::adversary::Adversary;
use crate::host::HostId;
use crate::random::Random;
use core::time::Duration;
use hyperfeed_types::{Instant, PeerId};
use hyperfeed_v2_replicate::{Edge, EdgeConfig, PeerKey};
use std::collections::VecDeque;

/// Names a link of a [`World`](crate::World).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub(crate) usize);

/// How good a link is.
#[derive(Debug, Clone, Copy)]
pub struct Quality {
    /// Milliseconds from one end to the other.
    pub delay_ms: u64,
    /// Bytes a millisecond, each way.
    pub bytes_per_ms: u64,
    /// The largest piece in which bytes arrive.
    pub chunk: usize,
}

impl Default for Quality {
    fn default() -> Self {
        Self {
            delay_ms: 5,
            bytes_per_ms: 10_000,
            chunk: 16 << 10,
        }
    }
}

/// One link: two ends, and what is on the way to each.
pub(crate) struct Link {
    pub(crate) ends: [End; 2],
    pub(crate) quality: Quality,
    /// Until when nothing moves.
    pub(crate) stalled_until: Instant,
    /// Nothing moves any more, and nobody was told.
    pub(crate) half_open: bool,
}

pub(crate) struct End {
    pub(crate) who: Who,
    /// This end knows of the link.
    pub(crate) open: bool,
    /// Bytes on their way to this end, with the time of their arrival.
    pub(crate) incoming: VecDeque<(Instant, Vec<u8>)>,
    /// When the line away from this end is free again.
    pub(crate) line_free: Instant,
    /// Requests that came in at this end, and answers that went out.
    pub(crate) asked: u64,
    pub(crate) answers: u64,
    /// When this end last asked for a block, and when one last came.
    pub(crate) last_request: Instant,
    pub(crate) last_response: Instant,
    /// Costs of commands to report as written, with the time at which they are.
    pub(crate) writing: VecDeque<(Instant, usize)>,
}

pub(crate) enum Who {
    Adversary(Box<Adversary>),
    Node {
        host: HostId,
        peer: PeerKey,
        edge: Box<Edge>,
    },
}

impl End {
    pub(crate) fn node(
        host: HostId,
        peer: PeerKey,
        id: [u8; 32],
        encrypted: bool,
        seed: [u8; 32],
        now: Instant,
    ) -> Self {
        let mut config = EdgeConfig::new(PeerId::new(id));
        config.encrypted = encrypted;
        config.extensions = vec!["sim".to_owned()];
        let edge = Box::new(Edge::new(config, seed, now));
        Self::new(Who::Node { host, peer, edge }, now)
    }

    pub(crate) fn new(who: Who, now: Instant) -> Self {
        Self {
            who,
            open: true,
            incoming: VecDeque::new(),
            line_free: now,
            asked: 0,
            answers: 0,
            last_request: now,
            last_response: now,
            writing: VecDeque::new(),
        }
    }

    /// The host at this end, and what it calls the other one.
    pub(crate) fn host(&self) -> Option<(HostId, PeerKey)> {
        match &self.who {
            Who::Node { host, peer, .. } => Some((*host, *peer)),
            Who::Adversary(_) => None,
        }
    }

    fn next_time(&self) -> Option<Instant> {
        let arrival = self.incoming.front().map(|(at, _)| *at);
        let written = self.writing.front().map(|(at, _)| *at);
        let own = match &self.who {
            Who::Adversary(adversary) => adversary.next_time(),
            Who::Node { edge, .. } => edge.poll_timeout(),
        };
        [arrival, written, own].into_iter().flatten().min()
    }
}

impl Link {
    pub(crate) fn new(ends: [End; 2], quality: Quality, now: Instant) -> Self {
        Self {
            ends,
            quality,
            stalled_until: now,
            half_open: false,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.ends.iter().any(|end| end.open)
    }

    pub(crate) fn has_adversary(&self) -> bool {
        self.ends.iter().any(|end| end.host().is_none())
    }

    /// Puts bytes on the line from `from` to the other end, in pieces of the link's making. Gives the time at which
    /// the last of them has left.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        from: usize,
        bytes: &[u8],
        random: &mut Random,
    ) -> Instant {
        let quality = self.quality;
        let mut rest = bytes;
        let mut left = now;
        while !rest.is_empty() {
            let size = 1 + usize::try_from(random.below(quality.chunk as u64)).unwrap_or(0);
            let (piece, tail) = rest.split_at(size.min(rest.len()));
            rest = tail;
            let takes =
                Duration::from_millis((piece.len() as u64).div_ceil(quality.bytes_per_ms.max(1)));
            left = self.ends[from].line_free.max(now).max(self.stalled_until) + takes;
            self.ends[from].line_free = left;
            let arrives = left + Duration::from_millis(quality.delay_ms);
            if !self.half_open {
                let incoming = &mut self.ends[1 - from].incoming;
                incoming.push_back((arrives, piece.to_vec()));
            }
        }
        left
    }

    /// When something happens next on this link, not counting what hosts decide.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        let open = self.ends.iter().filter(|end| end.open);
        open.filter_map(End::next_time).min()
    }
}
