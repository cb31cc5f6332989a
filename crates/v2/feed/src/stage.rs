use crate::{FeedRecord, Kind};
use bytes::Bytes;
use core::ops::Range;
use hyperfeed_bitfield::Bitfield;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Appender, Node, TreeIndex};
use hyperfeed_types::{FeedKey, PublicId, Signature};
use hyperfeed_v2_crypto::Sha256Tree;
use std::collections::BTreeMap;

use crate::head::Head;

/// What the next commit will do. Nothing of it shows before.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The committed tree with the appended blocks on it, once something was appended.
    pub(crate) appender: Option<Appender<Sha256Tree>>,
    pub(crate) appended: Vec<Bytes>,
    /// The nodes that the appended blocks made.
    pub(crate) grown: Vec<Node>,
    /// Blocks of peers that are new, and the nodes that came with them.
    pub(crate) put: BTreeMap<u64, Bytes>,
    pub(crate) nodes: BTreeMap<NodeIndex, Node>,
    /// The longest length that a put was verified against, if it is longer than the committed one.
    pub(crate) anchor: Option<Anchored>,
    /// Signatures of all lengths that puts were verified against.
    pub(crate) signatures: BTreeMap<u64, Signature>,
    /// What the first proof said about the kind of the feed.
    pub(crate) kind: Option<Kind>,
    pub(crate) finalized: Option<(FeedKey, PublicId)>,
    /// A repair: the bitmaps without what was dropped.
    pub(crate) repaired: Option<Repaired>,
    /// Appended blocks and a longer signed length met: the appends must not be sealed.
    pub(crate) conflict: bool,
    pub(crate) bytes: u64,
    /// What seal put into the batch, for memory to become.
    pub(crate) sealed: Option<Sealed>,
}

/// A verified length.
#[derive(Debug, Clone)]
pub(crate) struct Anchored {
    pub(crate) length: u64,
    pub(crate) roots: Vec<Node>,
    pub(crate) signature: Option<Signature>,
}

/// Bitmaps after a repair.
#[derive(Debug)]
pub(crate) struct Repaired {
    pub(crate) held: Bitfield,
    pub(crate) tree: TreeIndex,
    pub(crate) dropped: Vec<BlockIndex>,
    pub(crate) dropped_nodes: Vec<NodeIndex>,
    pub(crate) rewritten: Vec<Node>,
    /// Lengths whose signature is to be forgotten.
    pub(crate) signatures: Vec<u64>,
    pub(crate) held_bytes: u64,
}

/// The state after the commit, as far as it is not told by the stage itself.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) head: Head,
    pub(crate) record: Option<FeedRecord>,
    /// Blocks that wait for their offset from now on, and that no longer do.
    pub(crate) waiting: Vec<u64>,
    pub(crate) placed: Vec<u64>,
    /// The block after the last that was placed, and its offset.
    pub(crate) cursor: Option<(u64, u64)>,
}

impl Stage {
    pub(crate) const fn new() -> Self {
        Self {
            appender: None,
            appended: Vec::new(),
            grown: Vec::new(),
            put: BTreeMap::new(),
            nodes: BTreeMap::new(),
            anchor: None,
            signatures: BTreeMap::new(),
            kind: None,
            finalized: None,
            repaired: None,
            conflict: false,
            bytes: 0,
            sealed: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.appended.is_empty()
            && self.put.is_empty()
            && self.finalized.is_none()
            && self.repaired.is_none()
    }
}

/// What is staged, for callers that bound it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Staged {
    /// Blocks appended or put.
    pub blocks: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// What a commit changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Committed {
    /// Blocks appended.
    pub appended: Range<u64>,
    /// Blocks of peers that were new, ascending.
    pub put: Vec<BlockIndex>,
    /// Whether the feed was finalized.
    pub finalized: bool,
}
