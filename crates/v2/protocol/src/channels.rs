use alloc::collections::BTreeMap;

use hyperfeed_types::PublicId;

use crate::{
    ChannelId,
    channel::{Channel, Link},
    remote::Remote,
};

/// The channels of a connection: by our number, by the remote's number, by feed.
///
/// The two numbers of a feed need not be equal; the public id ties them together.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    next: u32,
    local: BTreeMap<ChannelId, Channel>,
    local_by_feed: BTreeMap<PublicId, ChannelId>,
    remote: BTreeMap<u64, Remote>,
    remote_by_feed: BTreeMap<PublicId, u64>,
}

impl Channels {
    /// The number of the next channel opened here: the lowest that was never used.
    pub(crate) fn next_id(&self) -> Option<ChannelId> {
        (self.next < u32::MAX).then_some(ChannelId::new(self.next))
    }

    /// Opens the channel under [`next_id`](Self::next_id).
    pub(crate) fn insert(&mut self, id: ChannelId, channel: Channel) {
        self.next = self.next.saturating_add(1);
        self.local_by_feed.insert(channel.public_id, id);
        self.local.insert(id, channel);
    }

    /// Forgets a channel opened here; its number is not used again.
    pub(crate) fn remove(&mut self, id: ChannelId) -> Option<Channel> {
        let channel = self.local.remove(&id)?;
        self.local_by_feed.remove(&channel.public_id);
        Some(channel)
    }

    pub(crate) fn insert_remote(&mut self, number: u64, remote: Remote) {
        self.remote_by_feed.insert(remote.public_id, number);
        self.remote.insert(number, remote);
    }

    pub(crate) fn remove_remote(&mut self, number: u64) -> Option<Remote> {
        let remote = self.remote.remove(&number)?;
        self.remote_by_feed.remove(&remote.public_id);
        Some(remote)
    }

    /// Forgets all that the remote opened, with what is held for it.
    pub(crate) fn clear_remote(&mut self) {
        self.remote.clear();
        self.remote_by_feed.clear();
    }

    pub(crate) fn get_mut(&mut self, id: ChannelId) -> Option<&mut Channel> {
        self.local.get_mut(&id)
    }

    pub(crate) fn remote_mut(&mut self, number: u64) -> Option<&mut Remote> {
        self.remote.get_mut(&number)
    }

    pub(crate) fn get(&self, id: ChannelId) -> Option<&Channel> {
        self.local.get(&id)
    }

    pub(crate) fn remote(&self, number: u64) -> Option<&Remote> {
        self.remote.get(&number)
    }

    /// The channel opened here for a feed.
    pub(crate) fn id_of(&self, feed: &PublicId) -> Option<ChannelId> {
        self.local_by_feed.get(feed).copied()
    }

    /// The remote's number for a feed.
    pub(crate) fn number_of(&self, feed: &PublicId) -> Option<u64> {
        self.remote_by_feed.get(feed).copied()
    }

    /// The remote's number for a channel opened here, once both sides have opened it.
    pub(crate) fn link(&self, id: ChannelId) -> Option<Link> {
        self.get(id).map(|channel| channel.link)
    }

    /// How many are open here.
    pub(crate) fn len(&self) -> usize {
        self.local.len()
    }

    /// How many the remote has opened that are remembered.
    pub(crate) fn remote_len(&self) -> usize {
        self.remote.len()
    }

    /// Whether none is open here.
    pub(crate) fn is_empty(&self) -> bool {
        self.local.is_empty()
    }
}
