//! Several feeds on one connection; feeds that come late, and that go and come again.

use futures::StreamExt;
use hyperfeed::{Core, Feeds, ReplicateOptions, ReplicationEvent};
use hyperfeed_testing_interop::{Connect, Event, FeedOptions, Listen, NpmPeer};

use crate::ours::{self, within};

#[test]
fn two_feeds_of_ours_go_to_npm_on_one_connection() {
    two_of_ours(true);
}

#[test]
fn two_feeds_of_ours_go_to_npm_on_one_connection_without_the_cipher() {
    two_of_ours(false);
}

#[test]
fn two_feeds_of_npm_come_to_us_on_one_connection() {
    two_of_npm(true);
}

#[test]
fn two_feeds_of_npm_come_to_us_on_one_connection_without_the_cipher() {
    two_of_npm(false);
}

#[test]
fn feeds_go_both_ways_on_one_connection() {
    within(async {
        let core = Core::memory().unwrap();
        let ours = core.create_feed().await.unwrap();
        ours.append_batch(["from", "us"]).await.unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        let key = npm.create_live("theirs").unwrap().key;
        npm.append("theirs", ["from", "npm"]).unwrap();
        npm.open(
            "ours",
            &ours.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let theirs = ours::open(&core, &key).await;
        // Each side names its own feed first.
        let port = npm.listen(&Listen::feeds(["theirs", "ours"])).unwrap();
        let options = ReplicateOptions::new().listed([&ours, &theirs]);
        ours::connect(&core, port, options).await;
        theirs.download(0..2).await.unwrap();
        npm.wait_blocks("ours", 2).unwrap();
        ours.append("later").await.unwrap();
        npm.append("theirs", ["later"]).unwrap();
        assert_eq!(theirs.get(2).await.unwrap(), "later");
        assert_eq!(npm.get("ours", 2).unwrap(), b"later");
        ours::assert_well(&mut npm);
    });
}

#[test]
fn npm_takes_one_feed_of_a_core_that_has_others_open() {
    within(async {
        let core = Core::memory().unwrap();
        let mut feeds = Vec::new();
        for name in ["zero", "one", "two"] {
            let feed = core.create_feed().await.unwrap();
            feed.append(name).await.unwrap();
            feeds.push(feed);
        }
        for (number, name) in ["zero", "one", "two"].into_iter().enumerate() {
            let mut npm = NpmPeer::spawn().unwrap();
            let key = feeds[number].key().unwrap().to_string();
            npm.open("copy", &key, FeedOptions::default()).unwrap();
            // All three are opened on the connection, and npm knows one of them.
            let port = ours::listen(&core, ReplicateOptions::new()).await;
            npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
            assert_eq!(npm.get("copy", 0).unwrap(), name.as_bytes());
            ours::assert_well(&mut npm);
        }
    });
}

#[test]
fn a_feed_that_npm_opens_before_we_have_it_arrives_once_we_open_it() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let known = npm.create_live("known").unwrap().key;
        let late = npm.create_live("late").unwrap();
        npm.append("known", ["known"]).unwrap();
        npm.append("late", ["a", "b", "c"]).unwrap();
        let core = Core::memory().unwrap();
        let copy = ours::open(&core, &known).await;
        let port = npm.listen(&Listen::feeds(["late", "known"])).unwrap();
        let replication = ours::connect(&core, port, ReplicateOptions::new()).await;
        let mut events = replication.events();
        assert_eq!(copy.get(0).await.unwrap(), "known");
        loop {
            if let ReplicationEvent::Feed { public_id, joined } = events.next().await.unwrap()
                && public_id.to_string() == late.public_id
            {
                assert!(!joined);
                break;
            }
        }
        npm.append("late", ["d"]).unwrap();
        let copy = ours::open(&core, &late.key).await;
        copy.download(0..4).await.unwrap();
        assert_eq!(copy.get(3).await.unwrap(), "d");
        ours::assert_well(&mut npm);
    });
}

