//! The crates of generation 2 below this one, for who needs more than the facade gives.

pub use hyperfeed_v2_crypto as crypto;
pub use hyperfeed_v2_feed as feed;
pub use hyperfeed_v2_protocol as protocol;
pub use hyperfeed_v2_replicate as replicate;
pub use hyperfeed_v2_wire as wire;
