//! One open feed and everything that goes on with it.

use crate::rate::Meter;
use crate::{Error, FeedOptions, PeerKey, Token};
use hyperfeed_bitfield::Bitfield;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::Durability;
use hyperfeed_types::Instant;
use hyperfeed_v2_feed::Feed;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Hosted {
    pub(crate) feed: Feed,
    pub(crate) options: FeedOptions,
    /// Connections that have the feed joined.
    pub(crate) peers: BTreeSet<PeerKey>,
    /// Blocks asked of some peer and not here yet.
    pub(crate) requested: Bitfield,
    /// Of these, the ones asked of more than one.
    pub(crate) asked_twice: BTreeSet<u64>,
    /// Blocks somebody waits for.
    pub(crate) wanted: Bitfield,
    pub(crate) waiters: BTreeMap<u64, Vec<Token>>,
    pub(crate) downloads: BTreeMap<Token, Download>,
    /// What the next commit will settle, if anything: most of the feeds that are open have nothing staged.
    pub(crate) staged: Option<Box<Staged>>,
    /// Storage failed: nothing is asked of peers until then.
    pub(crate) failed: Option<(Error, Instant)>,
    pub(crate) uploaded: Meter,
    pub(crate) downloaded: Meter,
}

/// A range that somebody wants, and what it was last told.
#[derive(Debug)]
pub(crate) struct Download {
    pub(crate) range: Range<u64>,
    pub(crate) told: Option<(u64, Instant)>,
}

/// What the next commit will settle, beside what it makes of the feed.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    pub(crate) appends: Vec<(Token, Range<u64>)>,
    pub(crate) by_hand: Vec<(Token, bool)>,
    pub(crate) finalize: Option<Token>,
    pub(crate) from_peers: Vec<(PeerKey, BlockIndex, u64)>,
    pub(crate) durability: Option<Durability>,
}

impl Hosted {
    pub(crate) fn new(feed: Feed, options: FeedOptions) -> Self {
        Self {
            feed,
            options,
            peers: BTreeSet::new(),
            requested: Bitfield::new(),
            asked_twice: BTreeSet::new(),
            wanted: Bitfield::new(),
            waiters: BTreeMap::new(),
            downloads: BTreeMap::new(),
            staged: None,
            failed: None,
            uploaded: Meter::default(),
            downloaded: Meter::default(),
        }
    }

    /// Whether blocks may be asked for at all.
    pub(crate) fn is_downloading(&self) -> bool {
        self.options.download && self.failed.is_none()
    }

    /// Whether a block that is not held is after all what somebody here is after.
    pub(crate) fn wants(&self, block: BlockIndex) -> bool {
        let index = block.get();
        let is_sought = !self.options.sparse
            || self.wanted.get(index)
            || self.requested.get(index)
            || self.downloads.values().any(|d| d.range.contains(&index));
        is_sought && self.is_downloading() && !self.feed.has(block)
    }

    /// The final length, once there is one.
    pub(crate) fn final_length(&self) -> Option<u64> {
        self.feed.is_finalized().then(|| self.feed.length())
    }

    /// What the next commit will settle, to add to.
    pub(crate) fn staged_mut(&mut self) -> &mut Staged {
        self.staged.get_or_insert_default()
    }

    /// Takes a waiter off a block.
    pub(crate) fn forget_waiter(&mut self, block: u64, token: Token) {
        if let Some(tokens) = self.waiters.get_mut(&block) {
            tokens.retain(|waiting| *waiting != token);
            if tokens.is_empty() {
                self.waiters.remove(&block);
                self.wanted.remove(block);
            }
        }
    }
}

impl Staged {
    /// Raises the class of the next commit to `durability`.
    pub(crate) fn require(&mut self, durability: Durability) {
        self.durability = Some(
            self.durability
                .map_or(durability, |class| class.max(durability)),
        );
    }

    /// The tokens that wait for the next commit.
    pub(crate) fn into_tokens(self) -> impl Iterator<Item = Token> {
        let appends = self.appends.into_iter().map(|(token, _)| token);
        let by_hand = self.by_hand.into_iter().map(|(token, _)| token);
        appends.chain(by_hand).chain(self.finalize)
    }
}
