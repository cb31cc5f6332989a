use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{Core, FeedEvent, ReplicateOptions};

#[test]
fn two_feeds_share_one_connection() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let (first, second) = (
            writer.create_feed().await.unwrap(),
            writer.create_feed().await.unwrap(),
        );
        first
            .append_batch((0..50).map(|number| format!("first {number}")))
            .await
            .unwrap();
        second
            .append_batch((0..50).map(|number| format!("second {number}")))
            .await
            .unwrap();
        let first_copy = reader.open_feed(&first.key().unwrap()).await.unwrap();
        let second_copy = reader.open_feed(&second.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        writer
            .replicate(a, ReplicateOptions::new().listed([&first, &second]))
            .unwrap();
        // The other order: upstream's session would end here.
        reader
            .replicate(
                b,
                ReplicateOptions::new().listed([&second_copy, &first_copy]),
            )
            .unwrap();
        let (one, two) = futures::join!(first_copy.download(..), second_copy.download(..));
        assert_eq!((one.unwrap().held, two.unwrap().held), (50, 50));
        assert_eq!(first_copy.get(49).await.unwrap(), "first 49");
        assert_eq!(second_copy.get(49).await.unwrap(), "second 49");
    });
}

#[test]
fn a_feed_can_be_joined_and_left_while_connected() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append("a").await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        let writing = writer
            .replicate(a, ReplicateOptions::new().listed([]))
            .unwrap();
        let reading = reader
            .replicate(b, ReplicateOptions::new().listed([]))
            .unwrap();
        writing.join(&feed).await.unwrap();
        writing.join(&feed).await.unwrap();
        reading.join(&copy).await.unwrap();
        assert_eq!(copy.get(0).await.unwrap(), "a");
        assert_eq!(reading.peer().await.unwrap().feeds, [feed.public_id()]);
        assert_eq!(
            reading.peer().await.unwrap().peer_id,
            Some(writer.peer_id())
        );

        let mut events = copy.events();
        reading.leave(&copy).await.unwrap();
        assert!(matches!(
            events.next().await,
            Some(FeedEvent::PeerRemoved { .. })
        ));
        feed.append("b").await.unwrap();
        assert_eq!(copy.try_get(1).await.unwrap(), None);
        reading.join(&copy).await.unwrap();
        assert_eq!(copy.get(1).await.unwrap(), "b");
    });
}

#[test]
fn a_paused_feed_is_not_answered_until_it_is_resumed() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let mut events = copy.events();
        let (a, b) = pipe(4096);
        let writing = feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        while !matches!(events.next().await, Some(FeedEvent::PeerAdded { .. })) {}
        writing.pause(&feed).await.unwrap();
        while !matches!(events.next().await, Some(FeedEvent::Paused { .. })) {}
        feed.append("a").await.unwrap();
        let mut waiting = copy.get(0);
        assert!(futures::poll!(&mut waiting).is_pending());
        writing.resume(&feed).await.unwrap();
        assert_eq!(waiting.await.unwrap(), "a");
    });
}

#[test]
fn three_hundred_feeds_share_one_connection() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let (mut feeds, mut copies) = (Vec::new(), Vec::new());
        for number in 0..300 {
            let feed = writer.create_feed().await.unwrap();
            feed.append(number.to_string()).await.unwrap();
            copies.push(reader.open_feed(&feed.key().unwrap()).await.unwrap());
            feeds.push(feed);
        }
        let (a, b) = pipe(4096);
        writer.replicate(a, ReplicateOptions::new()).unwrap();
        reader.replicate(b, ReplicateOptions::new()).unwrap();
        for (number, copy) in copies.iter().enumerate() {
            assert_eq!(copy.get(0).await.unwrap(), number.to_string());
        }
    });
}
