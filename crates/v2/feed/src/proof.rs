use hyperfeed_merkle::Node;
use hyperfeed_types::Signature;

/// What makes a block checkable for somebody who has the feed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The nodes, siblings from the leaf upwards, then the other full roots from left to right.
    pub nodes: Vec<Node>,
    /// Of the roots, if the proof goes up to them and the feed is live.
    pub signature: Option<Signature>,
}
