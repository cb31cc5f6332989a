//! What happens because time passes.

use crate::commit::RETRY;
use crate::{PeerKey, Replicator};
use core::time::Duration;
use hyperfeed_types::Instant;
use hyperfeed_v2_feed::Slot;

impl Replicator {
    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; `None` while there is nothing to watch.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let watching = !self.peers.is_empty() || !self.failing.is_empty();
        watching.then(|| self.ticked + TICK)
    }

    /// Gives late requests to other peers, opens rate limits again, and tells how downloads stand.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now < self.ticked + TICK {
            return;
        }
        self.ticked = now;
        for found in self.peers.values_mut() {
            found.asking = found.exchanges.values().map(|e| e.in_flight.len()).sum();
        }
        let pairs: Vec<(PeerKey, Slot)> = self
            .peers
            .iter()
            .flat_map(|(key, peer)| peer.exchanges.keys().map(|slot| (*key, *slot)))
            .collect();
        for (peer, slot) in pairs {
            self.watch(now, peer, slot);
        }
        let slots: Vec<Slot> = self.feeds.keys().copied().collect();
        for slot in slots {
            if let Some(hosted) = self.feeds.get_mut(&slot)
                && hosted
                    .failed
                    .as_ref()
                    .is_some_and(|(_, until)| now >= *until)
            {
                hosted.failed = None;
                self.failing.remove(&slot);
                self.look_again(now, slot);
            }
            if self
                .feeds
                .get(&slot)
                .is_some_and(|hosted| !hosted.downloads.is_empty())
            {
                self.tell_downloads(now, slot);
            }
        }
    }

    /// Storage failed a while ago: finds out what is there, if that failed, too.
    fn look_again(&mut self, now: Instant, slot: Slot) {
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        if let Err(error) = hosted.feed.ready(&mut self.store) {
            hosted.failed = Some((error.into(), now + RETRY));
            self.failing.insert(slot);
            return;
        }
        self.adopt(now, slot);
        self.wake_all(slot);
    }

    fn watch(&mut self, now: Instant, peer: PeerKey, slot: Slot) {
        let timeout = self.config.request_timeout;
        let limited = self.upload.is_limited() || self.download.is_limited();
        let Some(found) = self.peers.get_mut(&peer) else {
            return;
        };
        let limited = limited || found.upload.is_limited() || found.download.is_limited();
        let Some(exchange) = found.exchanges.get_mut(&slot) else {
            return;
        };
        let was_usable = exchange.is_usable();
        let late = exchange.take_late(now, timeout);
        let idle = exchange.has_room(&self.config) && exchange.in_flight.is_empty();
        let waited_for = exchange.has_room_for_wanted(&self.config)
            && self
                .feeds
                .get(&slot)
                .is_some_and(|hosted| !hosted.wanted.is_empty());
        if limited || (!was_usable && exchange.is_usable()) {
            self.wake(peer, slot);
        }
        if !late.is_empty() {
            self.release(peer, slot, late.into_iter());
        }
        if idle || waited_for {
            self.help(now, peer, slot, idle);
        }
    }

    /// The end of a download: a peer with nothing left to ask it for takes over the oldest requests of slower ones.
    /// One that has enough to do takes over only those that somebody waits for.
    fn help(&mut self, now: Instant, peer: PeerKey, slot: Slot, idle: bool) {
        let Some(hosted) = self.feeds.get(&slot) else {
            return;
        };
        if hosted.requested.is_empty() || hosted.peers.len() < 2 {
            return;
        }
        let mut slow: Vec<(Instant, u64)> = Vec::new();
        for other in hosted.peers.iter().filter(|other| **other != peer) {
            let Some(exchange) = self
                .peers
                .get(other)
                .and_then(|found| found.exchanges.get(&slot))
            else {
                continue;
            };
            let patience = (exchange.window.delay() * 2).max(HELP_AFTER);
            let old = exchange
                .in_flight
                .iter()
                .filter(|(_, sent)| now.saturating_since(**sent) > patience);
            slow.extend(old.map(|(block, sent)| (*sent, *block)));
        }
        slow.sort_unstable();
        slow.retain(|(_, block)| {
            !hosted.asked_twice.contains(block) && (idle || hosted.wanted.get(*block))
        });
        if let Some(exchange) = self.exchange(peer, slot) {
            let fitting = slow
                .into_iter()
                .map(|(_, block)| block)
                .filter(|block| exchange.remote.get(*block));
            exchange.again = fitting.take(MAX_HELP).collect();
            if !exchange.again.is_empty() {
                self.wake(peer, slot);
            }
        }
    }
}

/// How often late requests, limits and progress are looked at.
const TICK: Duration = Duration::from_millis(100);
/// Age from which a request counts as slow, whatever its peer's delay.
const HELP_AFTER: Duration = Duration::from_millis(500);
/// Requests taken over from slower peers at a time.
const MAX_HELP: usize = 16;
