//! What a replicator tells its owner.

use crate::{Error, PeerError, PeerKey, Progress, Token};
use bytes::Bytes;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_types::{FeedKey, PeerId, PublicId};
use hyperfeed_v2_feed::{Block, Slot};
use std::ops::Range;

/// The answer to a command, named by the token the caller gave.
#[derive(Debug)]
pub enum Reply {
    /// Blocks were appended and are durable in their class.
    Appended {
        /// The command.
        token: Token,
        /// Their indices.
        range: Range<u64>,
    },
    /// A block, or `None` when it is not held and the caller did not want to wait.
    Block {
        /// The command.
        token: Token,
        /// The block; the reader hashes it against its leaf.
        block: Option<Block>,
    },
    /// A download has everything it was for.
    Downloaded {
        /// The command.
        token: Token,
        /// Where it stands.
        progress: Progress,
    },
    /// A command failed. Nothing of it was done, unless the error says otherwise.
    Failed {
        /// The command.
        token: Token,
        /// Why.
        error: Error,
    },
    /// A static feed was sealed.
    Finalized {
        /// The command.
        token: Token,
        /// The feed's key.
        key: FeedKey,
    },
    /// Everything before is durable.
    Flushed {
        /// The command.
        token: Token,
    },
    /// A download got further.
    Progress {
        /// The command.
        token: Token,
        /// Where it stands.
        progress: Progress,
    },
    /// A block given by hand was stored, or was there already.
    Put {
        /// The command.
        token: Token,
        /// Whether it was new.
        new: bool,
    },
}

/// Something happened that nobody asked for by name.
#[derive(Debug)]
pub enum Event {
    /// A block of our own storage is not what it was: it was not sent.
    Corrupt {
        /// The feed.
        slot: Slot,
        /// The block.
        block: BlockIndex,
    },
    /// A block came from a peer and is stored.
    Download {
        /// The feed.
        slot: Slot,
        /// From whom.
        peer: PeerKey,
        /// The block.
        block: BlockIndex,
        /// Its size.
        bytes: u64,
    },
    /// A connection must be closed.
    Dropped {
        /// Which one.
        peer: PeerKey,
        /// Why.
        reason: PeerError,
    },
    /// A message of an extension.
    Extension {
        /// The feed.
        slot: Slot,
        /// From whom.
        peer: PeerKey,
        /// Index into our own sorted names.
        name: usize,
        /// The body.
        body: Bytes,
    },
    /// Storage failed; downloads of the feed rest until it works again.
    Failed {
        /// The feed.
        slot: Slot,
        /// Why.
        error: Error,
    },
    /// A peer opened a feed. Without a slot it is not joined on this connection.
    FeedOpened {
        /// Who.
        peer: PeerKey,
        /// Which feed.
        public_id: PublicId,
        /// The feed, if it is joined.
        slot: Option<Slot>,
    },
    /// A static feed was sealed.
    Finalized {
        /// The feed.
        slot: Slot,
    },
    /// The first handshake of a connection.
    Handshake {
        /// Who.
        peer: PeerKey,
        /// The peer's id, if it told one.
        peer_id: Option<PeerId>,
        /// The peer's extensions.
        extensions: Vec<String>,
    },
    /// New blocks are held: appended here, or come from a peer.
    Have {
        /// The feed.
        slot: Slot,
        /// The blocks.
        range: Range<u64>,
    },
    /// A peer pauses.
    Paused {
        /// The feed.
        slot: Slot,
        /// Who.
        peer: PeerKey,
    },
    /// A feed is open on both sides of a connection.
    PeerAdded {
        /// The feed.
        slot: Slot,
        /// Who.
        peer: PeerKey,
    },
    /// A peer says it has every block of the feed that is known here. Comes again when the feed has grown.
    PeerComplete {
        /// The feed.
        slot: Slot,
        /// Who.
        peer: PeerKey,
    },
    /// A feed is not shared with this peer any more.
    PeerRemoved {
        /// The feed.
        slot: Slot,
        /// Who.
        peer: PeerKey,
    },
    /// A peer goes on.
    Resumed {
        /// The feed.
        slot: Slot,
        /// Who.
        peer: PeerKey,
    },
    /// A block was handed to a connection.
    Upload {
        /// The feed.
        slot: Slot,
        /// To whom.
        peer: PeerKey,
        /// The block.
        block: BlockIndex,
        /// Its size.
        bytes: u64,
    },
}
