use std::ops::{ControlFlow, Range};

use hyperfeed_bitfield::Bitfield;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};
use hyperfeed_merkle::{Digest, Node, TreeHash, TreeIndex};
use hyperfeed_types::{FeedKey, Signature};
use hyperfeed_v2_crypto::{Sha256Tree, verify};
use hyperfeed_v2_wire::NodeRecord;

use crate::layout::{self, FeedKeys};
use crate::{NpmFeed, NpmStore, ReadError};

/// The nodes that make a block checkable, and the signature if one is needed.
pub type StoredProof = (Vec<Node>, Option<Signature>);

/// The parts of one feed that are in the database.
///
/// Nothing here is to be trusted: the hashes of blocks are not looked at, and a proof is only as good
/// as whoever [verifies](https://docs.rs/hyperfeed-v2-feed) it finds it to be.
#[derive(Debug)]
pub struct StoredFeed {
    keys: FeedKeys,
    key: FeedKey,
    live: bool,
    blocks: Bitfield,
    noted: u64,
    signed: Bitfield,
    tree: TreeIndex,
    length: u64,
}

impl StoredFeed {
    pub(crate) fn read(store: &mut NpmStore, feed: &NpmFeed) -> Result<Self, ReadError> {
        let blocks = numbers(store, &feed.keys, "data")?;
        let nodes = numbers(store, &feed.keys, "nodes")?;
        let twice = numbers(store, &feed.keys, "signatures")?;
        let mut signed = Bitfield::new();
        for number in twice.runs(0..u64::MAX).flatten().filter(|it| it % 2 == 0) {
            signed.insert(number / 2);
        }
        let noted = store.entries.get(&feed.keys.held())?.unwrap_or_default();
        let mut read = Self {
            keys: feed.keys.clone(),
            key: feed.key,
            live: feed.live || !signed.is_empty(),
            blocks,
            noted: noted.iter().map(|byte| u64::from(byte.count_ones())).sum(),
            signed,
            tree: TreeIndex::new(),
            length: 0,
        };
        read.anchor(store, &nodes)?;
        Ok(read)
    }

    /// Whether it is a live feed: the record says so, or there is a signature.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// The blocks whose bytes are in the database.
    #[must_use]
    pub const fn blocks(&self) -> &Bitfield {
        &self.blocks
    }

    /// How many blocks npm noted that it holds. If that is more than there are, some are missing here,
    /// or all lie in external storage.
    #[must_use]
    pub const fn noted_blocks(&self) -> u64 {
        self.noted
    }

    /// The longest length whose roots are here and that a signature, or the key of a static feed,
    /// vouches for; 0 if there is none. Only blocks below can be proven.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The longest length for which there is a signature, whether or not it can be verified: the
    /// owner of the feed has signed so many blocks, and must not sign others in their place.
    #[must_use]
    pub fn signed_length(&self) -> u64 {
        self.signed.last_set().unwrap_or(0)
    }

