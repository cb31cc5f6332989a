//! Connections: from the handle's side, and from the socket's side.

use super::{Owner, Slot, Waiting};
use crate::feed_view::FeedView;
use crate::inbox::ConnectionId;
use crate::link::OwnerLink;
use crate::replicate_options::Admit;
use crate::replication::Connected;
use crate::{Error, ErrorKind, Feeds, PeerInfo, ReplicationEvent};
use bytes::Bytes;
use hyperfeed_types::{Instant, PublicId};
use hyperfeed_v2_replicate::{EdgeEvent, PeerKey, PeerOptions, Token};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A connection that is about to be driven.
pub(crate) struct NewConnection {
    pub(crate) id: ConnectionId,
    pub(crate) link: OwnerLink,
    pub(crate) shared: Arc<Connected>,
    pub(crate) admit: Admit,
    pub(crate) feeds: Feeds,
    pub(crate) live: bool,
    pub(crate) options: PeerOptions,
}

pub(super) struct OpenConnection {
    pub(super) link: OwnerLink,
    pub(super) shared: Arc<Connected>,
    peer: PeerKey,
    admit: Admit,
    live: bool,
    /// Whether any feed of the store is joined when the peer opens it.
    open_door: bool,
    /// Feeds the peer has opened and we did not have.
    unknown: BTreeSet<PublicId>,
    /// With `live` off: feeds still being fetched.
    fetching: BTreeSet<Token>,
}

impl Owner {
    pub(super) fn connect(&mut self, new: NewConnection) {
        let now = self.clock.now();
        let peer = self.replicator.connect(now, new.options);
        let open = OpenConnection {
            link: new.link,
            shared: new.shared,
            peer,
            admit: new.admit,
            live: new.live,
            open_door: !matches!(new.feeds, Feeds::Listed(_)),
            unknown: BTreeSet::new(),
            fetching: BTreeSet::new(),
        };
        self.connections.insert(new.id, open);
        self.by_peer.insert(peer, new.id);
        let slots: Vec<Slot> = match &new.feeds {
            Feeds::All => {
                let has_key = |slot: &Slot| {
                    self.replicator
                        .feed(*slot)
                        .is_some_and(|feed| feed.key().is_some())
                };
                self.feeds.keys().copied().filter(has_key).collect()
            }
            Feeds::Listed(feeds) => feeds.iter().filter_map(|feed| feed.slot().ok()).collect(),
            Feeds::Requested => Vec::new(),
        };
        for slot in slots {
            if let Err(error) = self.join(new.id, slot) {
                tracing::warn!(%error, "a feed could not be joined");
            }
        }
    }

    pub(super) fn disconnect(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else {
            return;
        };
        self.handled.remove(&id);
        self.by_peer.remove(&connection.peer);
        for token in &connection.fetching {
            self.waiting.remove(token);
            self.replicator.cancel(*token);
        }
        self.replicator
            .disconnect(self.clock.now(), connection.peer);
        for (slot, open) in &mut self.feeds {
            if open.joined.remove(&id) {
                self.idle.insert(*slot);
            }
        }
        let reason = connection.shared.finish.peek().and_then(Result::err);
        if reason
            .as_ref()
            .is_some_and(|error| error.kind() == ErrorKind::TimedOut)
        {
            connection.shared.events.publish(&ReplicationEvent::Timeout);
        }
        connection
            .shared
            .events
            .publish(&ReplicationEvent::Closed { reason });
        connection.shared.close();
    }

