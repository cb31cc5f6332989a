use crate::leaf_hash;
use bytes::Bytes;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::Node;
use hyperfeed_types::{Hash, Signature};

/// A block from a peer, with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Its index.
    pub block: BlockIndex,
    /// Its bytes.
    pub data: Bytes,
    /// The leaf hash of these bytes. It is taken for true: [`new`](Self::new) computes it.
    pub leaf: Hash,
    /// The nodes that the peer sent, in its order.
    pub nodes: Vec<Node>,
    /// The signature that the peer sent.
    pub signature: Option<Signature>,
}

impl Put {
    /// Hashes the data. To be called where there is time for it.
    #[must_use]
    pub fn new(
        block: BlockIndex,
        data: Bytes,
        nodes: Vec<Node>,
        signature: Option<Signature>,
    ) -> Self {
        Self {
            block,
            leaf: leaf_hash(&data),
            data,
            nodes,
            signature,
        }
    }
}

/// What became of a [`Put`] that verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepted {
    /// The block is held or staged already.
    Known,
    /// It is staged.
    New,
    /// It is right, but belongs to a longer length than the one that staged appends build upon: those must fail
    /// first. [`Feed::seal`](crate::Feed::seal) will say [`Behind`](crate::FeedError::Behind).
    Withheld,
}
