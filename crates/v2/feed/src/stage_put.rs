use crate::stage::Anchored;
use crate::{Accepted, Feed, FeedError, Kind, Put, Store};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Anchor, Node, Verified, VerifyError, VerifyPlan};
use hyperfeed_types::{FeedKey, Hash, Signature};
use hyperfeed_v2_crypto::{Sha256Tree, verify};
use hyperfeed_v2_wire::limits::MAX_FRAME;

impl Feed {
    /// Verifies a block from a peer (spec section 9), together with what is staged already, and stages it.
    ///
    /// An error stages nothing of this put. Costs the hashes on the way up to the first node that is held, and a
    /// signature check if there is none.
    ///
    /// # Errors
    /// The proof does not fit ([`Verify`](FeedError::Verify), [`Signature`](FeedError::Signature),
    /// [`KeyMismatch`](FeedError::KeyMismatch)): the peer is to blame. [`Unproven`](FeedError::Unproven): nobody is.
    /// A block larger than a frame; a static feed of ours without a key; storage.
    pub fn stage_put(&mut self, store: &mut Store, put: Put) -> Result<Accepted, FeedError> {
        self.ready(store)?;
        let key = self.record.key.ok_or(FeedError::NotFinalized)?;
        if self.stage.repaired.is_some() {
            return Err(FeedError::Repairing);
        }
        let bytes = put.data.len() as u64;
        if put.data.len() > MAX_FRAME {
            return Err(FeedError::TooLarge {
                bytes,
                limit: MAX_FRAME as u64,
            });
        }
        let (verified, read, anchor) = self.verify(store, &key, &put)?;
        let length = anchor.as_ref().map_or(0, |anchor| anchor.length);
        if !self.stage.appended.is_empty() && length > self.head.length {
            self.stage.conflict = true;
            self.signed_beyond = self.signed_beyond.max(Some(length));
            return Ok(Accepted::Withheld);
        }
        if self.holds(put.block) {
            return Ok(Accepted::Known);
        }
        self.check_sizes(&read, verified.proven_nodes())?;
        self.stage_verified(&verified, anchor);
        self.stage.put.insert(put.block.get(), put.data);
        self.stage.bytes = self.stage.bytes.saturating_add(bytes);
        Ok(Accepted::New)
    }

    /// Everything but storing: what the proof proves, the nodes known before that it used, and the length it was
    /// anchored at, if it went up to roots.
    fn verify(
        &mut self,
        store: &mut Store,
        key: &FeedKey,
        put: &Put,
    ) -> Result<(Verified, Vec<Node>, Option<Anchored>), FeedError> {
        let indices: Vec<NodeIndex> = put.nodes.iter().map(|node| node.index).collect();
        let plan = VerifyPlan::new(|node| self.knows(node), put.block, &indices)?;
        let mut stored = Vec::with_capacity(plan.reads().len());
        for index in plan.reads() {
            let found = self.staged_node(store, *index)?;
            stored.push(found.ok_or(VerifyError::MissingNode { node: *index })?);
        }
        let leaf = Node {
            index: NodeIndex::leaf(put.block),
            size: put.data.len() as u64,
            hash: put.leaf,
        };
        let run = plan.run::<Sha256Tree>(leaf, &put.nodes, &stored);
        let anchored = run.map_err(FeedError::from).and_then(|mut verified| {
            let anchor = anchor(key, &mut verified, put)?;
            Ok((verified, anchor))
        });
        match anchored {
            Ok((verified, anchor)) => Ok((verified, stored, anchor)),
            Err(error) => {
                let used = plan
                    .reads()
                    .iter()
                    .filter(|node| indices.iter().all(|given| given != *node));
                Err(if self.distrust(put.block, used.copied()) {
                    FeedError::Unproven
                } else {
                    error
                })
            }
        }
    }

    /// Stops claiming the stored siblings of the way up whose size no hash covers. Tells whether there were any.
    fn distrust(&mut self, block: BlockIndex, used: impl Iterator<Item = NodeIndex>) -> bool {
        let leaf = NodeIndex::leaf(block);
        let mut any = false;
        for node in used {
            let is_sibling = !node.contains(leaf) && node.parent().contains(leaf);
            if is_sibling && !self.is_proven(node) {
                any |= self.distrusted.insert(node);
            }
        }
        any
    }

    /// A proven size stays. Only a writer that signs trees of wrong sums can make two of them differ.
    ///
    /// The nodes known before are all among those `read`, which come in the order of the way up.
    fn check_sizes(&self, read: &[Node], proven: &[Node]) -> Result<(), FeedError> {
        let mut proven = proven.iter();
        for known in read {
            let Some(node) = proven.find(|node| node.index == known.index) else {
                break;
            };
            if node.size != known.size && self.is_proven(node.index) {
                return Err(VerifyError::ChecksumMismatch { node: node.index }.into());
            }
        }
        Ok(())
    }

    fn stage_verified(&mut self, verified: &Verified, anchor: Option<Anchored>) {
        // Of the nodes whose size nothing covers there are only such as were not held.
        for node in &verified.nodes {
            self.stage.nodes.insert(node.index, *node);
        }
        let Some(anchor) = anchor else { return };
        if self.record.kind == Kind::Unknown {
            self.stage.kind = Some(match anchor.signature {
                Some(_) => Kind::Live,
                None => Kind::Static,
            });
        }
        if let Some(signature) = &anchor.signature {
            let signature = signature.clone();
            self.stage.signatures.insert(anchor.length, signature);
        }
        if anchor.length > self.staged_length() {
            self.stage.anchor = Some(anchor);
        }
    }

    /// A stored node, or one that will be.
    pub(crate) fn staged_node(
        &self,
        store: &mut Store,
        index: NodeIndex,
    ) -> Result<Option<Node>, FeedError> {
        match self.stage.nodes.get(&index) {
            Some(node) => Ok(Some(*node)),
            None => store.node(self.record.slot, index),
        }
    }
}

/// The length whose roots the proof goes up to, once the signature or the key vouches for it.
fn anchor(
    key: &FeedKey,
    verified: &mut Verified,
    put: &Put,
) -> Result<Option<Anchored>, FeedError> {
    let Anchor::Roots {
        length,
        hash,
        roots,
        unread,
    } = &mut verified.anchor
    else {
        return Ok(None);
    };
    vouch(key, hash, put.signature.as_ref())?;
    if *unread > 0 {
        return Err(FeedError::UnusedNodes { nodes: *unread });
    }
    Ok(Some(Anchored {
        length: *length,
        roots: core::mem::take(roots),
        signature: put.signature.clone(),
    }))
}

/// A signature over the roots hash, or the hash being the key.
fn vouch(key: &FeedKey, hash: &Hash, signature: Option<&Signature>) -> Result<(), FeedError> {
    match signature {
        Some(signature) => Ok(verify(key, hash, signature)?),
        None if key.as_bytes() == hash.as_bytes() => Ok(()),
        None => Err(FeedError::KeyMismatch),
    }
}
