//! Someone who holds a part of a feed: what a feed does with this crate, in memory.

use crate::index_model::IndexModel;
use crate::recursive::Tree;
use crate::sha256_tree::Sha256Tree;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Anchor, Digest, Node, TreeHash, TreeIndex, VerifyError, VerifyPlan};
use hyperfeed_types::Hash;
use std::collections::BTreeMap;

#[derive(Debug, Default, Clone)]
pub(crate) struct Holder {
    pub(crate) index: TreeIndex,
    /// What upstream would have marked.
    pub(crate) upstream: IndexModel,
    /// Nodes, and whether their size is proven.
    pub(crate) nodes: BTreeMap<NodeIndex, (Node, bool)>,
    pub(crate) blocks: BTreeMap<u64, Vec<u8>>,
    /// Lengths whose signature is at hand, and the hash each signs.
    pub(crate) signed: BTreeMap<u64, Hash>,
}

/// A block with its proof. The signature is the hash it signs.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) block: u64,
    pub(crate) data: Vec<u8>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) signature: Option<Hash>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Signature,
    Unread,
    Verify(VerifyError),
}

impl Holder {
    /// Someone who holds all of the first `length` blocks, and signed just that length.
    pub(crate) fn writer(tree: &Tree, length: u64) -> Self {
        let mut writer = Self::default();
        writer.index.set_contiguous(length);
        writer.signed.insert(length, tree.roots_hash(length));
        for block in 0..length {
            writer.upstream.set(leaf(block));
            writer
                .blocks
                .insert(block, tree.blocks[block as usize].clone());
        }
        let within = tree
            .nodes
            .values()
            .filter(|node| node.index.blocks().end <= length);
        writer.nodes = within.map(|node| (node.index, (*node, true))).collect();
        writer
    }

    pub(crate) fn digest(&self, block: u64) -> Digest {
        self.index.digest(leaf(block), self.index.allocated_bits())
    }

    /// The digest of someone who does not rely on sizes that are not proven.
    pub(crate) fn careful_digest(&self, block: u64) -> Digest {
        let allocated = self.index.allocated_bits();
        self.index
            .digest_where(leaf(block), allocated, |node| self.nodes[&node].1)
    }

    pub(crate) fn answer(&self, block: u64, digest: Digest) -> Option<Answer> {
        let data = self.blocks.get(&block)?.clone();
        let plan = self.index.proof(leaf(block), digest).unwrap();
        let nodes = plan.nodes.iter().map(|node| self.nodes[node].0).collect();
        let signature = (plan.verified_by > 0).then(|| self.signed[&plan.verified_by]);
        Some(Answer {
            block,
            data,
            nodes,
            signature,
        })
    }

    /// Puts a block, as one who knows the signed hashes. An error leaves everything as it was.
    pub(crate) fn put(&mut self, answer: &Answer) -> Result<(), Refusal> {
        let index = BlockIndex::new(answer.block).unwrap();
        let leaf = Node {
            index: index.into(),
            size: answer.data.len() as u64,
            hash: Sha256Tree::leaf(&answer.data),
        };
        let proof: Vec<NodeIndex> = answer.nodes.iter().map(|node| node.index).collect();
        let plan =
            VerifyPlan::new(|node| self.index.get(node), index, &proof).map_err(Refusal::Verify)?;
        let stored: Vec<Node> = plan.reads().iter().map(|node| self.nodes[node].0).collect();
        let verified = plan
            .run::<Sha256Tree>(leaf, &answer.nodes, &stored)
            .map_err(Refusal::Verify)?;
        if let Anchor::Roots {
            length,
            hash,
            unread,
            roots,
        } = &verified.anchor
        {
            if answer.signature != Some(*hash) {
                return Err(Refusal::Signature);
            }
            if *unread > 0 {
                return Err(Refusal::Unread);
            }
            assert_eq!(Sha256Tree::roots(roots), *hash);
            self.signed.insert(*length, *hash);
        }
        for node in verified.proven_nodes() {
            self.nodes.insert(node.index, (*node, true));
        }
        for node in verified.unproven_nodes() {
            let before = self.nodes.insert(node.index, (*node, false));
            assert_eq!(
                before, None,
                "a size taken on trust replaced one that was there"
            );
        }
        self.upstream.set(leaf.index);
        for node in &verified.nodes {
            self.index.insert(node.index);
            if answer.nodes.contains(node) {
                self.upstream.set(node.index);
            }
        }
        self.blocks.insert(answer.block, answer.data.clone());
        Ok(())
    }

    /// Lets the index know how far it is whole.
    pub(crate) fn settle(&mut self) {
        let whole = (0..)
            .find(|block| !self.blocks.contains_key(block))
            .unwrap();
        self.index.set_contiguous(whole);
    }

    /// The index knows just what is stored, and what upstream's would.
    pub(crate) fn assert_consistent(&self) {
        let end = self
            .nodes
            .keys()
            .next_back()
            .map_or(0, |node| node.get() + 2);
        for node in (0..end).filter_map(NodeIndex::new) {
            assert_eq!(
                self.index.get(node),
                self.nodes.contains_key(&node),
                "{node}"
            );
            assert_eq!(self.index.get(node), self.upstream.get(node), "{node}");
        }
    }
}

pub(crate) fn leaf(block: u64) -> NodeIndex {
    NodeIndex::leaf(BlockIndex::new(block).unwrap())
}
