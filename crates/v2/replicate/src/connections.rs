//! What connections do and say.

use crate::exchange::Exchange;
use crate::peer::Peer;
use crate::{
    EdgeCommand, EdgeEvent, Error, Event, Outgoing, PeerError, PeerInfo, PeerKey, PeerOptions,
    Replicator,
};
use bytes::Bytes;
use hyperfeed_types::{Instant, PeerId};
use hyperfeed_v2_feed::{FeedError, Slot};
use std::sync::Arc;

impl Replicator {
    /// A connection is there.
    pub fn connect(&mut self, now: Instant, options: PeerOptions) -> PeerKey {
        let key = self.new_peer();
        self.peers.insert(key, Peer::new(options, now));
        key
    }

    /// A connection is gone: what was asked of it is asked of others.
    pub fn disconnect(&mut self, now: Instant, peer: PeerKey) {
        let Some(found) = self.peers.remove(&peer) else {
            return;
        };
        self.awake.remove(&peer);
        for (slot, exchange) in found.exchanges {
            self.part(now, peer, slot, exchange);
        }
    }

    /// Shares a feed on a connection. Joining twice does nothing.
    ///
    /// # Errors
    /// The feed is not open or has no key yet; the connection is gone or has too many feeds.
    pub fn join(&mut self, now: Instant, peer: PeerKey, slot: Slot) -> Result<(), Error> {
        let hosted = self.feeds.get_mut(&slot).ok_or(Error::NotOpen { slot })?;
        let key = *hosted
            .feed
            .key()
            .ok_or(Error::Feed(Arc::new(FeedError::NotFinalized)))?;
        let found = self.peers.get_mut(&peer).ok_or(Error::UnknownPeer)?;
        if found.exchanges.contains_key(&slot) {
            return Ok(());
        }
        let limit = self.config.max_exchanges;
        if found.exchanges.len() >= limit {
            return Err(Error::TooManyFeeds { limit });
        }
        found
            .exchanges
            .insert(slot, Exchange::new(&self.config, now));
        found.commands.push_back(EdgeCommand::Open { slot, key });
        hosted.peers.insert(peer);
        self.awake.insert(peer);
        Ok(())
    }

    /// Stops sharing a feed on a connection. The wire has no word for that which upstream would understand, so the
    /// peer is told that nothing is held here: then it asks others at once.
    pub fn leave(&mut self, now: Instant, peer: PeerKey, slot: Slot) {
        let Some(found) = self.peers.get_mut(&peer) else {
            return;
        };
        let Some(exchange) = found.exchanges.remove(&slot) else {
            return;
        };
        if exchange.ready && exchange.announced > 0 {
            let message = Outgoing::nothing_below(exchange.announced);
            found
                .commands
                .push_back(EdgeCommand::Send { slot, message });
        }
        found.commands.push_back(EdgeCommand::Leave { slot });
        self.awake.insert(peer);
        self.part(now, peer, slot, exchange);
    }

    /// Stops answering a peer's requests for a feed, and tells it.
    pub fn pause(&mut self, peer: PeerKey, slot: Slot) {
        if let Some(exchange) = self.exchange(peer, slot)
            && !exchange.local_paused
        {
            exchange.local_paused = true;
            // The peer takes a pause to mean that its requests are forgotten.
            exchange.asked.clear();
            exchange.send(Outgoing::Pause);
            self.wake(peer, slot);
        }
    }

    /// Answers a peer's requests again.
    pub fn resume(&mut self, peer: PeerKey, slot: Slot) {
        if let Some(exchange) = self.exchange(peer, slot)
            && exchange.local_paused
        {
            exchange.local_paused = false;
            exchange.send(Outgoing::Resume);
            self.wake(peer, slot);
        }
    }

    /// Sends a message of an extension; `name` is an index into the sorted names of the connection.
    ///
    /// # Errors
    /// The connection is gone or does not have the feed; too much waits for a peer that does not read.
    pub fn send_extension(
        &mut self,
        peer: PeerKey,
        slot: Slot,
        name: usize,
        body: Bytes,
    ) -> Result<(), Error> {
        let found = self.peers.get_mut(&peer).ok_or(Error::UnknownPeer)?;
        if !found.exchanges.contains_key(&slot) {
            return Err(Error::NotOpen { slot });
        }
        if found.waiting_extensions() >= self.config.max_unwritten {
            return Err(Error::Unread);
        }
        found
            .commands
            .push_back(EdgeCommand::Extension { slot, name, body });
        self.awake.insert(peer);
        Ok(())
    }

    /// What a peer calls itself, once it has said so.
    #[must_use]
    pub fn peer_id(&self, peer: PeerKey) -> Option<PeerId> {
        self.peers.get(&peer)?.peer_id
    }

