//! The group commit: everything staged becomes durable at once, then memory advances, then others are told.

use crate::{Error, Event, Outgoing, Replicator, Reply};
use core::time::Duration;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::Durability;
use hyperfeed_types::Instant;
use hyperfeed_v2_feed::{FeedError, Slot};
use std::ops::Range;
use std::sync::Arc;

impl Replicator {
    /// Commits all that is staged, acknowledges it, announces it, and answers who waited for it.
    ///
    /// If storage fails, nothing of the commit counts: appends get the error, blocks from peers are asked for again
    /// later, memory is loaded anew from what is really stored.
    pub fn commit(&mut self, now: Instant) {
        let mut dirty: Vec<Slot> = std::mem::take(&mut self.dirty).into_iter().collect();
        let mut durability = None;
        while let Some((slot, error)) = self.seal(&dirty, &mut durability) {
            // One feed's blocks could not be written: the others go on without it.
            self.store.clear_batch();
            dirty.retain(|other| *other != slot);
            self.abandon(now, slot, &error);
        }
        if !dirty.is_empty() {
            let class = durability.unwrap_or(self.config.durability);
            // Blocks that were all there already: they are acknowledged in the class that was asked for.
            let committed = if self.store.has_batch() {
                self.store.commit(class)
            } else {
                self.store.sync(class)
            };
            match committed {
                Ok(()) => {
                    self.relaxed = class == Durability::Relaxed;
                    for slot in dirty {
                        self.settle(now, slot);
                    }
                }
                Err(error) => {
                    let error = Error::from(error);
                    for slot in dirty {
                        self.abandon(now, slot, &error);
                    }
                }
            }
        }
        let flushes = std::mem::take(&mut self.flushes);
        let flushed = if flushes.is_empty() {
            Ok(())
        } else {
            self.sync(Durability::Power)
        };
        for token in flushes {
            self.replies.push_back(match &flushed {
                Ok(()) => Reply::Flushed { token },
                Err(error) => Reply::Failed {
                    token,
                    error: error.clone(),
                },
            });
        }
    }

    /// Makes the commits of class `Relaxed` survive the end of the process.
    ///
    /// A block that a peer has heard of must never be lost: the writer would sign another one in its place.
    pub(crate) fn make_durable(&mut self) -> Result<(), Error> {
        if self.relaxed {
            self.sync(Durability::Process)?;
        }
        Ok(())
    }

    fn sync(&mut self, class: Durability) -> Result<(), Error> {
        self.store.sync(class)?;
        self.relaxed = false;
        Ok(())
    }

    /// Builds the batch; gives the first feed that could not be sealed.
    fn seal(
        &mut self,
        dirty: &[Slot],
        durability: &mut Option<Durability>,
    ) -> Option<(Slot, Error)> {
        let staged = |slot| self.feeds.get(slot)?.staged.as_deref();
        let asked = dirty.iter().filter_map(|slot| staged(slot)?.durability);
        let from_peers = dirty
            .iter()
            .filter_map(staged)
            .any(|staged| !staged.from_peers.is_empty() || staged.durability.is_none());
        let announced = dirty
            .iter()
            .any(|slot| self.feeds.get(slot).is_some_and(|h| !h.peers.is_empty()));
        let class = asked
            .chain(from_peers.then_some(self.config.durability))
            .chain(announced.then_some(Durability::Process))
            .max()?;
        *durability = Some(class);
        for slot in dirty {
            if let Some(hosted) = self.feeds.get_mut(slot)
                && let Err(error) = hosted.feed.seal(&mut self.store, class)
            {
                return Some((*slot, error.into()));
            }
        }
        None
    }

