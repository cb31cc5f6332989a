//! Many peers, slow links, long links.

use crate::network::{blocks, mesh, pair};
use hyperfeed_testing_sim::{Quality, World};
use hyperfeed_v2_replicate::FeedOptions;

#[test]
fn ten_downloaders_that_serve_each_other_spare_the_writer() {
    let quality = Quality {
        delay_ms: 10,
        bytes_per_ms: 200,
        chunk: 4096,
    };
    let (mut world, hosts, feed) = mesh(11, 10, quality);
    world.append(feed, (0..2000_u64).map(|at| vec![at as u8; 1000]).collect());
    world.run_until_complete(120_000).unwrap();
    let sent = world.uploads_of(hosts[0]);
    assert!(
        sent < 2000 * 3,
        "the writer sent {sent} blocks for 10 copies of 2000"
    );
}

#[test]
fn fifty_peers_get_one_feed() {
    let mut world = World::new(12);
    let writer = world.add_host();
    let feed = world.create_live(writer);
    world.append(feed, blocks(0..40));
    for _ in 0..50 {
        let reader = world.add_host();
        world.clone_feed(reader, feed, FeedOptions::default());
        world
            .connect(writer, reader, Quality::default(), true)
            .unwrap();
    }
    world.run_until_complete(60_000).unwrap();
}

#[test]
fn a_long_fat_link_is_filled() {
    let (mut world, [writer, reader], feed) = pair(13);
    let count = 4000;
    world.append(
        feed,
        (0..count).map(|at: u64| vec![at as u8; 1000]).collect(),
    );
    world
        .connect(
            writer,
            reader,
            Quality {
                delay_ms: 50,
                bytes_per_ms: 10_000,
                chunk: 65_536,
            },
            true,
        )
        .unwrap();
    world.run_until_complete(120_000).unwrap();
    // A fixed window of 16 would take 4000 / 16 round trips of 100 ms.
    assert!(world.now_ms() < 25_000 / 5, "{} ms", world.now_ms());
}

#[test]
fn a_peer_that_stops_delivering_is_replaced_by_another() {
    let mut world = World::new(14);
    let (writer, relay, reader) = (world.add_host(), world.add_host(), world.add_host());
    let feed = world.create_live(writer);
    world.append(feed, (0..300_u64).map(|at| vec![at as u8; 500]).collect());
    world.clone_feed(relay, feed, FeedOptions::default());
    world
        .connect(writer, relay, Quality::default(), true)
        .unwrap();
    world.run_until_complete(20_000).unwrap();
    world.clone_feed(reader, feed, FeedOptions::default());
    let slow = Quality {
        bytes_per_ms: 50,
        ..Quality::default()
    };
    let dead = world.connect(writer, reader, slow, true).unwrap();
    world.connect(relay, reader, slow, true).unwrap();
    world.run_for(300).unwrap();
    // The connection to the writer stands still for good, without closing.
    world.stall(dead, 10_000_000);
    world.run_until_complete(60_000).unwrap();
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let run = |seed| {
        let (mut world, _, feed) = mesh(seed, 4, Quality::default());
        world.append(feed, blocks(0..60));
        world.run_until_complete(60_000).unwrap();
        (world.trace_hash(), world.stats())
    };
    assert_eq!(run(15), run(15));
    assert_ne!(run(15).0, run(16).0);
}
