#![doc = include_str!("../README.md")]

mod asked;
mod commands;
mod commit;
mod config;
mod connections;
mod edge;
mod error;
mod event;
mod exchange;
mod hosted;
mod message;
mod peer;
mod pick;
mod progress;
mod rate;
mod read_ahead;
mod receive;
mod repair;
mod replicator;
mod state;
mod timers;
mod transmit;
mod window;

pub use commands::Leaf;
pub use config::{Config, FeedOptions, PeerOptions, Strategy};
pub use edge::{Edge, EdgeCommand, EdgeEvent};
pub use error::{Error, PeerError};
pub use event::{Event, Reply};
pub use hyperfeed_v2_protocol::{
    Config as EdgeConfig, Limits as EdgeLimits, NonceSource as EdgeNonces, Stats as EdgeStats,
};
pub use message::{Answer, Incoming, Outgoing};
pub use peer::{PeerInfo, PeerKey};
pub use progress::{PeerSync, Progress, Status, SyncState};
pub use replicator::{Replicator, Token};