    fn settle(&mut self, now: Instant, slot: Slot) {
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        let committed = hosted.feed.committed();
        let staged = hosted.staged.take().unwrap_or_default();
        for (token, range) in staged.appends {
            self.replies.push_back(Reply::Appended { token, range });
        }
        for (token, new) in staged.by_hand {
            self.replies.push_back(Reply::Put { token, new });
        }
        if let Some(token) = staged.finalize {
            if let Some(key) = hosted.feed.key().copied() {
                self.replies.push_back(Reply::Finalized { token, key });
            }
            if committed.finalized {
                self.events.push_back(Event::Finalized { slot });
            }
        }
        for (peer, block, bytes) in staged.from_peers {
            self.events.push_back(Event::Download {
                slot,
                peer,
                block,
                bytes,
            });
        }
        for range in ranges(committed.appended, committed.put) {
            self.arrived(slot, range);
        }
        self.adopt(now, slot);
        self.tell_downloads(now, slot);
        // Room in windows, and perhaps an owner that waits for the feed to be whole.
        self.wake_all(slot);
    }

    /// Blocks are durable here: tell peers and whoever waits.
    fn arrived(&mut self, slot: Slot, range: Range<u64>) {
        self.events.push_back(Event::Have {
            slot,
            range: range.clone(),
        });
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        hosted.requested.remove_range(range.clone());
        hosted.wanted.remove_range(range.clone());
        let twice: Vec<u64> = hosted.asked_twice.range(range.clone()).copied().collect();
        for block in &twice {
            hosted.asked_twice.remove(block);
        }
        let peers = hosted.peers.clone();
        let upload = hosted.options.upload;
        let waiting: Vec<u64> = hosted
            .waiters
            .range(range.clone())
            .map(|(block, _)| *block)
            .collect();
        for block in waiting {
            self.answer_waiters(slot, block);
        }
        for peer in peers {
            let Some(found) = self.peers.get_mut(&peer) else {
                continue;
            };
            let uploads = upload && found.options.upload;
            let Some(exchange) = found.exchanges.get_mut(&slot) else {
                continue;
            };
            for block in &twice {
                if exchange.in_flight.remove(block).is_some()
                    && let Some(block) = BlockIndex::new(*block)
                {
                    exchange.send(Outgoing::Cancel(block));
                }
            }
            if uploads {
                exchange.announce(range.clone());
            }
            self.wake(peer, slot);
        }
    }

    /// Blocks of a commit that failed and happened all the same: as new as any to peers and to whoever waits.
    pub(crate) fn adopt(&mut self, now: Instant, slot: Slot) {
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        let adopted = hosted.feed.take_adopted();
        if adopted.is_empty() {
            return;
        }
        for range in adopted {
            self.arrived(slot, range);
        }
        self.tell_downloads(now, slot);
        self.wake_all(slot);
    }

    fn answer_waiters(&mut self, slot: Slot, block: u64) {
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        let (Some(tokens), Some(index)) = (hosted.waiters.remove(&block), BlockIndex::new(block))
        else {
            return;
        };
        for token in tokens {
            self.pending.remove(&token);
            self.replies
                .push_back(match hosted.feed.block(&mut self.store, index) {
                    Ok(block) => Reply::Block { token, block },
                    Err(error) => Reply::Failed {
                        token,
                        error: error.into(),
                    },
                });
        }
    }

    /// A feed's part of the commit failed: load what is really there, and tell.
    fn abandon(&mut self, now: Instant, slot: Slot, error: &Error) {
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        let staged = hosted.staged.take().unwrap_or_default();
        for token in staged.into_tokens() {
            self.replies.push_back(Reply::Failed {
                token,
                error: error.clone(),
            });
        }
        let reloaded = hosted.feed.discard_staged(&mut self.store);
        self.adopt(now, slot);
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return;
        };
        if matches!(error, Error::Feed(error) if matches!(**error, FeedError::Behind { .. })) {
            // Only the appends were wrong: a longer feed was seen. Its blocks are what downloads are for.
            self.wake_all(slot);
            return;
        }
        hosted.failed = Some((error.clone(), now + RETRY));
        self.failing.insert(slot);
        let downloads: Vec<_> = std::mem::take(&mut hosted.downloads).into_keys().collect();
        for token in downloads {
            self.pending.remove(&token);
            self.replies.push_back(Reply::Failed {
                token,
                error: error.clone(),
            });
        }
        self.events.push_back(Event::Failed {
            slot,
            error: error.clone(),
        });
        if let Err(error) = reloaded {
            self.events.push_back(Event::Failed {
                slot,
                error: Error::Feed(Arc::new(error)),
            });
        }
    }
}

