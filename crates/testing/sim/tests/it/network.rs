//! Networks to start from.

use hyperfeed_testing_sim::{HostId, NamedFeed, Quality, World};
use hyperfeed_v2_replicate::FeedOptions;
use std::ops::Range;

/// Blocks that differ, of sizes from 0 to 60 bytes.
pub(crate) fn blocks(range: Range<u64>) -> Vec<Vec<u8>> {
    range
        .map(|at| {
            at.to_le_bytes()
                .iter()
                .copied()
                .cycle()
                .take((at * 37 % 61) as usize)
                .collect()
        })
        .collect()
}

/// A writer, a reader that clones its feed, and no link.
pub(crate) fn pair(seed: u64) -> (World, [HostId; 2], NamedFeed) {
    let mut world = World::new(seed);
    let (writer, reader) = (world.add_host(), world.add_host());
    let feed = world.create_live(writer);
    world.clone_feed(reader, feed, FeedOptions::default());
    (world, [writer, reader], feed)
}

/// A writer and readers of its feed, linked each to each.
pub(crate) fn mesh(seed: u64, readers: usize, quality: Quality) -> (World, Vec<HostId>, NamedFeed) {
    let mut world = World::new(seed);
    let hosts: Vec<HostId> = (0..=readers).map(|_| world.add_host()).collect();
    let feed = world.create_live(hosts[0]);
    for host in &hosts[1..] {
        world.clone_feed(*host, feed, FeedOptions::default());
    }
    for (at, a) in hosts.iter().enumerate() {
        for b in &hosts[at + 1..] {
            world.connect(*a, *b, quality, true);
        }
    }
    (world, hosts, feed)
}
