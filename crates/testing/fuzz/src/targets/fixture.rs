//! Feeds that were written once, and what can be said of them.

use bytes::Bytes;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Appender, Digest, Node};
use hyperfeed_storage::{Durability, MemoryStore};
use hyperfeed_types::{FeedKey, Hash};
use hyperfeed_v2_crypto::{KeyPair, Sha256Tree};
use hyperfeed_v2_feed::{Blocks, Feed, Proof, Put, Store, leaf_hash};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A live feed: its blocks, its whole tree, and proofs as its writer gave them at some lengths.
pub(crate) struct Written {
    pub(crate) key: FeedKey,
    pub(crate) blocks: Vec<Bytes>,
    pub(crate) nodes: BTreeMap<NodeIndex, Node>,
    /// Of each block, to somebody who has nothing: at the length it was written in, and at the last one.
    pub(crate) proofs: Vec<[Proof; 2]>,
}

impl Written {
    /// One of three feeds, of 1, 9 and 37 blocks.
    pub(crate) fn one(number: usize) -> &'static Self {
        static ALL: OnceLock<Vec<Written>> = OnceLock::new();
        let all = ALL.get_or_init(|| [1, 9, 37].into_iter().map(Self::new).collect());
        &all[number % all.len()]
    }

    fn new(count: u64) -> Self {
        let mut store = store(MemoryStore::new());
        let pair = pair(count as u8);
        let key = pair.key();
        let blocks: Vec<Bytes> = (0..count).map(block).collect();
        let mut feed =
            Feed::create_live(&mut store, pair, Blocks::InStore).expect("an empty store");
        store.commit(Durability::Relaxed).expect("it is in memory");
        feed.committed();
        let mut first = Vec::new();
        for part in blocks.chunks(5) {
            for block in part {
                let staged = feed.stage_append(&mut store, block.clone(), leaf_hash(block));
                staged.expect("it fits");
            }
            commit(&mut feed, &mut store);
            while first.len() < feed.length() as usize {
                first.push(prove(&mut feed, &mut store, first.len() as u64));
            }
        }
        let last = (0..count).map(|at| prove(&mut feed, &mut store, at));
        let proofs = first
            .into_iter()
            .zip(last)
            .map(|(first, last)| [first, last]);
        Self {
            key,
            nodes: tree(&blocks),
            proofs: proofs.collect(),
            blocks,
        }
    }

    /// A true answer.
    pub(crate) fn put(&self, block: usize, late: bool) -> Put {
        let at = block % self.blocks.len();
        let proof = self.proofs[at][usize::from(late)].clone();
        let data = self.blocks[at].clone();
        Put::new(index(at as u64), data, proof.nodes, proof.signature)
    }

    /// Whether a block is the writer's.
    pub(crate) fn is_true(&self, block: u64, data: &[u8]) -> bool {
        self.blocks
            .get(block as usize)
            .is_some_and(|truth| *truth == data)
    }

    pub(crate) fn hash(&self, node: NodeIndex) -> Option<Hash> {
        self.nodes.get(&node).map(|node| node.hash)
    }
}

pub(crate) fn pair(number: u8) -> KeyPair {
    KeyPair::from_seed(&[number; 32])
}

pub(crate) fn index(block: u64) -> BlockIndex {
    BlockIndex::new(block).expect("few blocks")
}

/// Of 0 to 60 bytes.
fn block(at: u64) -> Bytes {
    vec![at as u8; (at * 37 % 61) as usize].into()
}

pub(crate) fn store(memory: MemoryStore) -> Store {
    Store::open(Box::new(memory)).expect("it is empty")
}

pub(crate) fn commit(feed: &mut Feed, store: &mut Store) {
    feed.seal(store, Durability::Relaxed)
        .expect("what is staged can be sealed");
    store.commit(Durability::Relaxed).expect("it is in memory");
    feed.committed();
}

fn prove(feed: &mut Feed, store: &mut Store, block: u64) -> Proof {
    let proof = feed.proof(store, index(block), Digest::NONE);
    proof.expect("it can be read").expect("it is held")
}

fn tree(blocks: &[Bytes]) -> BTreeMap<NodeIndex, Node> {
    let (mut appender, mut nodes) = (Appender::<Sha256Tree>::new(), Vec::new());
    for block in blocks {
        appender
            .push(leaf_hash(block), block.len() as u64, &mut nodes)
            .expect("few bytes");
    }
    nodes.into_iter().map(|node| (node.index, node)).collect()
}
