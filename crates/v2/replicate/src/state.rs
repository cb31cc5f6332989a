//! How far feeds are.

use crate::exchange::Exchange;
use crate::hosted::Hosted;
use crate::{PeerKey, PeerSync, Progress, Replicator, Reply, Status, SyncState, Token};
use core::time::Duration;
use hyperfeed_types::Instant;
use hyperfeed_v2_feed::Slot;
use std::ops::Range;

impl Replicator {
    /// How a feed's replication stands. Costs a few bitfield searches a peer.
    #[must_use]
    pub fn sync_state(&self, now: Instant, slot: Slot) -> Option<SyncState> {
        let hosted = self.feeds.get(&slot)?;
        let feed = &hosted.feed;
        let known_blocks = self.known(slot, hosted);
        let missing_blocks = known_blocks - feed.held().count_range(0..known_blocks);
        let peers = self
            .exchanges(slot, hosted)
            .filter(|(_, exchange)| exchange.ready)
            .map(|(peer, exchange)| PeerSync {
                peer,
                peer_id: self.peers.get(&peer).and_then(|found| found.peer_id),
                has_blocks: exchange.remote.count(),
                in_flight: exchange.in_flight.len(),
                waiting: exchange.waiting(now),
                paused: exchange.remote_paused,
            });
        let download_rate = hosted.downloaded.rate(now);
        let mean = feed
            .held_bytes()
            .checked_div(feed.held_blocks())
            .unwrap_or(0)
            .max(1);
        let eta = (download_rate > 0 && missing_blocks > 0)
            .then(|| Duration::from_secs(missing_blocks.saturating_mul(mean) / download_rate));
        Some(SyncState {
            held_blocks: feed.held_blocks(),
            held_bytes: feed.held_bytes(),
            length: feed.length(),
            byte_length: feed.byte_length(),
            known_blocks,
            missing_blocks,
            peers: peers.collect(),
            download_rate,
            upload_rate: hosted.uploaded.rate(now),
            eta,
            status: self.status(now, slot, hosted, known_blocks, missing_blocks),
        })
    }

    /// Tells downloads that are done, and from time to time those that got further.
    pub(crate) fn tell_downloads(&mut self, now: Instant, slot: Slot) {
        let Some(hosted) = self.feeds.get(&slot) else {
            return;
        };
        if hosted.downloads.is_empty() {
            return;
        }
        let rate = hosted.downloaded.rate(now);
        let standing: Vec<(Token, bool, Progress)> = hosted
            .downloads
            .iter()
            .map(|(token, download)| {
                let (done, progress) = self.standing(slot, hosted, download.range.clone(), rate);
                (*token, done, progress)
            })
            .collect();
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        for (token, done, progress) in standing {
            if done {
                hosted.downloads.remove(&token);
                self.pending.remove(&token);
                self.replies
                    .push_back(Reply::Downloaded { token, progress });
            } else if let Some(download) = hosted.downloads.get_mut(&token) {
                let fresh = download
                    .told
                    .is_none_or(|(held, at)| held != progress.held && now >= at + TELL_EVERY);
                if fresh {
                    download.told = Some((progress.held, now));
                    self.replies.push_back(Reply::Progress { token, progress });
                }
            }
        }
    }

    /// Whether a download is done. One without an end is done when everything that is known is here and somebody,
    /// the writer itself included, could tell what is known.
    fn standing(
        &self,
        slot: Slot,
        hosted: &Hosted,
        range: Range<u64>,
        rate: u64,
    ) -> (bool, Progress) {
        let feed = &hosted.feed;
        let open_ended = range.end == u64::MAX;
        let known = self.known(slot, hosted);
        let end = match hosted.final_length() {
            Some(length) => range.end.min(length),
            None if open_ended => known,
            None => range.end,
        };
        let range = range.start.min(end)..end;
        let held = feed.held().count_range(range.clone());
        let total = range.end - range.start;
        let told = feed.is_writable()
            || hosted.final_length().is_some()
            || self
                .exchanges(slot, hosted)
                .any(|(_, exchange)| exchange.heard);
        let progress = Progress {
            held,
            total,
            held_bytes: feed.held_bytes(),
            byte_length: feed.byte_length(),
            peers: self
                .exchanges(slot, hosted)
                .filter(|(_, exchange)| exchange.ready)
                .count(),
            rate,
        };
        (held == total && (told || !open_ended), progress)
    }

