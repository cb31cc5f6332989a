//! Replies and events, from the replicator to the tasks that wait for them.

use super::{Owner, Slot, Waiting};
use crate::{Error, ErrorKind, FeedEvent, ReplicationEvent};
use hyperfeed_types::PublicId;
use hyperfeed_v2_crypto::public_id;
use hyperfeed_v2_replicate::{Event, PeerError, PeerKey, Reply, Token};

impl Owner {
    /// First what handles see, then who watches, then who waits: a task that has its reply finds the rest done.
    pub(super) fn deliver(&mut self) {
        let replies: Vec<Reply> = std::iter::from_fn(|| self.replicator.poll_reply()).collect();
        let events: Vec<Event> = std::iter::from_fn(|| self.replicator.poll_event()).collect();
        self.touched.extend(
            replies
                .iter()
                .filter_map(|reply| self.waiting.get(&token(reply))?.changed()),
        );
        self.touched.extend(events.iter().filter_map(changed));
        while let Some(slot) = self.touched.pop_first() {
            if let (Some(open), Some(feed)) = (self.feeds.get(&slot), self.replicator.feed(slot)) {
                open.view.update(feed);
            }
        }
        for event in events {
            self.deliver_event(event);
        }
        for reply in replies {
            self.deliver_reply(reply);
        }
    }

    /// Replies to reads, which change nothing.
    pub(super) fn deliver_replies(&mut self) {
        while let Some(reply) = self.replicator.poll_reply() {
            self.deliver_reply(reply);
        }
    }

    fn deliver_reply(&mut self, reply: Reply) {
        if let Reply::Progress { token, progress } = reply {
            if let Some(Waiting::Download(watch)) = self.waiting.get(&token) {
                watch.set(progress);
            }
            return;
        }
        let Some(waiting) = self.waiting.remove(&token(&reply)) else {
            return;
        };
        match (waiting, reply) {
            (Waiting::Append { reply, .. }, Reply::Appended { range, .. }) => {
                drop(reply.send(Ok(range)))
            }
            (Waiting::Block(reply), Reply::Block { block, .. }) => drop(reply.send(Ok(block))),
            (Waiting::Download(watch), Reply::Downloaded { progress, .. }) => {
                watch.finish(Ok(progress))
            }
            (Waiting::Finalize { reply, .. }, Reply::Finalized { key, .. }) => {
                drop(reply.send(Ok(key)))
            }
            (Waiting::Flush(reply), Reply::Flushed { .. }) => drop(reply.send(Ok(()))),
            (Waiting::Put { reply, .. }, Reply::Put { new, .. }) => drop(reply.send(Ok(new))),
            // A feed that was closed meanwhile is not waited for either.
            (Waiting::WholeFeed(connection), reply) => {
                self.has_whole_feed(connection, token(&reply))
            }
            (waiting, Reply::Failed { error, .. }) => waiting.fail(error.into()),
            (waiting, _) => waiting.fail(Error::new(
                ErrorKind::Io,
                "the owner gave an answer to another question",
            )),
        }
    }