    pub(super) fn handle_edge(&mut self, id: ConnectionId, events: Vec<EdgeEvent>, written: usize) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let (peer, now) = (connection.peer, self.clock.now());
        if written > 0 {
            self.replicator.handle_written(peer, written);
        }
        if !events.is_empty() {
            *self.handled.entry(id).or_default() += 1;
        }
        for event in events {
            self.replicator.handle_edge(now, peer, event);
        }
    }

    /// Hands commands to the connections, and gives them credit for what was handled.
    pub(super) fn send_commands(&mut self, now: Instant) {
        for peer in self.replicator.peers_with_work() {
            let link = self
                .by_peer
                .get(&peer)
                .and_then(|id| self.connections.get(id))
                .map(|c| Arc::clone(&c.link));
            let Some(link) = link else { continue };
            link.push(std::iter::from_fn(|| {
                self.replicator.poll_command(now, peer)
            }));
        }
        for (id, batches) in std::mem::take(&mut self.handled) {
            if let Some(connection) = self.connections.get(&id) {
                connection.link.release(batches);
            }
        }
    }

    pub(crate) fn join_view(&mut self, id: ConnectionId, view: &FeedView) -> Result<(), Error> {
        self.join(id, view.slot)
    }

    pub(crate) fn leave_view(&mut self, id: ConnectionId, view: &FeedView) -> Result<(), Error> {
        self.leave(id, view.slot)
    }

    fn leave(&mut self, id: ConnectionId, slot: Slot) -> Result<(), Error> {
        let peer = self.peer(id)?;
        self.replicator.leave(self.clock.now(), peer, slot);
        if let Some(open) = self.feeds.get_mut(&slot) {
            open.joined.remove(&id);
            self.idle.insert(slot);
        }
        Ok(())
    }

    pub(crate) fn peer_info(&self, id: ConnectionId) -> Result<PeerInfo, Error> {
        let peer = self.peer(id)?;
        self.peer_infos()
            .into_iter()
            .find(|info| info.peer == peer)
            .ok_or_else(gone)
    }

    pub(crate) fn peer_infos(&self) -> Vec<PeerInfo> {
        let info = |info: hyperfeed_v2_replicate::PeerInfo| PeerInfo {
            peer: info.peer,
            peer_id: info.peer_id,
            feeds: info
                .feeds
                .iter()
                .filter_map(|slot| self.replicator.feed(*slot).map(|feed| *feed.id()))
                .collect(),
            uploaded: info.uploaded,
            downloaded: info.downloaded,
        };
        self.replicator.peers().into_iter().map(info).collect()
    }

    pub(crate) fn pause(&mut self, id: ConnectionId, view: &FeedView) -> Result<(), Error> {
        let peer = self.peer(id)?;
        self.replicator.pause(peer, view.slot);
        Ok(())
    }

    pub(crate) fn resume(&mut self, id: ConnectionId, view: &FeedView) -> Result<(), Error> {
        let peer = self.peer(id)?;
        self.replicator.resume(peer, view.slot);
        Ok(())
    }

    pub(crate) fn send_extension(
        &mut self,
        id: ConnectionId,
        view: &FeedView,
        name: usize,
        body: Bytes,
    ) -> Result<(), Error> {
        let peer = self.peer(id)?;
        Ok(self
            .replicator
            .send_extension(peer, view.slot, name, body)?)
    }

    /// Ends a connection in an orderly way: what is queued is still written.
    pub(crate) fn close_connection(&self, id: ConnectionId) {
        if let Some(connection) = self.connections.get(&id) {
            connection.link.end(Ok(()));
        }
    }

    /// Ends the connection of a peer, as [`close_connection`](Self::close_connection) does.
    pub(crate) fn close_peer(&self, peer: PeerKey) -> Result<(), Error> {
        let id = self.by_peer.get(&peer).ok_or_else(gone)?;
        self.close_connection(*id);
        Ok(())
    }

    pub(super) fn deliver_extension(&self, slot: Slot, peer: PeerKey, name: usize, body: Bytes) {
        let connection = self
            .by_peer
            .get(&peer)
            .and_then(|id| self.connections.get(id));
        if let (Some(connection), Some(feed)) = (connection, self.replicator.feed(slot)) {
            connection.shared.received(*feed.id(), name, body);
        }
    }

    /// Both sides have opened a feed: leaves it before anything was sent of it, unless the peer may share it.
    pub(super) fn admit(&mut self, peer: PeerKey, slot: Slot) {
        let connection = self
            .by_peer
            .get(&peer)
            .and_then(|id| Some((*id, self.connections.get(id)?)));
        let (Some((id, connection)), Some(feed)) = (connection, self.replicator.feed(slot)) else {
            return;
        };
        let public_id = *feed.id();
        if connection
            .admit
            .admits(self.replicator.peer_id(peer), public_id)
        {
            return;
        }
        connection
            .shared
            .events
            .publish(&ReplicationEvent::Refused { public_id });
        // A connection that is gone meanwhile has left all its feeds.
        self.leave(id, slot).ok();
    }

    /// The peer opened a feed that is not joined: joins it if the door is open and the store has it.
    pub(super) fn join_requested(&mut self, peer: PeerKey, public_id: PublicId) -> bool {
        let Some(id) = self.by_peer.get(&peer).copied() else {
            return false;
        };
        let Some(connection) = self.connections.get_mut(&id) else {
            return false;
        };
        if !connection.open_door {
            return false;
        }
        connection.unknown.insert(public_id);
        self.try_requested(id, public_id)
    }

    /// A feed was opened or created here: perhaps a peer has asked for it before.
    pub(super) fn offer(&mut self, public_id: PublicId) {
        let asked = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.unknown.contains(&public_id));
        for id in asked.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.try_requested(id, public_id);
        }
    }

    fn try_requested(&mut self, id: ConnectionId, public_id: PublicId) -> bool {
        let joined = match self.open_stored(&public_id) {
            Ok(None) => false,
            Ok(Some(slot)) => self.join(id, slot).is_ok(),
            Err(error) => {
                tracing::warn!(%error, %public_id, "a feed that a peer asked for could not be opened");
                false
            }
        };
        if joined && let Some(connection) = self.connections.get_mut(&id) {
            connection.unknown.remove(&public_id);
        }
        joined
    }

    fn join(&mut self, id: ConnectionId, slot: Slot) -> Result<(), Error> {
        let now = self.clock.now();
        let peer = self.peer(id)?;
        let open = self
            .feeds
            .get_mut(&slot)
            .ok_or_else(|| Error::new(ErrorKind::Closed, "the feed was closed"))?;
        self.replicator.join(now, peer, slot)?;
        let first = open.joined.insert(id);
        if let Some(connection) = self.connections.get_mut(&id)
            && !connection.live
            && first
        {
            self.own_token += 1;
            let token = self.own_token;
            connection.fetching.insert(token);
            self.waiting.insert(token, Waiting::WholeFeed(id));
            self.replicator.download(now, slot, 0..u64::MAX, token);
        }
        Ok(())
    }

    /// One feed of a connection that is not live has been fetched.
    pub(super) fn has_whole_feed(&mut self, id: ConnectionId, token: Token) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.fetching.remove(&token);
            if connection.fetching.is_empty() {
                connection.link.end(Ok(()));
            }
        }
    }

    fn peer(&self, id: ConnectionId) -> Result<PeerKey, Error> {
        self.connections
            .get(&id)
            .map(|connection| connection.peer)
            .ok_or_else(gone)
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Closed, "the connection is closed")
}