#[test]
fn a_feed_that_we_open_before_npm_has_it_arrives_once_npm_joins_it() {
    within(async {
        let core = Core::memory().unwrap();
        let known = core.create_feed().await.unwrap();
        let late = core.create_feed().await.unwrap();
        known.append("known").await.unwrap();
        late.append_batch(["a", "b"]).await.unwrap();
        let options = ReplicateOptions::new().listed([&late, &known]);
        let port = ours::listen(&core, options).await;
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "known",
            &known.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        let connection = npm.connect(&Connect::to(port).feeds(["known"])).unwrap();
        assert_eq!(npm.get("known", 0).unwrap(), b"known");
        let opened = Event::Feed {
            connection,
            public_id: late.public_id().to_string(),
        };
        npm.wait_event("feed", |event| *event == opened).unwrap();
        late.append("c").await.unwrap();
        npm.open(
            "late",
            &late.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        npm.join(connection, "late").unwrap();
        npm.wait_blocks("late", 3).unwrap();
        ours::assert_well(&mut npm);
    });
}

#[test]
fn npm_that_knows_no_feed_at_first_joins_one_that_we_opened() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append_batch(["a", "b"]).await.unwrap();
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let mut npm = NpmPeer::spawn().unwrap();
        let connection = npm.connect(&Connect::to(port)).unwrap();
        let opened = Event::Feed {
            connection,
            public_id: feed.public_id().to_string(),
        };
        npm.wait_event("feed", |event| *event == opened).unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        npm.join(connection, "copy").unwrap();
        npm.wait_blocks("copy", 2).unwrap();
        ours::assert_well(&mut npm);
    });
}

#[test]
fn npm_asks_for_a_feed_of_a_core_that_says_nothing_first() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append_batch(["a", "b"]).await.unwrap();
        let port = ours::listen(&core, ReplicateOptions::new().feeds(Feeds::Requested)).await;
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open(
            "copy",
            &feed.key().unwrap().to_string(),
            FeedOptions::default(),
        )
        .unwrap();
        npm.connect(&Connect::to(port).feeds(["copy"])).unwrap();
        npm.wait_blocks("copy", 2).unwrap();
        ours::assert_well(&mut npm);
    });
}

#[test]
fn we_join_a_second_feed_on_a_running_connection() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let keys = ["one", "two"].map(|name| {
            let key = npm.create_live(name).unwrap().key;
            npm.append(name, [name]).unwrap();
            key
        });
        let port = npm.listen(&Listen::feeds(["one", "two"])).unwrap();
        let core = Core::memory().unwrap();
        let one = ours::open(&core, &keys[0]).await;
        let options = ReplicateOptions::new().listed([&one]);
        let replication = ours::connect(&core, port, options).await;
        assert_eq!(one.get(0).await.unwrap(), "one");
        let two = ours::open(&core, &keys[1]).await;
        replication.join(&two).await.unwrap();
        assert_eq!(two.get(0).await.unwrap(), "two");
        ours::assert_well(&mut npm);
    });
}

#[test]
fn we_leave_a_feed_of_npm_and_join_it_again() {
    for encrypted in [true, false] {
        within(async {
            let mut npm = NpmPeer::spawn().unwrap();
            let key = npm.create_live("log").unwrap().key;
            npm.append("log", ["a", "b"]).unwrap();
            let mut listen = Listen::feeds(["log"]);
            if !encrypted {
                listen = listen.unencrypted();
            }
            let port = npm.listen(&listen).unwrap();
            let core = Core::memory().unwrap();
            let copy = ours::open(&core, &key).await;
            let options = ReplicateOptions::new().encrypted(encrypted);
            let replication = ours::connect(&core, port, options).await;
            copy.download(0..2).await.unwrap();
            for round in 0..3 {
                replication.leave(&copy).await.unwrap();
                let unseen = format!("unseen {round}");
                npm.append("log", [&unseen]).unwrap();
                replication.join(&copy).await.unwrap();
                // What npm said while we were away is asked for again.
                assert_eq!(copy.get(2 + 2 * round).await.unwrap(), unseen);
                npm.append("log", ["seen"]).unwrap();
                assert_eq!(copy.get(3 + 2 * round).await.unwrap(), "seen");
            }
            ours::assert_well(&mut npm);
        });
    }
}