    /// The connections there are.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerInfo> {
        let info = |(key, peer): (&PeerKey, &Peer)| PeerInfo {
            peer: *key,
            peer_id: peer.peer_id,
            feeds: peer.exchanges.keys().copied().collect(),
            uploaded: peer.uploaded,
            downloaded: peer.downloaded,
            unwritten: peer.unwritten,
            queued_requests: peer.exchanges.values().map(|e| e.asked.len()).sum(),
            in_flight: peer.exchanges.values().map(|e| e.in_flight.len()).sum(),
            remote_memory: peer.exchanges.values().map(|e| e.remote.memory()).sum(),
        };
        self.peers.iter().map(info).collect()
    }

    /// What a connection's edge tells. Blocks are verified and staged, not yet stored.
    pub fn handle_edge(&mut self, now: Instant, peer: PeerKey, event: EdgeEvent) {
        let Some(found) = self.peers.get_mut(&peer) else {
            return;
        };
        match event {
            EdgeEvent::Closed { slot } => {
                if let Some(exchange) = found.exchanges.get_mut(&slot) {
                    let closed = std::mem::replace(exchange, Exchange::new(&self.config, now));
                    exchange.has_turn = closed.has_turn;
                    exchange.local_paused = closed.local_paused;
                    exchange.closed = true;
                    self.release(peer, slot, closed.in_flight.into_keys());
                    self.events.push_back(Event::PeerRemoved { slot, peer });
                    self.tell_downloads(now, slot);
                }
            }
            EdgeEvent::Corrupt { slot, block } => {
                self.events.push_back(Event::Corrupt { slot, block })
            }
            EdgeEvent::Extension { slot, name, body } => {
                self.events.push_back(Event::Extension {
                    slot,
                    peer,
                    name,
                    body,
                });
            }
            EdgeEvent::Handshake {
                peer_id,
                extensions,
            } => {
                found.peer_id = peer_id;
                self.events.push_back(Event::Handshake {
                    peer,
                    peer_id,
                    extensions,
                });
            }
            EdgeEvent::Message { slot, message } => {
                if let Err(reason) = self.handle_message(now, peer, slot, message) {
                    self.drop_peer(now, peer, reason);
                }
            }
            EdgeEvent::Opened { public_id } => {
                let slot = found.exchanges.keys().copied().find(|slot| {
                    self.feeds
                        .get(slot)
                        .is_some_and(|hosted| *hosted.feed.id() == public_id)
                });
                if let Some(slot) = slot {
                    self.reopen(peer, slot);
                }
                self.events.push_back(Event::FeedOpened {
                    peer,
                    public_id,
                    slot,
                });
            }
            EdgeEvent::Ready { slot, missed } => self.open(now, peer, slot, missed),
        }
    }

    /// Closes a connection for a reason. The owner finds it in an event, and closes the socket.
    pub fn drop_peer(&mut self, now: Instant, peer: PeerKey, reason: PeerError) {
        if self.peers.contains_key(&peer) {
            self.disconnect(now, peer);
            self.events.push_back(Event::Dropped { peer, reason });
        }
    }

    fn open(&mut self, now: Instant, peer: PeerKey, slot: Slot, missed: bool) {
        // What is announced now must not be lost later.
        if let Err(error) = self.make_durable() {
            self.events.push_back(Event::Failed { slot, error });
            return;
        }
        let Some(exchange) = self
            .peers
            .get_mut(&peer)
            .and_then(|found| found.exchanges.get_mut(&slot))
        else {
            return;
        };
        let was_ready = exchange.ready;
        let lost = std::mem::take(&mut exchange.in_flight);
        exchange.restart(&self.config, now);
        if missed {
            exchange.send(Outgoing::Want);
        }
        self.release(peer, slot, lost.into_keys());
        self.wake(peer, slot);
        if !was_ready {
            self.events.push_back(Event::PeerAdded { slot, peer });
        }
        self.tell_downloads(now, slot);
    }

    /// The peer opens a feed again that it had closed.
    fn reopen(&mut self, peer: PeerKey, slot: Slot) {
        let key = self
            .feeds
            .get(&slot)
            .and_then(|hosted| hosted.feed.key().copied());
        if let (Some(key), Some(found)) = (key, self.peers.get_mut(&peer))
            && let Some(exchange) = found.exchanges.get_mut(&slot)
            && std::mem::take(&mut exchange.closed)
        {
            found.commands.push_back(EdgeCommand::Open { slot, key });
            self.awake.insert(peer);
        }
    }

    /// A feed is not shared with a peer any more.
    fn part(&mut self, now: Instant, peer: PeerKey, slot: Slot, exchange: Exchange) {
        if let Some(hosted) = self.feeds.get_mut(&slot) {
            hosted.peers.remove(&peer);
        }
        self.release(peer, slot, exchange.in_flight.into_keys());
        if exchange.ready {
            self.events.push_back(Event::PeerRemoved { slot, peer });
        }
        self.tell_downloads(now, slot);
    }

    /// Requests that `peer` will not answer are free for others, unless another was asked as well.
    pub(crate) fn release(&mut self, peer: PeerKey, slot: Slot, blocks: impl Iterator<Item = u64>) {
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        let mut any = false;
        for block in blocks {
            any = true;
            let elsewhere = hosted.asked_twice.contains(&block)
                && hosted
                    .peers
                    .iter()
                    .filter(|other| **other != peer)
                    .any(|other| {
                        let exchange = self
                            .peers
                            .get(other)
                            .and_then(|found| found.exchanges.get(&slot));
                        exchange.is_some_and(|exchange| exchange.in_flight.contains_key(&block))
                    });
            if !elsewhere {
                hosted.requested.remove(block);
                hosted.asked_twice.remove(&block);
            }
        }
        if any {
            self.wake_all(slot);
        }
    }
}
