//! What tests do with the feeds of a node.

use super::Net;
use bytes::Bytes;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_types::FeedKey;
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::{Blocks, Feed, Slot};
use hyperfeed_v2_replicate::{Config, FeedOptions, Leaf, PeerKey, Reply, Status, SyncState};
use std::ops::Range;

impl Net {
    /// A node with a feed of `count` blocks.
    pub(crate) fn writer(&mut self, count: u64) -> (usize, Slot, FeedKey) {
        let at = self.node(Config::default());
        let (slot, key) = self.create(at, 1);
        self.append(at, slot, 0..count);
        (at, slot, key)
    }

    pub(crate) fn create(&mut self, at: usize, seed: u8) -> (Slot, FeedKey) {
        let pair = KeyPair::from_seed(&[seed; 32]);
        let key = pair.key();
        let replicator = &mut self.nodes[at].replicator;
        let slot = replicator.create_live(pair, Blocks::InStore, FeedOptions::default());
        (slot.unwrap(), key)
    }

    pub(crate) fn clone_on(&mut self, at: usize, key: FeedKey, options: FeedOptions) -> Slot {
        let replicator = &mut self.nodes[at].replicator;
        replicator
            .create_clone(key, Blocks::InStore, options)
            .unwrap()
    }

    pub(crate) fn append(&mut self, at: usize, slot: Slot, blocks: Range<u64>) {
        let leaves = blocks.map(|at| Leaf::new(block(at))).collect();
        let replicator = &mut self.nodes[at].replicator;
        replicator.append(slot, leaves, None, u64::MAX);
        replicator.commit(self.now);
        assert!(matches!(
            replicator.poll_reply(),
            Some(Reply::Appended { .. })
        ));
    }

    pub(crate) fn join(&mut self, at: usize, peer: PeerKey, slot: Slot) {
        let now = self.now;
        self.nodes[at].replicator.join(now, peer, slot).unwrap();
    }

    pub(crate) fn get(&mut self, at: usize, slot: Slot, block: u64, token: u64) {
        let block = BlockIndex::new(block).unwrap();
        self.nodes[at].replicator.get(slot, block, true, token);
    }

    pub(crate) fn feed(&self, at: usize, slot: Slot) -> &Feed {
        self.nodes[at].replicator.feed(slot).unwrap()
    }

    pub(crate) fn held(&self, at: usize, slot: Slot) -> u64 {
        self.feed(at, slot).held_blocks()
    }

    pub(crate) fn state(&self, at: usize, slot: Slot) -> SyncState {
        self.nodes[at]
            .replicator
            .sync_state(self.now, slot)
            .unwrap()
    }

    pub(crate) fn status(&self, at: usize, slot: Slot) -> Status {
        self.state(at, slot).status
    }
}

/// What the writers of these tests append.
pub(crate) fn block(at: u64) -> Bytes {
    Bytes::from(format!("block {at}"))
}

pub(crate) const SPARSE: FeedOptions = FeedOptions {
    sparse: true,
    strategy: hyperfeed_v2_replicate::Strategy::Linear,
    upload: true,
    download: true,
};
