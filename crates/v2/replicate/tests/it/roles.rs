//! The nodes that most tests are about: a writer, its copies, and a puppet that shares its feed.

use crate::net::{Net, Wire};
use hyperfeed_types::FeedKey;
use hyperfeed_v2_feed::Slot;
use hyperfeed_v2_protocol::ChannelId;
use hyperfeed_v2_replicate::{Config, FeedOptions, Leaf, PeerOptions, Strategy};

pub(crate) const LINEAR: FeedOptions = FeedOptions {
    sparse: false,
    strategy: Strategy::Linear,
    upload: true,
    download: true,
};

/// A writer of `count` blocks and a copy, joined on both sides.
pub(crate) fn pair(count: u64, options: FeedOptions) -> (Net, [usize; 2], [Slot; 2], Wire) {
    pair_with(count, options, [PeerOptions::default(); 2])
}

pub(crate) fn pair_with(
    count: u64,
    options: FeedOptions,
    of: [PeerOptions; 2],
) -> (Net, [usize; 2], [Slot; 2], Wire) {
    let mut net = Net::new();
    let (writer, slot, key) = net.writer(count);
    let reader = net.node(Config::default());
    let copy = net.clone_on(reader, key, options);
    let wire = net.connect_with(writer, of[0], reader, of[1]);
    net.join(writer, wire.peers[0], slot);
    net.join(reader, wire.peers[1], copy);
    (net, [writer, reader], [slot, copy], wire)
}

/// A writer of `count` blocks of `size` bytes each.
pub(crate) fn writer(
    net: &mut Net,
    config: Config,
    count: u64,
    size: usize,
) -> (usize, Slot, FeedKey) {
    let at = net.node(config);
    let (slot, key) = net.create(at, 1);
    let leaves = (0..count).map(|at| Leaf::new(vec![at as u8; size].into()));
    let now = net.now;
    let node = &mut net.nodes[at].replicator;
    node.append(slot, leaves.collect(), None, 0);
    node.commit(now);
    while node.poll_reply().is_some() {}
    (at, slot, key)
}

/// A copy on a node of its own, joined with its writer.
pub(crate) fn copy(
    net: &mut Net,
    (writer, slot, key): (usize, Slot, FeedKey),
    options: FeedOptions,
    of: [PeerOptions; 2],
) -> (usize, Slot, Wire) {
    let at = net.node(Config::default());
    let copy = net.clone_on(at, key, options);
    let wire = net.connect_with(writer, of[0], at, of[1]);
    net.join(writer, wire.peers[0], slot);
    net.join(at, wire.peers[1], copy);
    (at, copy, wire)
}

/// A node with an empty copy, and a puppet that shares the feed and says that it has `count` blocks.
pub(crate) fn puppet(
    net: &mut Net,
    config: Config,
    options: FeedOptions,
    key: FeedKey,
    count: u64,
) -> (usize, Slot, usize, ChannelId) {
    let node = net.node(config);
    let slot = net.clone_on(node, key, options);
    let (link, peer) = net.puppet_of(node);
    net.join(node, peer, slot);
    let channel = net.puppet(link).open(&key);
    net.puppet(link).have(channel, 0, count);
    net.run();
    (node, slot, link, channel)
}
