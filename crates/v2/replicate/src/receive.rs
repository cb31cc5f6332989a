//! What becomes of a peer's messages.

use crate::exchange::Exchange;
use crate::message::BLOCKS;
use crate::{Error, Event, Incoming, PeerError, PeerKey, Replicator};
use hyperfeed_bitfield::rle;
use hyperfeed_types::Instant;
use hyperfeed_v2_feed::{Accepted, FeedError, Put, Slot};
use std::ops::Range;
use std::sync::Arc;

impl Replicator {
    pub(crate) fn handle_message(
        &mut self,
        now: Instant,
        peer: PeerKey,
        slot: Slot,
        message: Incoming,
    ) -> Result<(), PeerError> {
        let Some(hosted) = self.feeds.get(&slot) else {
            return Ok(());
        };
        let Some(found) = self.peers.get_mut(&peer) else {
            return Ok(());
        };
        let upload = hosted.options.upload && found.options.upload;
        let Some(exchange) = found.exchanges.get_mut(&slot) else {
            return Ok(());
        };
        match message {
            Incoming::Cancel(block) => exchange.asked.remove(block),
            Incoming::Have(range) => {
                let before = exchange.remote.memory();
                exchange.remote.insert_range(range);
                found.remote_memory += exchange.remote.memory().saturating_sub(before);
                return self.heard(now, peer, slot);
            }
            Incoming::HaveBits { start, coded } => {
                let before = exchange.remote.memory();
                let refused = apply_bits(exchange, start, &coded, self.config.max_remote_memory)?;
                found.remote_memory += exchange.remote.memory().saturating_sub(before);
                self.release(peer, slot, refused.into_iter());
                return self.heard(now, peer, slot);
            }
            Incoming::Pause => {
                exchange.remote_paused = true;
                let lost = std::mem::take(&mut exchange.in_flight);
                self.release(peer, slot, lost.into_keys());
                self.events.push_back(Event::Paused { slot, peer });
            }
            Incoming::Request(block, digest) if upload => {
                exchange.asked.push(block, digest);
                found.asked += 1;
                if found.asked > self.config.max_queued_requests {
                    found.asked = found.exchanges.values().map(|e| e.asked.len()).sum();
                    if found.asked > self.config.max_queued_requests {
                        return Err(PeerError::TooManyRequests);
                    }
                }
                self.wake(peer, slot);
            }
            // It was told that nothing is held here.
            Incoming::Request(..) => {}
            Incoming::Response(put) => return self.handle_response(now, peer, slot, *put),
            Incoming::Resume => {
                exchange.remote_paused = false;
                self.events.push_back(Event::Resumed { slot, peer });
                self.wake(peer, slot);
            }
            Incoming::Want(start) => {
                exchange.tell_from(start, hosted.feed.held());
                self.wake(peer, slot);
            }
        }
        Ok(())
    }

    fn heard(&mut self, now: Instant, peer: PeerKey, slot: Slot) -> Result<(), PeerError> {
        let max_memory = self.config.max_remote_memory;
        if let Some(found) = self.peers.get_mut(&peer) {
            // What was forgotten since is found out only when it matters.
            if found.remote_memory > max_memory {
                found.remote_memory = found.exchanges.values().map(|e| e.remote.memory()).sum();
                if found.remote_memory > max_memory {
                    return Err(PeerError::RemoteMemory);
                }
            }
            if let Some(exchange) = found.exchanges.get_mut(&slot) {
                exchange.heard = true;
                let length = self
                    .feeds
                    .get(&slot)
                    .map_or(0, |hosted| hosted.feed.length());
                if length > exchange.complete
                    && exchange.remote.count() >= length
                    && exchange.remote.contains_range(0..length)
                {
                    exchange.complete = length;
                    self.events.push_back(Event::PeerComplete { slot, peer });
                }
            }
        }
        self.wake(peer, slot);
        self.tell_downloads(now, slot);
        Ok(())
    }

