use crate::Node;
use hyperfeed_types::Hash;

/// The three hashes a generation builds its trees of.
pub trait TreeHash {
    /// The hash of a block.
    fn leaf(data: &[u8]) -> Hash;

    /// The hash of the parent of two siblings. `left` has the lower index; callers have checked that the sizes add up
    /// to no more than [`MAX_SIZE`](crate::MAX_SIZE).
    fn parent(left: &Node, right: &Node) -> Hash;

    /// The hash over the full roots of a length, left to right: what a signature signs, or a static feed's key.
    fn roots(roots: &[Node]) -> Hash;
}
