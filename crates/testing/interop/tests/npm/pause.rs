//! Pause and resume.

use std::time::Duration;

use futures_timer::Delay;
use hyperfeed::{Core, FeedEvent, ReplicateOptions, Status};
use hyperfeed_testing_interop::{Connect, Event, FeedOptions, Listen, NpmPeer, Pattern};

use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(17, 1024);

#[test]
fn we_pause_and_npm_gets_nothing_until_we_resume() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("before").await.unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let port = npm
            .listen(&Listen::feeds(["copy"]).timeout(Duration::from_millis(2000)))
            .unwrap();
        let replication = ours::connect(&core, port, ReplicateOptions::new()).await;
        npm.wait_blocks("copy", 1).unwrap();
        replication.pause(&feed).await.unwrap();
        let paused = Event::Paused {
            name: "copy".to_owned(),
        };
        npm.wait_event("pause", |event| *event == paused).unwrap();
        ours::append_pattern(&feed, SIZES, 1..30, 4).await;
        // npm asks on, and asks again, whatever it was told; what it asks is not answered.
        Delay::new(Duration::from_secs(1)).await;
        assert_eq!(npm.blocks("copy").unwrap().held, 1);
        replication.resume(&feed).await.unwrap();
        let resumed = Event::Resumed {
            name: "copy".to_owned(),
        };
        npm.wait_event("resume", |event| *event == resumed).unwrap();
        npm.wait_blocks("copy", 30).unwrap();
        ours::assert_well(&mut npm);
    });
}

#[test]
fn npm_pauses_and_we_ask_nothing_of_it_until_it_resumes() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("log").unwrap().key;
        npm.append("log", ["before"]).unwrap();
        let port = npm.listen(&Listen::feeds(["log"])).unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open(&core, &key).await;
        let mut events = copy.events();
        ours::connect(&core, port, ReplicateOptions::new()).await;
        copy.get(0).await.unwrap();
        npm.pause("log").unwrap();
        ours::wait_event(&mut events, |event| {
            matches!(event, FeedEvent::Paused { .. })
        })
        .await;
        npm.append_pattern("log", SIZES, 1, 29).unwrap();
        while copy.sync_state().await.unwrap().known_blocks < 1 {
            Delay::new(Duration::from_millis(10)).await;
        }
        Delay::new(Duration::from_millis(500)).await;
        assert_eq!(copy.held_blocks(), 1);
        assert!(matches!(
            copy.sync_state().await.unwrap().status,
            Status::Paused | Status::Complete
        ));
        npm.resume("log").unwrap();
        ours::wait_event(&mut events, |event| {
            matches!(event, FeedEvent::Resumed { .. })
        })
        .await;
        copy.download(0..30).await.unwrap();
        assert_eq!(npm.stats("log").unwrap().uploaded, 30);
        ours::assert_well(&mut npm);
    });
}

#[test]
fn a_pause_in_the_middle_of_a_download_loses_nothing() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        ours::append_pattern(&feed, SIZES, 0..400, 50).await;
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let listener = hyperfeed::tcp::listen(&core, "127.0.0.1:0", ReplicateOptions::new())
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        let (replication, _) = listener.accept().await.unwrap();
        for held in [20, 60, 100, 200] {
            npm.wait_blocks("copy", held).unwrap();
            replication.pause(&feed).await.unwrap();
            replication.resume(&feed).await.unwrap();
        }
        npm.wait_blocks("copy", 400).unwrap();
        ours::assert_well(&mut npm);
    });
}