    fn handle_response(
        &mut self,
        now: Instant,
        peer: PeerKey,
        slot: Slot,
        put: Put,
    ) -> Result<(), PeerError> {
        let (Some(found), Some(hosted)) = (self.peers.get_mut(&peer), self.feeds.get_mut(&slot))
        else {
            return Ok(());
        };
        let Some(exchange) = found.exchanges.get_mut(&slot) else {
            return Ok(());
        };
        let (block, bytes) = (put.block, put.data.len() as u64);
        let full = exchange.in_flight.len() >= exchange.window.size(&self.config);
        let ahead = exchange.came(block);
        let welcome = match exchange.in_flight.remove(&block.get()) {
            Some(sent) => {
                found.asking = found.asking.saturating_sub(1);
                found.unrequested = found.unrequested.saturating_sub(1);
                exchange.answered = exchange.answered.max(sent);
                exchange
                    .window
                    .on_response(&self.config, now, sent, bytes, full);
                true
            }
            // A late answer, or one that nobody asked for: welcome if the block is what we are after.
            None => hosted.wants(block),
        };
        if !welcome {
            found.unrequested += 1;
            if found.unrequested > self.config.max_unrequested {
                return Err(PeerError::TooManyUnrequested);
            }
            return Ok(());
        }
        exchange.last_delivery = now;
        exchange.stalled = None;
        exchange.remote.insert(block.get());
        exchange.downloaded.add(now, bytes);
        found.downloaded += bytes;
        found.download.take(bytes);
        self.download.take(bytes);
        hosted.requested.remove(block.get());
        hosted.downloaded.add(now, bytes);
        self.wake(peer, slot);
        self.stage_block(now, peer, slot, put, ahead)
    }

    fn stage_block(
        &mut self,
        now: Instant,
        peer: PeerKey,
        slot: Slot,
        put: Put,
        ahead: bool,
    ) -> Result<(), PeerError> {
        let (block, bytes) = (put.block, put.data.len() as u64);
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return Ok(());
        };
        if !hosted.is_downloading() || hosted.feed.has(block) {
            return Ok(());
        }
        match hosted.feed.stage_put(&mut self.store, put) {
            Ok(Accepted::New) => {
                hosted.staged_mut().from_peers.push((peer, block, bytes));
                self.dirty.insert(slot);
                Ok(())
            }
            Ok(_) => Ok(()),
            // Neither side's fault: the block is asked for again, with a digest that claims less.
            Err(FeedError::Unproven) => Ok(()),
            Err(error) if is_the_peers_fault(&error) && ahead => {
                // Perhaps for want of an answer before it. Asked again, it stands for itself.
                if let Some(exchange) = self.exchange(peer, slot) {
                    exchange.lost_step();
                }
                Ok(())
            }
            Err(error) if is_the_peers_fault(&error) => {
                let feed = *hosted.feed.id();
                // Free for others again; the connection has no request for it any more that would tell them.
                self.wake_all(slot);
                Err(PeerError::BadBlock {
                    feed,
                    block,
                    error: Arc::new(error),
                })
            }
            Err(error) => {
                let error = Error::from(error);
                hosted.failed = Some((error.clone(), now + STORAGE_RETRY));
                self.failing.insert(slot);
                self.events.push_back(Event::Failed { slot, error });
                Ok(())
            }
        }
    }
}

fn is_the_peers_fault(error: &FeedError) -> bool {
    matches!(
        error,
        FeedError::KeyMismatch
            | FeedError::OutOfBounds
            | FeedError::Signature(_)
            | FeedError::TooLarge { .. }
            | FeedError::UnusedNodes { .. }
            | FeedError::Verify(_)
    )
}

/// Takes over what the peer says of itself; gives the blocks asked of it that it says it lacks.
///
/// A few bytes can tell of as much as there is room for, so the room is looked at after each run.
fn apply_bits(
    exchange: &mut Exchange,
    start: u64,
    coded: &[u8],
    max_memory: usize,
) -> Result<Vec<u64>, PeerError> {
    let mut refused = Vec::new();
    for run in rle::decode(coded, BLOCKS - start).map_err(|_| PeerError::Bitfield)? {
        let range: Range<u64> = start + run.start..start + run.start + run.len;
        if run.value {
            exchange.remote.insert_range(range);
        } else {
            let lacking = exchange.in_flight.range(range.clone());
            refused.extend(lacking.map(|(block, _)| *block));
            exchange.remote.remove_range(range);
        }
        if exchange.remote.memory() > max_memory {
            return Err(PeerError::RemoteMemory);
        }
    }
    for block in &refused {
        exchange.in_flight.remove(block);
    }
    Ok(refused)
}

/// Time until a feed whose storage could not be read is tried again.
const STORAGE_RETRY: core::time::Duration = core::time::Duration::from_secs(2);
