//! Verifying again what is stored, a piece at a time.

use crate::layout::{self, Numbered};
use crate::open::verify_head;
use crate::{Feed, FeedError, Finding, Store};
use core::ops::{ControlFlow, Range};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};
use hyperfeed_merkle::{Node, TreeHash};
use hyperfeed_v2_crypto::{Sha256Tree, verify};
use std::collections::BTreeSet;

impl Feed {
    /// Verifies the stored blocks of a range and the nodes over them: everything that can be wrong is found once all
    /// ranges and the [head](Self::check_head) were checked. Reads and hashes each held block of the range.
    ///
    /// To hash elsewhere, read the [blocks](Self::block), make [`Finding::block`]s of those that are not intact, and
    /// call [`check_nodes`](Self::check_nodes) for the rest.
    ///
    /// # Errors
    /// Storage. What cannot be read because it is damaged is a finding.
    pub fn check(
        &mut self,
        store: &mut Store,
        range: Range<u64>,
    ) -> Result<Vec<Finding>, FeedError> {
        let mut findings = Vec::new();
        let held: Vec<Range<u64>> = self.held.runs(range.clone()).collect();
        for block in held.into_iter().flatten().filter_map(BlockIndex::new) {
            match self.block(store, block) {
                Ok(Some(found)) if found.is_intact() => {}
                Ok(_) => findings.push(Finding::block(block, "has another hash")),
                Err(FeedError::Storage(error)) if !is_damage(&error) => return Err(error.into()),
                Err(_) => findings.push(Finding::block(block, "cannot be read")),
            }
        }
        findings.extend(self.check_nodes(store, range)?);
        Ok(findings)
    }

    /// Verifies the stored nodes over a range of blocks: that the known ones are there, and that each has the hash and
    /// the size that its children make, where they are known. A parent belongs to its last block.
    ///
    /// # Errors
    /// Storage.
    pub fn check_nodes(
        &mut self,
        store: &mut Store,
        range: Range<u64>,
    ) -> Result<Vec<Finding>, FeedError> {
        let mut findings = Vec::new();
        let range = range.start..range.end.min(self.head.length);
        let signed = self.signed_lengths(store)?;
        // Nodes that the contiguous part does not imply are known one by one.
        let mine = self.tree.bits().runs(range.start * 2..range.end * 2);
        for node in mine.flatten().filter_map(NodeIndex::new) {
            if self.lenient(store, node)?.is_none() {
                findings.push(Finding::node(node, "is missing"));
            } else if !self.is_vouched_for(node, &signed) {
                findings.push(Finding::node(node, "is vouched for by nothing"));
            }
        }
        for block in range.filter_map(BlockIndex::new) {
            let mut node = NodeIndex::leaf(block);
            if self.has(block) && !self.tree.get(node) {
                findings.push(Finding::node(node, "is not known, but its block is held"));
            } else if block.get() < self.head.contiguous && self.lenient(store, node)?.is_none() {
                findings.push(Finding::node(node, "is missing"));
            }
            while node.sibling() < node {
                node = node.parent();
                findings.extend(self.check_parent(store, node)?);
            }
        }
        Ok(findings)
    }

    /// Verifies the head: its signature or key, the roots as they are stored, and the signatures of older lengths that
    /// are still in use.
    ///
    /// # Errors
    /// Storage.
    pub fn check_head(&mut self, store: &mut Store) -> Result<Vec<Finding>, FeedError> {
        let mut findings = Vec::new();
        if verify_head(&self.record, &self.head).is_err() {
            findings.push(Finding::signature(self.head.length, "does not verify"));
        }
        for root in &self.head.roots {
            match self.lenient(store, root.index)? {
                None => findings.push(Finding::node(root.index, "is missing")),
                Some(node) if node != *root => {
                    findings.push(Finding::node(root.index, "is not the root that is signed"));
                }
                Some(_) => {}
            }
        }
        let past = self.tree.bits().runs(self.head.length * 2..u64::MAX);
        for node in past.flatten().filter_map(NodeIndex::new) {
            findings.push(Finding::node(node, "is past the end"));
        }
        let signed = self.signed_lengths(store)?;
        for root in full_roots(self.head.contiguous) {
            if !self.is_vouched_for(root, &signed) {
                findings.push(Finding::node(root, "is vouched for by nothing"));
            }
        }
        for length in signed {
            let mut roots = full_roots(length);
            let is_used = roots.any(|root| self.tree.verified_by(root) == length);
            if is_used && !self.vouches(store, length)? {
                findings.push(Finding::signature(length, "does not verify"));
            }
        }
        Ok(findings)
    }

