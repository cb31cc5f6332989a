use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{Core, FeedEvent, PeerKey, ReplicateOptions, ReplicationEvent};

#[test]
fn both_sides_tell_what_happens_to_a_feed() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        let mut writers = feed.events();
        feed.append("hello").await.unwrap();
        assert!(matches!(writers.next().await, Some(FeedEvent::Have { range }) if range == (0..1)));

        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let mut readers = copy.events();
        let (a, b) = pipe(4096);
        let writing = feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        let peer = added(readers.next().await);
        assert!(matches!(
            readers.next().await,
            Some(FeedEvent::Download { block: 0, bytes: 5, peer: from }) if from == peer
        ));
        assert!(matches!(readers.next().await, Some(FeedEvent::Have { range }) if range == (0..1)));

        let peer = added(writers.next().await);
        assert!(matches!(
            writers.next().await,
            Some(FeedEvent::Upload { block: 0, bytes: 5, peer: to }) if to == peer
        ));
        writing.close().await;
        loop {
            match writers.next().await {
                // It comes if the peer could still say so.
                Some(FeedEvent::PeerComplete { peer: done }) => assert_eq!(done, peer),
                Some(FeedEvent::PeerRemoved { peer: gone }) => break assert_eq!(gone, peer),
                other => panic!("{other:?}"),
            }
        }
    });
}

fn added(event: Option<FeedEvent>) -> PeerKey {
    match event {
        Some(FeedEvent::PeerAdded { peer }) => peer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_tells_of_the_handshake_the_feeds_and_the_end() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        let writing = writer
            .replicate(
                a,
                ReplicateOptions::new().extensions(["chat"]).listed([&feed]),
            )
            .unwrap();
        let reading = copy.replicate(b).unwrap();
        let mut events = reading.events();
        let (mut shaken, mut opened) = (false, false);
        while !(shaken && opened) {
            match events.next().await.unwrap() {
                ReplicationEvent::Handshake {
                    peer_id,
                    extensions,
                } => {
                    assert_eq!(peer_id, Some(writer.peer_id()));
                    assert_eq!(extensions, ["chat"]);
                    shaken = true;
                }
                ReplicationEvent::Feed { public_id, joined } => {
                    assert_eq!((public_id, joined), (feed.public_id(), true));
                    opened = true;
                }
                other => panic!("{other:?}"),
            }
        }
        writing.close().await;
        assert!(matches!(
            events.next().await,
            Some(ReplicationEvent::Closed { reason: None })
        ));
        assert!(events.next().await.is_none());
        writing.finished().await.unwrap();
        reading.finished().await.unwrap();
    });
}