/// Blocks as the fewest ranges.
fn ranges(appended: Range<u64>, put: Vec<BlockIndex>) -> Vec<Range<u64>> {
    let mut blocks: Vec<u64> = put.into_iter().map(BlockIndex::get).collect();
    blocks.sort_unstable();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for block in blocks {
        match ranges.last_mut() {
            Some(last) if last.end == block => last.end += 1,
            Some(last) if last.contains(&block) => {}
            _ => ranges.push(block..block + 1),
        }
    }
    if !appended.is_empty() {
        ranges.push(appended);
    }
    ranges
}

/// Time until a feed whose storage failed is tried again.
pub(crate) const RETRY: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use crate::{Config, EdgeEvent, FeedOptions, Leaf, PeerOptions, Replicator};
    use hyperfeed_storage::{Batch, Durability, KeyValue, MemoryStore, StorageError};
    use hyperfeed_types::Instant;
    use hyperfeed_v2_crypto::KeyPair;
    use hyperfeed_v2_feed::{Blocks, Slot, Store};
    use std::ops::ControlFlow;
    use std::sync::{Arc, Mutex};

    /// Remembers the classes of the commits.
    struct Recorder(MemoryStore, Arc<Mutex<Vec<Durability>>>);

    impl KeyValue for Recorder {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
            self.0.get(key)
        }

        fn scan(
            &self,
            prefix: &[u8],
            each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
        ) -> Result<(), StorageError> {
            self.0.scan(prefix, each)
        }

        fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), StorageError> {
            self.1.lock().unwrap().push(durability);
            self.0.commit(batch, durability)
        }

        fn close(&mut self) -> Result<(), StorageError> {
            self.0.close()
        }
    }

    fn relaxed() -> (Replicator, Slot, impl FnMut() -> Vec<Durability>) {
        let classes = Arc::new(Mutex::new(Vec::new()));
        let kv = Recorder(MemoryStore::new(), Arc::clone(&classes));
        let store = Store::open(Box::new(kv)).unwrap();
        let config = Config {
            durability: Durability::Relaxed,
            ..Config::default()
        };
        let mut node = Replicator::new(config, store, [1; 32]);
        let pair = KeyPair::from_seed(&[2; 32]);
        let slot = node
            .create_live(pair, Blocks::InStore, FeedOptions::default())
            .unwrap();
        (node, slot, move || {
            std::mem::take(&mut *classes.lock().unwrap())
        })
    }

    #[test]
    fn relaxed_appends_are_made_durable_before_a_peer_hears_of_them() {
        let (mut node, slot, mut classes) = relaxed();
        let now = Instant::ZERO;
        classes();
        node.append(slot, vec![Leaf::new("alone".into())], None, 1);
        node.commit(now);
        assert_eq!(classes(), [Durability::Relaxed]);

        let peer = node.connect(now, PeerOptions::default());
        node.join(now, peer, slot).unwrap();
        let ready = EdgeEvent::Ready {
            slot,
            missed: false,
        };
        node.handle_edge(now, peer, ready);
        assert_eq!(classes(), [Durability::Process]);

        node.append(slot, vec![Leaf::new("watched".into())], None, 2);
        node.commit(now);
        assert_eq!(classes(), [Durability::Process]);
    }

    #[test]
    fn which_feeds_there_are_outlives_the_process_whatever_the_class() {
        let (mut node, slot, mut classes) = relaxed();
        assert_eq!(classes(), [Durability::Process], "made");
        node.set_alias(slot, Some("name")).unwrap();
        assert_eq!(classes(), [Durability::Process], "named");
        node.remove_feed(Instant::ZERO, slot).unwrap();
        // Its data is deleted later, and again if that is lost.
        assert_eq!(classes().first(), Some(&Durability::Process), "removed");
    }

    #[test]
    fn a_flush_brings_relaxed_appends_to_the_device() {
        let (mut node, slot, mut classes) = relaxed();
        classes();
        node.append(slot, vec![Leaf::new("alone".into())], None, 1);
        node.flush(2);
        node.commit(Instant::ZERO);
        assert_eq!(classes(), [Durability::Relaxed, Durability::Power]);
    }
}