    /// The older lengths of which there is a signature.
    fn signed_lengths(&self, store: &Store) -> Result<BTreeSet<u64>, FeedError> {
        let mut lengths = BTreeSet::new();
        let prefix = Numbered::Signature.prefix(self.record.slot);
        store.kv().scan(&prefix, &mut |key, _| {
            let length = layout::number_of(key);
            lengths.extend(length.filter(|length| *length <= self.head.length));
            ControlFlow::Continue(())
        })?;
        Ok(lengths)
    }

    /// Whether a proof of this known node ends at a length that has a signature, or at the last one.
    fn is_vouched_for(&self, node: NodeIndex, signed: &BTreeSet<u64>) -> bool {
        let length = self.tree.verified_by(node);
        length == self.head.length || signed.contains(&length)
    }

    fn check_parent(
        &self,
        store: &mut Store,
        node: NodeIndex,
    ) -> Result<Option<Finding>, FeedError> {
        let Some((left, right)) = node.children() else {
            return Ok(None);
        };
        if !self.tree.get(left) || !self.tree.get(right) {
            return Ok(None);
        }
        if !self.tree.get(node) {
            return Ok(Some(Finding::node(
                node,
                "is not known, but its children are",
            )));
        }
        let parent = self.lenient(store, node)?;
        let left = self.lenient(store, left)?;
        let right = self.lenient(store, right)?;
        Ok(match (parent, left, right) {
            (None, _, _) => Some(Finding::node(node, "is missing")),
            (Some(_), None, _) | (Some(_), _, None) => {
                Some(Finding::node(node, "has lost a child"))
            }
            (Some(parent), Some(left), Some(right)) if join(&left, &right) != Some(parent) => {
                Some(Finding::node(node, "is not what its children make"))
            }
            _ => None,
        })
    }

    /// Whether the signature of a length fits the stored roots.
    pub(crate) fn vouches(&self, store: &mut Store, length: u64) -> Result<bool, FeedError> {
        let Some(key) = self.record.key else {
            return Ok(false);
        };
        if BlockIndex::new(length).is_none() {
            return Ok(false);
        }
        let mut roots = Vec::new();
        for root in full_roots(length) {
            roots.extend(self.lenient(store, root)?);
        }
        let signature = match self.signature_of(store, length) {
            Err(FeedError::Storage(error)) => return Err(error.into()),
            Err(_) => return Ok(false),
            Ok(signature) => signature,
        };
        let is_whole = roots.len() == full_roots(length).len();
        Ok(is_whole && verify(&key, &Sha256Tree::roots(&roots), &signature).is_ok())
    }

    /// A stored node; none if its page is damaged.
    pub(crate) fn lenient(
        &self,
        store: &mut Store,
        index: NodeIndex,
    ) -> Result<Option<Node>, FeedError> {
        match store.node(self.record.slot, index) {
            Err(FeedError::Corrupt { .. }) => Ok(None),
            found => found,
        }
    }
}

/// The parent of two siblings.
pub(crate) fn join(left: &Node, right: &Node) -> Option<Node> {
    Some(Node {
        index: left.index.parent(),
        size: left.size.checked_add(right.size)?,
        hash: Sha256Tree::parent(left, right),
    })
}

/// Whether a storage error speaks of what is stored and not of the device.
pub(crate) fn is_damage(error: &hyperfeed_storage::StorageError) -> bool {
    use hyperfeed_storage::StorageErrorKind as Kind;
    matches!(error.kind(), Kind::Corrupt | Kind::OutOfBounds)
}
