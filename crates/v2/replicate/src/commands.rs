//! What the user of this node asks for.

use crate::hosted::Download;
use crate::replicator::Pending;
use crate::{Error, Replicator, Reply, Token};
use bytes::Bytes;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::{Digest, TreeHash};
use hyperfeed_storage::Durability;
use hyperfeed_types::{Hash, Instant};
use hyperfeed_v2_crypto::Sha256Tree;
use hyperfeed_v2_feed::{Accepted, Proof, Put, Slot};
use std::ops::Range;

/// A block to append, hashed by the task that brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    pub(crate) data: Bytes,
    pub(crate) hash: Hash,
}

impl Leaf {
    /// Hashes a block. Costs one SHA-256 over it; call it where there is a core to spare.
    #[must_use]
    pub fn new(data: Bytes) -> Self {
        let hash = Sha256Tree::leaf(&data);
        Self { data, hash }
    }

    /// A block whose leaf hash is known already. Nobody checks it: with another hash the feed is one that no peer can
    /// verify.
    #[must_use]
    pub const fn hashed(data: Bytes, hash: Hash) -> Self {
        Self { data, hash }
    }
}

impl Replicator {
    /// Appends blocks as one: all of them or, with an error, none. The reply comes after the commit in which they
    /// become durable, in `durability` or the default class.
    pub fn append(
        &mut self,
        slot: Slot,
        blocks: Vec<Leaf>,
        durability: Option<Durability>,
        token: Token,
    ) {
        match self.stage(slot, blocks, durability) {
            Ok(range) => {
                if let Some(hosted) = self.feeds.get_mut(&slot) {
                    hosted.staged_mut().appends.push((token, range));
                    self.dirty.insert(slot);
                }
            }
            Err(error) => self.fail_command(token, error),
        }
    }

    /// Asks for a block. If it is not held and `wait` is set, peers are asked for it before anything else and the
    /// reply comes when it is here.
    pub fn get(&mut self, slot: Slot, block: BlockIndex, wait: bool, token: Token) {
        match self.look_up(slot, block, wait) {
            Ok(Some(found)) => self.replies.push_back(Reply::Block {
                token,
                block: Some(found),
            }),
            Ok(None) if !wait => self.replies.push_back(Reply::Block { token, block: None }),
            Ok(None) => {
                let index = block.get();
                self.pending
                    .insert(token, Pending::Block { slot, block: index });
                if let Some(hosted) = self.feeds.get_mut(&slot) {
                    hosted.waiters.entry(index).or_default().push(token);
                    hosted.wanted.insert(index);
                }
                self.wake_all(slot);
            }
            Err(error) => self.fail_command(token, error),
        }
    }

    /// Downloads a range; an end of [`u64::MAX`] means all that is known to exist. Progress replies come until the
    /// last one, `Downloaded`.
    pub fn download(&mut self, now: Instant, slot: Slot, range: Range<u64>, token: Token) {
        match self.hosted(slot) {
            Ok(hosted) => {
                hosted
                    .downloads
                    .insert(token, Download { range, told: None });
                self.pending.insert(token, Pending::Range { slot });
                self.wake_all(slot);
                self.tell_downloads(now, slot);
            }
            Err(error) => self.fail_command(token, error),
        }
    }

    /// Forgets a waiting command: nobody waits for its reply any more. Appends and finalize cannot be taken back.
    pub fn cancel(&mut self, token: Token) {
        match self.pending.remove(&token) {
            Some(Pending::Block { slot, block }) => {
                if let Some(hosted) = self.feeds.get_mut(&slot) {
                    hosted.forget_waiter(block, token);
                }
            }
            Some(Pending::Range { slot }) => {
                if let Some(hosted) = self.feeds.get_mut(&slot) {
                    hosted.downloads.remove(&token);
                }
            }
            None => {}
        }
    }

