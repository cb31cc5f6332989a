//! Peers that vanish in the middle.

use hyperfeed::{Core, ErrorKind, ReplicateOptions, tcp};
use hyperfeed_testing_interop::{
    Connect, Event, FeedDigest, FeedOptions, Listen, NpmPeer, Pattern,
};

use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(18, 4096);
const BLOCKS: u32 = 400;

#[test]
fn an_npm_writer_is_killed_in_the_middle_and_another_copy_goes_on() {
    within(async {
        let seed = [7; 32];
        let mut first = NpmPeer::spawn().unwrap();
        let key = first.create_live_from("log", &seed).unwrap().key;
        first.append_pattern("log", SIZES, 0, BLOCKS).unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open(&core, &key).await;
        let port = first.listen(&Listen::feeds(["log"])).unwrap();
        let replication = ours::connect(&core, port, ReplicateOptions::new()).await;
        copy.get(u64::from(BLOCKS) / 2).await.unwrap();
        drop(first); // kill
        replication.finished().await.ok();
        let held = copy.held_blocks();
        assert!(
            held > 0 && held < u64::from(BLOCKS),
            "held {held}: not in the middle"
        );

        let mut second = NpmPeer::spawn().unwrap();
        second.create_live_from("log", &seed).unwrap();
        second.append_pattern("log", SIZES, 0, BLOCKS).unwrap();
        let port = second.listen(&Listen::feeds(["log"])).unwrap();
        ours::connect(&core, port, ReplicateOptions::new()).await;
        copy.download(0..u64::from(BLOCKS)).await.unwrap();
        assert_eq!(
            ours::digest(&copy).await,
            FeedDigest::of(SIZES.blocks(0..BLOCKS))
        );
        // Nothing was fetched twice.
        assert_eq!(
            second.stats("log").unwrap().uploaded,
            u64::from(BLOCKS) - held
        );
        ours::assert_well(&mut second);
    });
}

#[test]
fn of_two_npm_peers_one_is_killed_and_the_other_takes_its_requests_over() {
    within(async {
        let seed = [8; 32];
        let core = Core::memory().unwrap();
        let mut peers = Vec::new();
        let mut key = String::new();
        for _ in 0..2 {
            let mut npm = NpmPeer::spawn().unwrap();
            key = npm.create_live_from("log", &seed).unwrap().key;
            npm.append_pattern("log", SIZES, 0, BLOCKS).unwrap();
            let port = npm.listen(&Listen::feeds(["log"])).unwrap();
            peers.push((npm, port));
        }
        let copy = ours::open(&core, &key).await;
        for (_, port) in &peers {
            ours::connect(&core, *port, ReplicateOptions::new()).await;
        }
        copy.get(3).await.unwrap();
        drop(peers.remove(0));
        copy.download(0..u64::from(BLOCKS)).await.unwrap();
        assert_eq!(
            ours::digest(&copy).await,
            FeedDigest::of(SIZES.blocks(0..BLOCKS))
        );
        ours::assert_well(&mut peers[0].0);
    });
}

#[test]
fn our_core_is_dropped_in_the_middle_of_an_upload_and_npm_goes_on_with_another() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..BLOCKS, 31).await;
        let key = feed.key().unwrap().to_string();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open("copy", &key, FeedOptions::default()).unwrap();
        let listener = tcp::listen(&core, "127.0.0.1:0", ReplicateOptions::new())
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        let (replication, _) = listener.accept().await.unwrap();
        npm.wait_blocks("copy", 20).unwrap();
        drop((replication, listener, feed, core));
        let closed = Event::Closed { connection: 1 };
        npm.wait_event("close", |event| *event == closed).unwrap();
        let held = npm.blocks("copy").unwrap().held;
        assert!(held < u64::from(BLOCKS), "held {held}: not in the middle");

        // The store is free again: dropping closes.
        let core = loop {
            match Core::open(dir.path()).await {
                Ok(core) => break core,
                Err(error) if error.kind() == ErrorKind::InUse => {
                    futures_timer::Delay::new(std::time::Duration::from_millis(10)).await;
                }
                Err(error) => panic!("{error}"),
            }
        };
        let feed = core.open_local(&key).await.unwrap();
        assert!(feed.is_writable());
        ours::append_pattern(&feed, SIZES, BLOCKS..BLOCKS + 10, 3).await;
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        npm.wait_blocks("copy", u64::from(BLOCKS) + 10).unwrap();
        assert_eq!(
            npm.digest_all("copy").unwrap(),
            FeedDigest::of(SIZES.blocks(0..BLOCKS + 10))
        );
        ours::assert_well(&mut npm);
    });
}

