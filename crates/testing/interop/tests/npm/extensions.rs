//! Messages of extensions, both ways.

use futures::StreamExt;
use hyperfeed::{Core, FeedEvent, ReplicateOptions};
use hyperfeed_testing_interop::{Connect, Event, FeedOptions, NpmPeer};

use crate::ours::{self, within};

#[test]
fn extension_messages_go_both_ways_whatever_number_each_side_gives_the_name() {
    for encrypted in [true, false] {
        within(async {
            let core = Core::memory().unwrap();
            let feed = core.create_feed().await.unwrap();
            let mut events = feed.events();
            let mut npm = NpmPeer::spawn().unwrap();
            npm.open(
                "copy",
                &feed.key().unwrap().to_string(),
                FeedOptions::default(),
            )
            .unwrap();
            let options = ReplicateOptions::new()
                .encrypted(encrypted)
                .extensions(["chat", "apple"]);
            let listener = hyperfeed::tcp::listen(&core, "127.0.0.1:0", options)
                .await
                .unwrap();
            let port = listener.local_addr().unwrap().port();
            // "chat" is our second name and their third.
            let mut connect = Connect::to(port)
                .feeds(["copy"])
                .extensions(["banana", "bread", "chat", "zebra"]);
            if !encrypted {
                connect = connect.unencrypted();
            }
            npm.connect(&connect).unwrap();
            let (replication, _) = listener.accept().await.unwrap();
            let chat = replication.extension("chat").unwrap();
            let mut messages = chat.messages();
            ours::wait_event(&mut events, |event| {
                matches!(event, FeedEvent::PeerAdded { .. })
            })
            .await;
            npm.wait_event("handshake", |event| {
                matches!(event, Event::Handshake { .. })
            })
            .unwrap();

            chat.send(&feed, vec![0xfe, 0xff]).await.unwrap();
            // Not known over there: dropped without harm.
            replication
                .extension("apple")
                .unwrap()
                .send(&feed, "unheard")
                .await
                .unwrap();
            chat.send(&feed, "").await.unwrap();
            for data in ["feff", ""] {
                let expected = Event::Extension {
                    name: "copy".to_owned(),
                    extension: 2,
                    data: data.to_owned(),
                };
                let heard = npm
                    .wait_event("message", |event| matches!(event, Event::Extension { .. }))
                    .unwrap();
                assert_eq!(heard, expected);
            }
            npm.send_extension("copy", 3, b"unheard").unwrap();
            npm.send_extension("copy", 2, b"hello").unwrap();
            let (beside, message) = messages.next().await.unwrap();
            assert_eq!(beside, feed.public_id());
            assert_eq!(message, "hello");
            ours::assert_well(&mut npm);
        });
    }
}