    /// Seals a static feed; a live feed only replies with its key.
    pub fn finalize(&mut self, slot: Slot, token: Token) {
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return self.fail_command(token, Error::NotOpen { slot });
        };
        match hosted.feed.stage_finalize(&mut self.store) {
            Ok(_) => {
                hosted.staged_mut().finalize = Some(token);
                self.dirty.insert(slot);
            }
            Err(error) => self.fail_command(token, error.into()),
        }
    }

    /// Replies when everything staged so far is on the device, whatever class it was committed in.
    pub fn flush(&mut self, token: Token) {
        self.flushes.push(token);
    }

    /// Stores a block given by hand, if its proof holds.
    pub fn put(&mut self, slot: Slot, put: Put, token: Token) {
        let Some(hosted) = self.feeds.get_mut(&slot) else {
            return self.fail_command(token, Error::NotOpen { slot });
        };
        match hosted.feed.stage_put(&mut self.store, put) {
            Ok(accepted) => {
                hosted
                    .staged_mut()
                    .by_hand
                    .push((token, accepted == Accepted::New));
                self.dirty.insert(slot);
            }
            Err(error) => self.fail_command(token, error.into()),
        }
    }

    /// What makes a held block checkable for somebody with `digest`.
    ///
    /// # Errors
    /// The feed is not open; storage.
    pub fn proof(
        &mut self,
        slot: Slot,
        block: BlockIndex,
        digest: Digest,
    ) -> Result<Option<Proof>, Error> {
        let hosted = self.feeds.get_mut(&slot).ok_or(Error::NotOpen { slot })?;
        Ok(hosted.feed.proof(&mut self.store, block, digest)?)
    }

    /// The block that holds a byte of the feed, and the byte's place in it.
    ///
    /// # Errors
    /// The feed is not open; storage.
    pub fn seek(&mut self, slot: Slot, byte: u64) -> Result<Option<(BlockIndex, u64)>, Error> {
        let hosted = self.feeds.get_mut(&slot).ok_or(Error::NotOpen { slot })?;
        Ok(hosted.feed.seek(&mut self.store, byte)?)
    }

    /// Whether enough is staged for a commit to be due.
    #[must_use]
    pub fn wants_commit(&self) -> bool {
        let staged: u64 = self
            .dirty
            .iter()
            .filter_map(|slot| self.feeds.get(slot))
            .map(|h| h.feed.staged().bytes)
            .sum();
        staged >= self.config.max_commit_bytes
    }

    pub(crate) fn fail_command(&mut self, token: Token, error: Error) {
        self.replies.push_back(Reply::Failed { token, error });
    }

    fn stage(
        &mut self,
        slot: Slot,
        blocks: Vec<Leaf>,
        durability: Option<Durability>,
    ) -> Result<Range<u64>, Error> {
        let class = durability.unwrap_or(self.config.durability);
        let hosted = self.feeds.get_mut(&slot).ok_or(Error::NotOpen { slot })?;
        hosted
            .feed
            .check_append(blocks.iter().map(|leaf| leaf.data.len()))?;
        let start = hosted.feed.staged_length();
        for leaf in blocks {
            hosted
                .feed
                .stage_append(&mut self.store, leaf.data, leaf.hash)?;
        }
        hosted.staged_mut().require(class);
        Ok(start..hosted.feed.staged_length())
    }

    fn look_up(
        &mut self,
        slot: Slot,
        block: BlockIndex,
        wait: bool,
    ) -> Result<Option<hyperfeed_v2_feed::Block>, Error> {
        let hosted = self.feeds.get_mut(&slot).ok_or(Error::NotOpen { slot })?;
        let found = hosted.feed.block(&mut self.store, block)?;
        match hosted.final_length() {
            Some(length) if found.is_none() && wait && block.get() >= length => {
                Err(Error::PastEnd {
                    block: block.get(),
                    length,
                })
            }
            _ => Ok(found),
        }
    }
}
