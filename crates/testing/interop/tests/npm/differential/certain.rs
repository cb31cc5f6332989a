//! What of a copy follows from the script.

/// Which blocks arrive before a cut does not follow from it, and which nodes come with blocks does not either, for the
/// order of requests is drawn by lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certain {
    /// Nothing but the bytes of what it holds.
    Bytes,
    /// Which blocks it holds.
    Blocks,
    /// Which nodes it holds: digests and proofs.
    Nodes,
}