    /// How far the feed is known to reach: signed for, or claimed by a peer that has not failed to deliver.
    fn known(&self, slot: Slot, hosted: &Hosted) -> u64 {
        let claimed = self
            .exchanges(slot, hosted)
            .filter(|(_, exchange)| exchange.is_believed())
            .filter_map(|(_, exchange)| exchange.remote.last_set())
            .max();
        hosted.feed.length().max(claimed.map_or(0, |last| last + 1))
    }

    fn exchanges<'a>(
        &'a self,
        slot: Slot,
        hosted: &'a Hosted,
    ) -> impl Iterator<Item = (PeerKey, &'a Exchange)> + 'a {
        let exchange =
            move |peer: &PeerKey| Some((*peer, self.peers.get(peer)?.exchanges.get(&slot)?));
        hosted.peers.iter().filter_map(exchange)
    }

    fn status(
        &self,
        now: Instant,
        slot: Slot,
        hosted: &Hosted,
        known: u64,
        missing: u64,
    ) -> Status {
        if let Some((error, _)) = &hosted.failed {
            return Status::DiskError(error.to_string());
        }
        let mut ready = self
            .exchanges(slot, hosted)
            .filter(|(_, exchange)| exchange.ready)
            .peekable();
        let alone = ready.peek().is_none();
        if missing == 0 {
            let sure = hosted.feed.is_writable() || hosted.final_length().is_some() || known > 0;
            return match (sure, alone) {
                (true, _) => Status::Complete,
                (false, true) => self.alone(now, slot, hosted),
                (false, false) if ready.any(|(_, exchange)| exchange.heard) => Status::Complete,
                (false, false) => Status::Waiting,
            };
        }
        if !hosted.options.download {
            return Status::NotDownloading;
        }
        if alone {
            return self.alone(now, slot, hosted);
        }
        if hosted.options.sparse && hosted.wanted.is_empty() && hosted.downloads.is_empty() {
            return Status::Sparse;
        }
        let (mut heard, mut paused) = (false, false);
        for (_, exchange) in ready {
            heard |= exchange.heard;
            let has = hosted.feed.held().gaps(0..known).any(|gap| {
                exchange
                    .remote
                    .first_set(gap.start)
                    .is_some_and(|block| block < gap.end)
            });
            if has && exchange.is_usable() {
                return Status::Downloading;
            }
            paused |= has && exchange.remote_paused;
        }
        match (heard, paused) {
            (false, _) => Status::Waiting,
            (true, true) => Status::Paused,
            (true, false) => {
                let start = hosted.feed.held().first_unset(0);
                let gap = hosted
                    .feed
                    .held()
                    .gaps(start..known)
                    .next()
                    .unwrap_or(start..known);
                Status::PeersLack(gap)
            }
        }
    }

    /// No peer shares the feed: because there is none, because it has not answered yet, or because it does not want to.
    fn alone(&self, now: Instant, slot: Slot, hosted: &Hosted) -> Status {
        let waited = self
            .exchanges(slot, hosted)
            .map(|(_, exchange)| now.saturating_since(exchange.last_delivery));
        match waited.min() {
            None => Status::NoPeers,
            Some(waited) if waited <= self.config.request_timeout => Status::Waiting,
            Some(_) => Status::Refused,
        }
    }
}

/// Time between two reports of one download.
const TELL_EVERY: Duration = Duration::from_millis(100);
