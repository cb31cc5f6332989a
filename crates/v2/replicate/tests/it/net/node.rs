//! A node, and what it has told.

use hyperfeed_v2_replicate::{Event, PeerError, PeerKey, Replicator, Reply};

pub(crate) struct Node {
    pub(crate) replicator: Replicator,
    pub(crate) replies: Vec<Reply>,
    pub(crate) events: Vec<Event>,
    pub(crate) dropped: Vec<(PeerKey, PeerError)>,
    /// Timeouts are not handled: the node sleeps.
    pub(crate) asleep: bool,
}

impl Node {
    /// The blocks that came, in order.
    pub(crate) fn downloads(&self) -> Vec<u64> {
        let block = |event: &Event| match event {
            Event::Download { block, .. } => Some(block.get()),
            _ => None,
        };
        self.events.iter().filter_map(block).collect()
    }

    /// The blocks that were sent to `to`, in order.
    pub(crate) fn uploads_to(&self, to: PeerKey) -> Vec<u64> {
        let block = |event: &Event| match event {
            Event::Upload { block, peer, .. } if *peer == to => Some(block.get()),
            _ => None,
        };
        self.events.iter().filter_map(block).collect()
    }

    /// Why a peer was dropped, if it was.
    pub(crate) fn verdict(&self, peer: PeerKey) -> Option<&PeerError> {
        let mut dropped = self.dropped.iter();
        dropped
            .find(|(name, _)| *name == peer)
            .map(|(_, reason)| reason)
    }

    /// Whether the command `token` got its block.
    pub(crate) fn got(&self, token: u64) -> bool {
        self.replies.iter().any(
            |reply| matches!(reply, Reply::Block { token: name, block: Some(_) } if *name == token),
        )
    }
}