    /// The bytes of a block, as they are.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn block(&self, store: &mut NpmStore, block: u64) -> Result<Option<Vec<u8>>, ReadError> {
        store.entries.get(&self.keys.numbered("data", block))
    }

    /// What proves a block to who sent this digest: nodes, and the signature if one is needed; `None`
    /// if the nodes for it are not all here.
    ///
    /// # Errors
    /// The database cannot be read; a node in it is none.
    pub fn proof(
        &self,
        store: &mut NpmStore,
        block: u64,
        digest: Digest,
    ) -> Result<Option<StoredProof>, ReadError> {
        let leaf = BlockIndex::new(block).map(NodeIndex::leaf);
        let Some(plan) = leaf.and_then(|leaf| self.tree.proof(leaf, digest)) else {
            return Ok(None);
        };
        let mut nodes = Vec::with_capacity(plan.nodes.len());
        for index in plan.nodes {
            match self.node(store, index)? {
                Some(node) => nodes.push(node),
                None => return Ok(None),
            }
        }
        if !self.live || plan.verified_by == 0 {
            return Ok(Some((nodes, None)));
        }
        let signature = self.signature(store, plan.verified_by)?;
        Ok(signature.map(|signature| (nodes, Some(signature))))
    }

    /// Finds how far the feed is vouched for, and forgets the nodes beyond.
    fn anchor(&mut self, store: &mut NpmStore, nodes: &Bitfield) -> Result<(), ReadError> {
        let mut tree = TreeIndex::new();
        for node in all(nodes) {
            tree.insert(node);
        }
        if !self.live {
            let length = tree.length();
            if self.roots_hash_is_key(store, length)? {
                self.length = length;
                self.tree = tree;
            }
            return Ok(());
        }
        let runs: Vec<Range<u64>> = self.signed.runs(0..u64::MAX).collect();
        for length in runs.into_iter().rev().flat_map(Iterator::rev) {
            if full_roots(length).all(|root| tree.get(root)) && self.is_signed(store, length)? {
                self.length = length;
                break;
            }
        }
        if nodes.last_set().is_some_and(|last| last > self.length * 2) {
            tree = TreeIndex::new();
            for node in all(nodes).filter(|node| node.blocks().end <= self.length) {
                tree.insert(node);
            }
        }
        self.tree = tree;
        Ok(())
    }

    fn is_signed(&self, store: &mut NpmStore, length: u64) -> Result<bool, ReadError> {
        let (Some(roots), Some(signature)) =
            (self.roots(store, length)?, self.signature(store, length)?)
        else {
            return Ok(false);
        };
        Ok(verify(&self.key, &Sha256Tree::roots(&roots), &signature).is_ok())
    }

    fn roots_hash_is_key(&self, store: &mut NpmStore, length: u64) -> Result<bool, ReadError> {
        let roots = self.roots(store, length)?.filter(|roots| !roots.is_empty());
        let is_key = |roots: Vec<Node>| Sha256Tree::roots(&roots).as_bytes() == self.key.as_bytes();
        Ok(roots.is_some_and(is_key))
    }

    fn roots(&self, store: &mut NpmStore, length: u64) -> Result<Option<Vec<Node>>, ReadError> {
        full_roots(length)
            .map(|root| self.node(store, root))
            .collect()
    }

    fn signature(&self, store: &mut NpmStore, length: u64) -> Result<Option<Signature>, ReadError> {
        let Some(number) = length.checked_mul(2) else {
            return Ok(None);
        };
        let found = store.value(&self.keys, "signatures", number)?;
        Ok(found.map(|bytes| Signature::new(bytes.as_slice())))
    }

    fn node(&self, store: &mut NpmStore, index: NodeIndex) -> Result<Option<Node>, ReadError> {
        let Some(record) = store.value(&self.keys, "nodes", index.get())? else {
            return Ok(None);
        };
        let fail = |why: String| ReadError::Record {
            what: "node",
            key: String::from_utf8_lossy(&self.keys.numbered("nodes", index.get())).into_owned(),
            why,
        };
        let record = NodeRecord::decode(&record).map_err(|error| fail(error.to_string()))?;
        if record.index != index.get() {
            return Err(fail(format!("it is node {}", record.index)));
        }
        Ok(Some(Node {
            index,
            size: record.size,
            hash: record.hash,
        }))
    }
}

fn all(nodes: &Bitfield) -> impl Iterator<Item = NodeIndex> {
    nodes.runs(0..u64::MAX).flatten().filter_map(NodeIndex::new)
}

/// The numbers that keys of a kind end with.
fn numbers(store: &mut NpmStore, keys: &FeedKeys, kind: &str) -> Result<Bitfield, ReadError> {
    let prefix = keys.all(kind);
    let mut found = Bitfield::new();
    store.entries.scan(&prefix, &mut |key, _| {
        let digits = key.get(prefix.len()..).unwrap_or_default();
        // No feed has more; the bitmap could not either.
        if let Some(number) = layout::number(digits).filter(|it| *it <= NodeIndex::MAX.get()) {
            found.insert(number);
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
