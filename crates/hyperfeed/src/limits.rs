//! The limits a user of the facade meets. All others are in [`Config`](crate::Config).

/// The most bytes a block can have: what fits into a message to any peer.
pub const MAX_BLOCK_BYTES: u64 = hyperfeed_v2_wire::limits::MAX_BLOCK as u64;
