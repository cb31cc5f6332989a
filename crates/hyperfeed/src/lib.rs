#![doc = include_str!("../README.md")]

mod answer;
mod builder;
mod clock;
mod connection;
mod download;
mod driver;
mod error;
mod events;
mod extension;
mod feed;
mod feed_blocks;
mod feed_event;
mod feed_identity;
mod feed_info;
mod feed_options;
mod feed_proofs;
mod feed_stats;
mod feed_view;
mod files;
mod finish;
mod get;
mod hashers;
mod hashing;
mod home;
mod inbox;
mod instance;
mod limits;
mod link;
mod outgoing;
mod peer_info;
mod read_stream;
mod repair;
mod replicate_options;
mod replication;
mod replication_event;
mod shared;
mod unsynced;
mod verify;
mod watch;
mod write_stream;

#[cfg(feature = "smol")]
pub mod smol;
#[cfg(feature = "async-std")]
pub mod tcp;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod v2;

pub use builder::Builder;
pub use download::{Download, DownloadProgress};
pub use error::{Error, ErrorKind};
pub use events::Events;
pub use extension::{Extension, ExtensionMessages};
pub use feed::Feed;
pub use feed_event::{FeedEvent, FeedEvents};
pub use feed_identity::FeedIdentity;
pub use feed_info::FeedInfo;
pub use feed_options::FeedOptions;
pub use feed_stats::FeedStats;
pub use get::Get;
pub use instance::Core;
pub use limits::MAX_BLOCK_BYTES;
pub use peer_info::PeerInfo;
pub use read_stream::ReadStream;
pub use repair::RepairReport;
pub use replicate_options::{Admission, Feeds, ReplicateOptions};
pub use replication::Replication;
pub use replication_event::{ReplicationEvent, ReplicationEvents};
pub use verify::VerifyReport;
pub use write_stream::WriteStream;

pub use bytes::Bytes;
pub use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
pub use hyperfeed_merkle::{Digest, Node};
pub use hyperfeed_storage::{
    Batch, Durability, KeyValue, MemoryFile, MemoryStore, Op, RandomAccess, StorageError,
    StorageErrorKind,
};
#[cfg(feature = "disk")]
pub use hyperfeed_storage_disk::{
    Backend, DiskOptions, DiskStore, FileStore, Migration, MigrationPhase, MigrationProgress,
};
pub use hyperfeed_types::{FeedKey, Hash, PeerId, PublicId, Signature, hex};
pub use hyperfeed_v2_crypto::{KeyPair, SecretKey};
pub use hyperfeed_v2_feed::{Finding, Kind, OnlyCopy, Proof, Suspect};
pub use hyperfeed_v2_replicate::{
    Config, PeerKey, PeerSync, Progress, Status, Strategy, SyncState,
};
