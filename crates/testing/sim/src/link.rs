//! An ordered pair of byte pipes between two hosts.

use crate::host::HostId;
use crate::random::Random;
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

/// One link: two ends, each with its edge, and what is on the way to each.
pub(crate) struct Link {
    pub(crate) ends: [End; 2],
    pub(crate) quality: Quality,
    pub(crate) open: bool,
    /// Until when nothing moves.
    pub(crate) stalled_until: Instant,
}

pub(crate) struct End {
    pub(crate) host: HostId,
    pub(crate) peer: PeerKey,
    pub(crate) edge: Edge,
    /// Bytes on their way to this end, with the time of their arrival.
    pub(crate) incoming: VecDeque<(Instant, Vec<u8>)>,
    /// When the line away from this end is free again.
    pub(crate) line_free: Instant,
    /// Costs of commands to report as written, with the time at which they are.
    pub(crate) writing: VecDeque<(Instant, usize)>,
}

impl End {
    pub(crate) fn new(
        host: HostId,
        peer: PeerKey,
        id: [u8; 32],
        encrypted: bool,
        seed: [u8; 32],
        now: Instant,
    ) -> Self {
        let mut config = EdgeConfig::new(PeerId::new(id));
        config.encrypted = encrypted;
        Self {
            host,
            peer,
            edge: Edge::new(config, seed, now),
            incoming: VecDeque::new(),
            line_free: now,
            writing: VecDeque::new(),
        }
    }
}

impl Link {
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
            let takes = core::time::Duration::from_millis(
                (piece.len() as u64).div_ceil(quality.bytes_per_ms.max(1)),
            );
            left = self.ends[from].line_free.max(now).max(self.stalled_until) + takes;
            self.ends[from].line_free = left;
            let arrives = left + core::time::Duration::from_millis(quality.delay_ms);
            self.ends[1 - from]
                .incoming
                .push_back((arrives, piece.to_vec()));
        }
        left
    }

    /// When something happens next on this link, not counting what hosts decide.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        if !self.open {
            return None;
        }
        let end = |end: &End| {
            let arrival = end.incoming.front().map(|(at, _)| *at);
            let written = end.writing.front().map(|(at, _)| *at);
            [arrival, written, end.edge.poll_timeout()]
                .into_iter()
                .flatten()
                .min()
        };
        self.ends.iter().filter_map(end).min()
    }
}
