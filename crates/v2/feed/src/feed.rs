use crate::head::Head;
use crate::staging::Staging;
use crate::{Blocks, FeedError, FeedRecord, Kind, Slot, Staged, Store};
use core::fmt;
use core::ops::Range;
use hyperfeed_bitfield::Bitfield;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Digest, Node, TreeIndex};
use hyperfeed_types::{FeedKey, PublicId, Signature};
use hyperfeed_v2_crypto::KeyPair;
use std::collections::BTreeSet;

/// One feed of a [`Store`]: its own, or a copy of somebody's.
///
/// Changes are staged, sealed, committed, and only then seen:
///
/// 1. [`stage_append`](Self::stage_append), [`stage_put`](Self::stage_put), [`stage_finalize`](Self::stage_finalize),
///    [`stage_drop`](Self::stage_drop), as often as there is something to do. Nothing of it shows.
/// 2. [`seal`](Self::seal) writes block bytes and puts everything else into the store's batch.
/// 3. [`Store::commit`] makes the batch durable: this is the moment in which it happens.
/// 4. [`committed`](Self::committed) lets memory follow, and says what is new, to be told to others.
///
/// If 2 or 3 fails: [`discard_staged`](Self::discard_staged), which finds out what is really there.
///
/// All reads show the committed state.
pub struct Feed {
    pub(crate) record: FeedRecord,
    /// Opened by its owner for the first time: the stored record does not say so yet.
    pub(crate) unsaved_record: bool,
    pub(crate) pair: Option<KeyPair>,
    pub(crate) blocks: Blocks,
    pub(crate) head: Head,
    /// Created, and not known to be committed.
    pub(crate) fresh: bool,
    pub(crate) held: Bitfield,
    pub(crate) tree: TreeIndex,
    /// Attached feeds: blocks that are in the store because their offset is not proven.
    pub(crate) waiting: BTreeSet<u64>,
    /// Nodes whose size no hash covers, and that spoilt a proof: not claimed any more.
    pub(crate) distrusted: BTreeSet<NodeIndex>,
    /// A signed length that was seen and could not be staged, because of appends before it.
    pub(crate) signed_beyond: Option<u64>,
    /// A commit failed: memory may be older than the store.
    pub(crate) stale: bool,
    /// Blocks that a failed commit stored all the same, not yet told to whoever asks.
    pub(crate) adopted: Vec<Range<u64>>,
    /// A block and its byte offset in the attached file, for the next sequential access.
    pub(crate) cursor: Option<(u64, u64)>,
    pub(crate) stage: Staging,
}

impl Feed {
    /// Its slot in the store.
    #[must_use]
    pub const fn slot(&self) -> Slot {
        self.record.slot
    }

    /// The feed key; none for a static feed that is not finalized.
    #[must_use]
    pub const fn key(&self) -> Option<&FeedKey> {
        self.record.key.as_ref()
    }

    /// The public id; the local id for a static feed that is not finalized.
    #[must_use]
    pub const fn id(&self) -> &PublicId {
        &self.record.id
    }

