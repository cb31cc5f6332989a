//! One connection.

use crate::exchange::Exchange;
use crate::rate::Bucket;
use crate::{EdgeCommand, PeerOptions};
use hyperfeed_types::{Instant, PeerId};
use hyperfeed_v2_feed::Slot;
use std::collections::{BTreeMap, VecDeque};

/// Names a connection for as long as it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub(crate) u32);

impl core::fmt::Display for PeerKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "peer {}", self.0)
    }
}

/// What is known of a connection.
#[derive(Debug, Clone)]
pub struct PeerInfo {
    /// The connection.
    pub peer: PeerKey,
    /// What the peer calls itself.
    pub peer_id: Option<PeerId>,
    /// The feeds shared with it.
    pub feeds: Vec<Slot>,
    /// Bytes of blocks sent.
    pub uploaded: u64,
    /// Bytes of blocks received.
    pub downloaded: u64,
    /// Bytes handed to the connection and not yet written, at most
    /// [`Config::max_unwritten`](crate::Config::max_unwritten) and one message.
    pub unwritten: usize,
    /// Requests of the peer that wait for their answer.
    pub queued_requests: usize,
    /// Requests out to the peer.
    pub in_flight: usize,
    /// Memory of what the peer says it has, in bytes.
    pub remote_memory: usize,
}

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) options: PeerOptions,
    pub(crate) peer_id: Option<PeerId>,
    pub(crate) exchanges: BTreeMap<Slot, Exchange>,
    /// Opens, leaves and extension messages, which go before everything else.
    pub(crate) commands: VecDeque<EdgeCommand>,
    /// Feeds that may have something to send, served in turn.
    pub(crate) turns: VecDeque<Slot>,
    /// Bytes handed over and not yet in the socket.
    pub(crate) unwritten: usize,
    /// Blocks that came unasked, less those that came as they should.
    pub(crate) unrequested: u32,
    /// Requests out to the peer, of all feeds; too high between ticks, when some were taken back.
    pub(crate) asking: usize,
    /// Requests of the peer that wait, of all feeds; too high once some were answered or taken back.
    pub(crate) asked: usize,
    /// Memory of all `remote` bitfields; too high once a feed was left.
    pub(crate) remote_memory: usize,
    pub(crate) upload: Bucket,
    pub(crate) download: Bucket,
    pub(crate) uploaded: u64,
    pub(crate) downloaded: u64,
}

impl Peer {
    pub(crate) fn new(options: PeerOptions, now: Instant) -> Self {
        Self {
            options,
            peer_id: None,
            exchanges: BTreeMap::new(),
            commands: VecDeque::new(),
            turns: VecDeque::new(),
            unwritten: 0,
            unrequested: 0,
            asking: 0,
            asked: 0,
            remote_memory: 0,
            upload: Bucket::new(options.max_upload, now),
            download: Bucket::new(options.max_download, now),
            uploaded: 0,
            downloaded: 0,
        }
    }

    /// Extension messages that wait for the socket, in bytes.
    pub(crate) fn waiting_extensions(&self) -> usize {
        let is_extension = |c: &&EdgeCommand| matches!(c, EdgeCommand::Extension { .. });
        let waiting = self.commands.iter().filter(is_extension);
        waiting.map(EdgeCommand::cost).sum()
    }

    /// Gives a feed a turn, unless it has one coming.
    pub(crate) fn wake(&mut self, slot: Slot) {
        if let Some(exchange) = self.exchanges.get_mut(&slot)
            && !exchange.has_turn
        {
            exchange.has_turn = true;
            self.turns.push_back(slot);
        }
    }
}
