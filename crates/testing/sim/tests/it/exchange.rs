//! Two hosts, one feature each.

use crate::network::{blocks, pair};
use hyperfeed_testing_sim::{Quality, World};
use hyperfeed_v2_replicate::FeedOptions;

#[test]
fn a_clone_gets_everything_and_what_is_appended_later() {
    for encrypted in [true, false] {
        let (mut world, [writer, reader], feed) = pair(1);
        world.append(feed, blocks(0..50));
        world
            .connect(writer, reader, Quality::default(), encrypted)
            .unwrap();
        world.run_until_complete(10_000).unwrap();
        assert_eq!(world.held(reader, feed), 50);
        world.append(feed, blocks(50..60));
        world.run_until_complete(10_000).unwrap();
        assert_eq!(world.held(reader, feed), 60);
        assert_eq!(world.stats().dropped, 0);
    }
}

#[test]
fn an_empty_feed_is_shared_and_then_filled() {
    let (mut world, [writer, reader], feed) = pair(2);
    world
        .connect(writer, reader, Quality::default(), true)
        .unwrap();
    world.run_for(1_000).unwrap();
    world.append(feed, blocks(0..3));
    world.run_until_complete(5_000).unwrap();
    assert_eq!(world.held(reader, feed), 3);
}

#[test]
fn a_sparse_clone_gets_what_it_asks_for_and_nothing_else() {
    let mut world = World::new(3);
    let (writer, reader) = (world.add_host(), world.add_host());
    let feed = world.create_live(writer);
    world.clone_feed(
        reader,
        feed,
        FeedOptions {
            sparse: true,
            ..FeedOptions::default()
        },
    );
    world.append(feed, blocks(0..100));
    world
        .connect(writer, reader, Quality::default(), true)
        .unwrap();
    for block in [97, 3, 50] {
        world.get(reader, feed, block);
    }
    world.run_until_complete(5_000).unwrap();
    assert_eq!(world.answered(reader), 3);
    world.run_for(5_000).unwrap();
    assert_eq!(world.held(reader, feed), 3);
}

#[test]
fn a_wait_for_a_block_that_is_not_written_yet_ends_when_it_is() {
    let (mut world, [writer, reader], feed) = pair(4);
    world
        .connect(writer, reader, Quality::default(), true)
        .unwrap();
    world.get(reader, feed, 2);
    world.run_for(2_000).unwrap();
    assert_eq!(world.answered(reader), 0);
    world.append(feed, blocks(0..3));
    world.run_until_complete(5_000).unwrap();
    assert_eq!(world.answered(reader), 1);
}

#[test]
fn a_cut_connection_loses_no_progress() {
    let (mut world, [writer, reader], feed) = pair(5);
    world.append(feed, blocks(0..500));
    let slow = Quality {
        bytes_per_ms: 100,
        ..Quality::default()
    };
    let mut last = 0;
    for _ in 0..6 {
        let link = world.connect(writer, reader, slow, true).unwrap();
        world.run_for(60).unwrap();
        world.cut(link);
        world.run_for(10).unwrap();
        assert!(world.held(reader, feed) >= last);
        last = world.held(reader, feed);
    }
    assert!(last > 0 && last < 500, "{last}");
    world
        .connect(writer, reader, Quality::default(), true)
        .unwrap();
    world.run_until_complete(10_000).unwrap();
    // No block was fetched twice, but for those on the way when the link was cut.
    assert!(
        world.stats().uploads < 500 + 6 * 600,
        "{}",
        world.stats().uploads
    );
}

#[test]
fn the_same_two_hosts_connected_twice_exchange_each_block_once() {
    let (mut world, [writer, reader], feed) = pair(6);
    world.append(feed, blocks(0..200));
    world
        .connect(writer, reader, Quality::default(), true)
        .unwrap();
    world
        .connect(writer, reader, Quality::default(), true)
        .unwrap();
    world.run_until_complete(10_000).unwrap();
    assert_eq!(world.stats().uploads, 200);
}

#[test]
fn a_host_connected_to_itself_goes_on() {
    let (mut world, [writer, reader], feed) = pair(7);
    world.append(feed, blocks(0..20));
    world
        .connect(writer, writer, Quality::default(), true)
        .unwrap();
    world
        .connect(reader, reader, Quality::default(), true)
        .unwrap();
    world
        .connect(writer, reader, Quality::default(), true)
        .unwrap();
    world.run_until_complete(10_000).unwrap();
    assert_eq!(world.held(reader, feed), 20);
}

#[test]
fn five_hundred_feeds_travel_on_one_connection() {
    let mut world = World::new(8);
    let (writer, reader) = (world.add_host(), world.add_host());
    let mut feeds = Vec::new();
    for _ in 0..500 {
        let feed = world.create_live(writer);
        world.clone_feed(reader, feed, FeedOptions::default());
        world.append(feed, blocks(0..3));
        feeds.push(feed);
    }
    world
        .connect(writer, reader, Quality::default(), true)
        .unwrap();
    world.run_until_complete(60_000).unwrap();
    for feed in feeds {
        assert_eq!(world.held(reader, feed), 3);
    }
}
