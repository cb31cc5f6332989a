//! What adversaries know.

use crate::host::NamedFeed;
use crate::world::World;
use hyperfeed_flat_tree::{BlockIndex, full_roots};
use hyperfeed_merkle::{Digest, Node};
use hyperfeed_types::FeedKey;
use hyperfeed_v2_feed::{Block, Proof};
use std::collections::BTreeMap;

/// A feed as the adversary knows it: all of its truth.
pub(crate) struct Known {
    pub(crate) key: FeedKey,
    pub(crate) blocks: BTreeMap<u64, (Block, Proof)>,
}

impl Known {
    /// All roots of the present length, if proofs have them: not if there is one root alone.
    pub(crate) fn roots(&self) -> Option<Vec<Node>> {
        let proofs = self.blocks.values().map(|(_, proof)| &proof.nodes);
        let nodes: BTreeMap<_, _> = proofs.flatten().map(|node| (node.index, *node)).collect();
        let roots = full_roots(self.blocks.len() as u64);
        roots.map(|root| nodes.get(&root).copied()).collect()
    }
}

impl World {
    /// What the writer of a feed could prove now to somebody who has nothing. Nothing at all if a crash could still
    /// take some of it: nobody was told of that, so nobody can have it.
    pub(crate) fn truth(&mut self, name: NamedFeed) -> Known {
        let feed = &self.feeds[name.0];
        let mut blocks = BTreeMap::new();
        let length = self.hosts[feed.writer.0]
            .feed(name)
            .map_or(0, |feed| feed.contiguous());
        let is_safe =
            length <= feed.acknowledged || self.oracle.has_told(feed.writer, name, 0..length);
        let host = &mut self.hosts[feed.writer.0];
        if let (Some(node), Some(slot)) = (&mut host.node, host.feeds.get(&name))
            && is_safe
            && let Some((feed, store)) = node.feed_and_store(*slot)
        {
            for index in 0..feed.contiguous() {
                let Some(at) = BlockIndex::new(index) else {
                    break;
                };
                let proof = feed.proof(store, at, Digest::NONE);
                let block = feed.block(store, at);
                if let (Ok(Some(proof)), Ok(Some(block))) = (proof, block) {
                    blocks.insert(index, (block, proof));
                }
            }
        }
        Known {
            key: self.feeds[name.0].key,
            blocks,
        }
    }
}