#[test]
fn our_core_is_closed_in_the_middle_of_a_download_and_resumes_where_it_stopped() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("log").unwrap().key;
        npm.append_pattern("log", SIZES, 0, BLOCKS).unwrap();
        let port = npm.listen(&Listen::feeds(["log"])).unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let copy = ours::open(&core, &key).await;
        ours::connect(&core, port, ReplicateOptions::new()).await;
        copy.download(0..40).await.unwrap();
        core.close().await.unwrap();
        let held = copy.held_blocks();
        assert!(held < u64::from(BLOCKS), "held {held}: not in the middle");
        assert!(copy.get(0).await.is_err());

        let core = Core::open(dir.path()).await.unwrap();
        let copy = core.open_local(&key).await.unwrap();
        let kept = copy.held_blocks();
        assert!(kept >= 40, "{kept}");
        let kept_bytes = copy.held_bytes();
        let replication = ours::connect(&core, port, ReplicateOptions::new()).await;
        copy.download(0..u64::from(BLOCKS)).await.unwrap();
        assert_eq!(
            ours::digest(&copy).await,
            FeedDigest::of(SIZES.blocks(0..BLOCKS))
        );
        // What npm counts includes requests of the connection that is gone: it works through them all the same.
        let fetched = replication.peer().await.unwrap().downloaded;
        assert_eq!(fetched, copy.held_bytes() - kept_bytes);
        ours::assert_well(&mut npm);
    });
}

#[test]
fn npm_that_breaks_off_at_random_and_comes_again_gets_everything() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..BLOCKS, 8).await;
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        for held in [1, 30, 31, 150, 151, 300] {
            let connection = npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
            npm.wait_blocks("copy", held).unwrap();
            npm.close(connection).unwrap();
        }
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        npm.wait_blocks("copy", u64::from(BLOCKS)).unwrap();
        assert_eq!(
            npm.digest_all("copy").unwrap(),
            FeedDigest::of(SIZES.blocks(0..BLOCKS))
        );
        ours::assert_well(&mut npm);
    });
}

#[test]
fn an_npm_peer_with_a_forged_block_is_dropped_and_another_one_serves() {
    within(async {
        // Two writers with one key who wrote different blocks: to whoever has met one, the other lies.
        let seed = [9; 32];
        let mut honest = NpmPeer::spawn().unwrap();
        let key = honest.create_live_from("log", &seed).unwrap().key;
        honest.append_pattern("log", SIZES, 0, 16).unwrap();
        let mut liar = NpmPeer::spawn().unwrap();
        liar.create_live_from("log", &seed).unwrap();
        liar.append("log", (0..16).map(|number| format!("lie {number}")))
            .unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open_sparse(&core, &key).await;
        let honest_port = honest.listen(&Listen::feeds(["log"])).unwrap();
        let first = ours::connect(&core, honest_port, ReplicateOptions::new()).await;
        copy.get(0).await.unwrap();
        first.close().await;
        first.finished().await.unwrap();
        let liar_port = liar.listen(&Listen::feeds(["log"])).unwrap();
        let replication = ours::connect(&core, liar_port, ReplicateOptions::new()).await;
        let get = copy.get(1);
        let error = replication.finished().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Peer);
        assert!(error.to_string().contains("block 1"), "{error}");
        ours::connect(&core, honest_port, ReplicateOptions::new()).await;
        assert_eq!(get.await.unwrap(), SIZES.block(1));
    });
}