    fn deliver_event(&mut self, event: Event) {
        match event {
            Event::Corrupt { slot, block } => {
                tracing::warn!(%block, "a block is damaged or lost; verify and repair the feed");
                self.publish(slot, &FeedEvent::Corrupt { block: block.get() })
            }
            Event::Download {
                slot,
                peer,
                block,
                bytes,
            } => {
                self.count(slot, |stats| {
                    stats.downloaded_blocks += 1;
                    stats.downloaded_bytes += bytes;
                });
                self.publish(
                    slot,
                    &FeedEvent::Download {
                        block: block.get(),
                        bytes,
                        peer,
                    },
                );
            }
            Event::Dropped { peer, reason } => self.dropped(peer, reason),
            Event::Extension {
                slot,
                peer,
                name,
                body,
            } => self.deliver_extension(slot, peer, name, body),
            Event::Failed { slot, error } => {
                let error = Error::from(error);
                tracing::error!(%error, "storage failed");
                self.publish(slot, &FeedEvent::Failed { error });
            }
            Event::FeedOpened {
                peer,
                public_id,
                slot,
            } => self.remote_opened(peer, public_id, slot),
            Event::Finalized { slot } => {
                if let Some(key) = self
                    .replicator
                    .feed(slot)
                    .and_then(|feed| feed.key().copied())
                {
                    self.publish(slot, &FeedEvent::Finalized { key });
                    self.offer(public_id(&key));
                }
            }
            Event::Handshake {
                peer,
                peer_id,
                extensions,
            } => {
                self.publish_peer(
                    peer,
                    &ReplicationEvent::Handshake {
                        peer_id,
                        extensions,
                    },
                );
            }
            Event::Have { slot, range } => self.publish(slot, &FeedEvent::Have { range }),
            Event::Paused { slot, peer } => self.publish(slot, &FeedEvent::Paused { peer }),
            Event::PeerAdded { slot, peer } => {
                self.count(slot, |stats| stats.peers += 1);
                self.publish(slot, &FeedEvent::PeerAdded { peer });
                self.admit(peer, slot);
            }
            Event::PeerComplete { slot, peer } => {
                self.publish(slot, &FeedEvent::PeerComplete { peer })
            }
            Event::PeerRemoved { slot, peer } => {
                self.count(slot, |stats| stats.peers = stats.peers.saturating_sub(1));
                self.publish(slot, &FeedEvent::PeerRemoved { peer });
            }
            Event::Resumed { slot, peer } => self.publish(slot, &FeedEvent::Resumed { peer }),
            Event::Upload {
                slot,
                peer,
                block,
                bytes,
            } => {
                self.count(slot, |stats| {
                    stats.uploaded_blocks += 1;
                    stats.uploaded_bytes += bytes;
                });
                self.publish(
                    slot,
                    &FeedEvent::Upload {
                        block: block.get(),
                        bytes,
                        peer,
                    },
                );
            }
        }
    }

    fn dropped(&self, peer: PeerKey, reason: PeerError) {
        if let Some(connection) = self
            .by_peer
            .get(&peer)
            .and_then(|id| self.connections.get(id))
        {
            connection.link.end(Err(reason.into()));
        }
    }

    fn remote_opened(&mut self, peer: PeerKey, public_id: PublicId, slot: Option<Slot>) {
        let joined = slot.is_some() || self.join_requested(peer, public_id);
        self.publish_peer(peer, &ReplicationEvent::Feed { public_id, joined });
    }

    fn publish(&self, slot: Slot, event: &FeedEvent) {
        if let Some(open) = self.feeds.get(&slot) {
            open.view.events.publish(event);
        }
    }

    fn publish_peer(&self, peer: PeerKey, event: &ReplicationEvent) {
        if let Some(connection) = self
            .by_peer
            .get(&peer)
            .and_then(|id| self.connections.get(id))
        {
            connection.shared.events.publish(event);
        }
    }

    fn count(&self, slot: Slot, change: impl FnOnce(&mut crate::FeedStats)) {
        if let Some(open) = self.feeds.get(&slot) {
            change(&mut open.view.stats());
        }
    }
}

fn token(reply: &Reply) -> Token {
    match reply {
        Reply::Appended { token, .. }
        | Reply::Block { token, .. }
        | Reply::Downloaded { token, .. }
        | Reply::Failed { token, .. }
        | Reply::Finalized { token, .. }
        | Reply::Flushed { token }
        | Reply::Progress { token, .. }
        | Reply::Put { token, .. } => *token,
    }
}

/// The feed whose committed state an event tells of.
fn changed(event: &Event) -> Option<Slot> {
    match event {
        Event::Download { slot, .. }
        | Event::Failed { slot, .. }
        | Event::Finalized { slot }
        | Event::Have { slot, .. } => Some(*slot),
        _ => None,
    }
}