    /// How it is verified.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.record.kind
    }

    /// The catalogue record, its alias as it was when the feed was opened.
    #[must_use]
    pub fn record(&self) -> FeedRecord {
        self.record.clone()
    }

    /// Whether blocks can be appended here: with the secret key, or before a static feed is finalized.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        match self.record.kind {
            Kind::Static => self.record.writable && self.record.key.is_none(),
            Kind::Live | Kind::Unknown => self.pair.is_some(),
        }
    }

    /// Whether the length is final: a static feed with its key.
    #[must_use]
    pub const fn is_finalized(&self) -> bool {
        matches!(self.record.kind, Kind::Static)
            && self.record.key.is_some()
            && self.head.length > 0
    }

    /// Whether every block of [`length`](Self::length) is held, and a length is known at all.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.record.kind != Kind::Unknown && self.head.contiguous == self.head.length
    }

    /// The largest length in blocks that was written or verified.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.head.length
    }

    /// Bytes of all blocks of that length. In a copy this is what a peer said until the blocks are held.
    #[must_use]
    pub fn byte_length(&self) -> u64 {
        self.head.byte_length()
    }

    /// The signature of that length; none for static and for empty feeds.
    #[must_use]
    pub const fn signature(&self) -> Option<&Signature> {
        self.head.signature.as_ref()
    }

    /// The roots of that length, from left to right.
    #[must_use]
    pub fn roots(&self) -> &[Node] {
        &self.head.roots
    }

    /// Every block below this number is held, this one is not.
    #[must_use]
    pub const fn contiguous(&self) -> u64 {
        self.head.contiguous
    }

    /// Number of blocks held.
    #[must_use]
    pub fn held_blocks(&self) -> u64 {
        self.held.count()
    }

    /// Bytes of the blocks held.
    #[must_use]
    pub const fn held_bytes(&self) -> u64 {
        self.head.held_bytes
    }

    /// Which blocks are held.
    #[must_use]
    pub const fn held(&self) -> &Bitfield {
        &self.held
    }

    /// Whether a block is held.
    #[must_use]
    pub fn has(&self, block: BlockIndex) -> bool {
        self.held.get(block.get())
    }

    /// Blocks that are held, but in the store instead of the attached file, because their offset is not proven.
    #[must_use]
    pub fn waiting_blocks(&self) -> usize {
        self.waiting.len()
    }

    /// What a peer need not send along with a block: for requests (spec section 8).
    #[must_use]
    pub fn digest(&self, block: BlockIndex) -> Digest {
        let leaf = NodeIndex::leaf(block);
        let allocated = self.tree.allocated_bits();
        let usable = |node| !self.distrusted.contains(&node) || self.was_proven(node);
        self.tree.digest_where(leaf, allocated, usable)
    }

    /// As [`digest`](Self::digest), for a request to a peer that answers others first: `arriving` tells whether one of
    /// them is for a block beneath a node. See [`TreeIndex::digest_ahead`].
    #[must_use]
    pub fn digest_ahead(
        &self,
        block: BlockIndex,
        arriving: impl FnMut(NodeIndex) -> bool,
    ) -> Digest {
        let leaf = NodeIndex::leaf(block);
        let allocated = self.tree.allocated_bits();
        let usable = |node| !self.distrusted.contains(&node) || self.was_proven(node);
        self.tree.digest_ahead(leaf, allocated, usable, arriving)
    }

    /// A node that is stored, whoever vouched for it.
    ///
    /// # Errors
    /// Storage; a page that cannot be read.
    pub fn node(&self, store: &mut Store, index: NodeIndex) -> Result<Option<Node>, FeedError> {
        store.node(self.record.slot, index)
    }

    /// What is staged.
    #[must_use]
    pub fn staged(&self) -> Staged {
        Staged {
            blocks: self.stage.appended.len() + self.stage.put.len(),
            bytes: self.stage.bytes,
        }
    }

    /// The length with what is staged.
    #[must_use]
    pub fn staged_length(&self) -> u64 {
        let anchored = self.stage.anchor.as_ref().map_or(0, |anchor| anchor.length);
        let appended = self.stage.appended.len() as u64;
        anchored.max(self.head.length.saturating_add(appended))
    }

    /// Syncs and closes the attached file. The feed cannot be used after that.
    ///
    /// # Errors
    /// Storage.
    pub fn close(&mut self) -> Result<(), FeedError> {
        match &mut self.blocks {
            Blocks::Attached(file) => Ok(file.close()?),
            Blocks::InStore => Ok(()),
        }
    }

    /// Whether a node is known, staged ones included.
    pub(crate) fn knows(&self, node: NodeIndex) -> bool {
        self.tree.get(node) || self.stage.nodes.contains_key(&node)
    }

    /// Whether a hash covers the size of a known node.
    ///
    /// Sizes come from data, or as part of the sum in a parent's hash. Only a full root has no parent to cover it,
    /// and what is a full root of some length is a left child. A parent is computed exactly if both its children are
    /// known, and the right one of them is known only through that parent. So the bitmaps tell.
    pub(crate) fn is_proven(&self, node: NodeIndex) -> bool {
        proven(node, |node| self.knows(node), |block| self.holds(block))
    }

    /// The same for the committed state alone.
    pub(crate) fn was_proven(&self, node: NodeIndex) -> bool {
        self.tree.get(node) && proven(node, |node| self.tree.get(node), |block| self.has(block))
    }

    /// Whether a block is held, staged ones included.
    pub(crate) fn holds(&self, block: BlockIndex) -> bool {
        self.has(block) || self.stage.put.contains_key(&block.get())
    }

    pub(crate) fn corrupt(what: &'static str, at: u64, why: &'static str) -> FeedError {
        FeedError::Corrupt { what, at, why }
    }
}

fn proven(
    node: NodeIndex,
    known: impl Fn(NodeIndex) -> bool,
    held: impl Fn(BlockIndex) -> bool,
) -> bool {
    let is_right = node.sibling() < node;
    if is_right || known(node.sibling()) {
        return true;
    }
    match (node.right_child(), node.block()) {
        (Some(right), _) => known(right),
        (None, Some(block)) => held(block),
        (None, None) => false,
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("slot", &self.record.slot)
            .field("id", &self.record.id)
            .field("kind", &self.record.kind)
            .field("length", &self.head.length)
            .field("held_blocks", &self.held.count())
            .field("staged", &self.staged())
            .finish_non_exhaustive()
    }
}
