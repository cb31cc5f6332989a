//! What goes to a connection, decided when there is room for it.

use crate::message::Answer;
use crate::pick::{pick, pick_wanted};
use crate::{EdgeCommand, Error, Event, Outgoing, PeerKey, Replicator};
use hyperfeed_bitfield::Bitfield;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_types::Instant;
use hyperfeed_v2_feed::Slot;

impl Replicator {
    /// The connections that may have something to send, in the order in which to poll them: it begins after the one
    /// that was served last, so that a rate limit does not serve the first of them alone.
    #[must_use]
    pub fn peers_with_work(&self) -> Vec<PeerKey> {
        let (mut first, then): (Vec<PeerKey>, Vec<PeerKey>) = self
            .awake
            .iter()
            .partition(|peer| Some(**peer) > self.served);
        first.extend(then);
        first
    }

    /// The next thing for a connection to send; `None` when there is nothing or enough is unwritten.
    ///
    /// A connection's feeds take turns. Within a feed: control messages, announcements, a request, an answer.
    pub fn poll_command(&mut self, now: Instant, peer: PeerKey) -> Option<EdgeCommand> {
        let command = self.next_command(now, peer);
        match &command {
            Some(command) => {
                if let Some(found) = self.peers.get_mut(&peer) {
                    found.unwritten += command.cost();
                }
            }
            None => {
                self.awake.remove(&peer);
            }
        }
        command
    }

    /// Commands of a connection are in its socket. `bytes` is the sum of their [`EdgeCommand::cost`].
    pub fn handle_written(&mut self, peer: PeerKey, bytes: usize) {
        if let Some(found) = self.peers.get_mut(&peer) {
            found.unwritten = found.unwritten.saturating_sub(bytes);
            self.awake.insert(peer);
        }
    }

    fn next_command(&mut self, now: Instant, peer: PeerKey) -> Option<EdgeCommand> {
        let max_unwritten = self.config.max_unwritten;
        let found = self.peers.get_mut(&peer)?;
        if found.unwritten < max_unwritten
            && let Some(command) = found.commands.pop_front()
        {
            return Some(command);
        }
        while self.peers.get(&peer)?.unwritten < max_unwritten {
            let found = self.peers.get_mut(&peer)?;
            let slot = found.turns.pop_front()?;
            if let Some(exchange) = found.exchanges.get_mut(&slot) {
                exchange.has_turn = false;
            }
            if let Some(message) = self.next_message(now, peer, slot) {
                self.wake(peer, slot);
                return Some(EdgeCommand::Send { slot, message });
            }
        }
        None
    }

    fn next_message(&mut self, now: Instant, peer: PeerKey, slot: Slot) -> Option<Outgoing> {
        let hosted = self.feeds.get(&slot)?;
        let found = self.peers.get_mut(&peer)?;
        let exchange = found.exchanges.get_mut(&slot)?;
        if !exchange.ready {
            return None;
        }
        if let Some(message) = exchange.next_control() {
            return Some(message);
        }
        let nothing = Bitfield::new();
        let told = if hosted.options.upload && found.options.upload {
            hosted.feed.held()
        } else {
            &nothing
        };
        if let Some(message) = exchange.next_announcement(told) {
            return Some(message);
        }
        self.next_request(now, peer, slot)
            .or_else(|| self.next_answer(now, peer, slot))
    }

    fn next_request(&mut self, now: Instant, peer: PeerKey, slot: Slot) -> Option<Outgoing> {
        let hosted = self.feeds.get(&slot)?;
        let found = self.peers.get_mut(&peer)?;
        if !hosted.is_downloading() || !found.options.download {
            return None;
        }
        if !found.download.is_open(now) || !self.download.is_open(now) {
            return None;
        }
        let found = self.peers.get(&peer)?;
        let exchange = found.exchanges.get(&slot)?;
        let many = found.asking >= self.config.max_in_flight
            && exchange.in_flight.len() >= self.config.min_window as usize;
        let room = exchange.has_room(&self.config) && !many;
        if !room && !exchange.has_room_for_wanted(&self.config) {
            return None;
        }
        let holders = |block: u64| {
            let has = |other: &&PeerKey| {
                let exchange = self
                    .peers
                    .get(other)
                    .and_then(|found| found.exchanges.get(&slot));
                exchange.is_some_and(|exchange| exchange.remote.get(block))
            };
            hosted.peers.iter().filter(has).count()
        };
        let picked = match room {
            true => pick(hosted, exchange, &mut self.entropy, holders)?,
            false => pick_wanted(hosted, exchange)?,
        };
        let block = BlockIndex::new(picked.block)?;
        let found = self.peers.get_mut(&peer)?;
        found.asking += 1;
        let exchange = found.exchanges.get_mut(&slot)?;
        let digest = exchange.digest(&hosted.feed, block, &self.config);
        exchange.run = picked.run;
        exchange.requested(block.get(), now);
        let hosted = self.feeds.get_mut(&slot)?;
        if picked.again {
            exchange.again.retain(|other| *other != block.get());
            hosted.asked_twice.insert(block.get());
        }
        hosted.requested.insert(block.get());
        self.served = Some(peer);
        Some(Outgoing::Request(block, digest))
    }

    fn next_answer(&mut self, now: Instant, peer: PeerKey, slot: Slot) -> Option<Outgoing> {
        loop {
            let hosted = self.feeds.get_mut(&slot)?;
            let found = self.peers.get_mut(&peer)?;
            let exchange = found.exchanges.get_mut(&slot)?;
            if exchange.local_paused || exchange.asked.is_empty() || !found.options.upload {
                return None;
            }
            if !found.upload.is_open(now) || !self.upload.is_open(now) {
                return None;
            }
            let (block, digest) = exchange.asked.pop()?;
            if !hosted.feed.has(block) {
                exchange.correct(block);
                if let Some(message) = exchange.next_announcement(hosted.feed.held()) {
                    return Some(message);
                }
                continue;
            }
            let proof = hosted.feed.proof(&mut self.store, block, digest);
            let (asked, store) = (&exchange.asked, &mut self.store);
            let read = exchange
                .read_ahead
                .block(&mut hosted.feed, store, block, asked);
            let (proof, read) = match (proof, read) {
                (Ok(Some(proof)), Ok(Some(read))) => (proof, read),
                (Err(error), _) | (_, Err(error)) => {
                    self.events.push_back(Event::Failed {
                        slot,
                        error: Error::from(error),
                    });
                    continue;
                }
                _ => continue,
            };
            let bytes = read.data.len() as u64;
            exchange.remote.insert(block.get());
            exchange.uploaded.add(now, bytes);
            hosted.uploaded.add(now, bytes);
            found.uploaded += bytes;
            found.upload.take(bytes);
            self.upload.take(bytes);
            self.served = Some(peer);
            self.events.push_back(Event::Upload {
                slot,
                peer,
                block,
                bytes,
            });
            return Some(Outgoing::Response(Box::new(Answer {
                block,
                data: read.data,
                leaf: read.leaf,
                proof,
            })));
        }
    }
}