#[test]
fn npm_leaves_a_feed_of_ours_and_joins_it_again() {
    for encrypted in [true, false] {
        within(async {
            let core = Core::memory().unwrap();
            let feed = core.create_feed().await.unwrap();
            feed.append_batch(["a", "b"]).await.unwrap();
            let port = ours::listen(&core, ReplicateOptions::new().encrypted(encrypted)).await;
            let mut npm = NpmPeer::spawn().unwrap();
            npm.open(
                "copy",
                &feed.key().unwrap().to_string(),
                FeedOptions::default(),
            )
            .unwrap();
            let mut connect = Connect::to(port).feeds(["copy"]);
            if !encrypted {
                connect = connect.unencrypted();
            }
            let connection = npm.connect(&connect).unwrap();
            npm.wait_blocks("copy", 2).unwrap();
            for round in 0..3 {
                npm.leave(connection, "copy").unwrap();
                feed.append(format!("unseen {round}")).await.unwrap();
                npm.join(connection, "copy").unwrap();
                npm.wait_blocks("copy", 3 + 2 * round).unwrap();
                feed.append(format!("seen {round}")).await.unwrap();
                npm.wait_blocks("copy", 4 + 2 * round).unwrap();
            }
            ours::assert_well(&mut npm);
        });
    }
}

#[test]
fn npm_leaves_one_feed_and_joins_another_under_the_same_number() {
    within(async {
        let core = Core::memory().unwrap();
        let (one, two) = (
            core.create_feed().await.unwrap(),
            core.create_feed().await.unwrap(),
        );
        one.append("one").await.unwrap();
        two.append("two").await.unwrap();
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let mut npm = NpmPeer::spawn().unwrap();
        for (name, feed) in [("one", &one), ("two", &two)] {
            npm.open(
                name,
                &feed.key().unwrap().to_string(),
                FeedOptions::default(),
            )
            .unwrap();
        }
        let connection = npm.connect(&Connect::to(port).feeds(["one"])).unwrap();
        npm.wait_blocks("one", 1).unwrap();
        npm.leave(connection, "one").unwrap();
        npm.join(connection, "two").unwrap();
        npm.wait_blocks("two", 1).unwrap();
        npm.join(connection, "one").unwrap();
        one.append("more").await.unwrap();
        npm.wait_blocks("one", 2).unwrap();
        ours::assert_well(&mut npm);
    });
}

fn two_of_ours(encrypted: bool) {
    within(async {
        let core = Core::memory().unwrap();
        let live = core.create_feed().await.unwrap();
        live.append_batch((0..40).map(|number| format!("live {number}")))
            .await
            .unwrap();
        let fixed = core.create_static_feed().await.unwrap();
        fixed
            .append_batch((0..40).map(|number| format!("static {number}")))
            .await
            .unwrap();
        fixed.finalize().await.unwrap();
        let options = ReplicateOptions::new()
            .encrypted(encrypted)
            .listed([&live, &fixed]);
        let port = ours::listen(&core, options).await;
        let mut npm = NpmPeer::spawn().unwrap();
        for (name, feed) in [("live", &live), ("static", &fixed)] {
            npm.open(
                name,
                &feed.key().unwrap().to_string(),
                FeedOptions::default(),
            )
            .unwrap();
        }
        // The other way round than ours, so that the numbers of the channels differ.
        let mut connect = Connect::to(port).feeds(["static", "live"]);
        if !encrypted {
            connect = connect.unencrypted();
        }
        npm.connect(&connect).unwrap();
        npm.wait_blocks("static", 40).unwrap();
        npm.wait_blocks("live", 40).unwrap();
        live.append("live 40").await.unwrap();
        assert_eq!(npm.get("live", 40).unwrap(), b"live 40");
        assert_eq!(npm.get("static", 39).unwrap(), b"static 39");
        ours::assert_well(&mut npm);
    });
}

fn two_of_npm(encrypted: bool) {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let live = npm.create_live("live").unwrap().key;
        npm.append("live", (0..40).map(|number| format!("live {number}")))
            .unwrap();
        npm.create_static("static").unwrap();
        npm.append("static", (0..40).map(|number| format!("static {number}")))
            .unwrap();
        let fixed = npm.finalize("static").unwrap().key;
        let mut listen = Listen::feeds(["live", "static"]);
        if !encrypted {
            listen = listen.unencrypted();
        }
        let port = npm.listen(&listen).unwrap();
        let core = Core::memory().unwrap();
        let fixed = ours::open(&core, &fixed).await;
        let live = ours::open(&core, &live).await;
        let options = ReplicateOptions::new()
            .encrypted(encrypted)
            .listed([&fixed, &live]);
        ours::connect(&core, port, options).await;
        fixed.download(0..40).await.unwrap();
        live.download(0..40).await.unwrap();
        npm.append("live", ["live 40"]).unwrap();
        assert_eq!(live.get(40).await.unwrap(), "live 40");
        assert_eq!(fixed.get(39).await.unwrap(), "static 39");
        ours::assert_well(&mut npm);
    });
}
