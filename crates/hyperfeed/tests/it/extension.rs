use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{Core, ErrorKind, FeedEvent, ReplicateOptions};

#[test]
fn messages_of_an_extension_arrive_beside_their_feed() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let mut events = feed.events();
        let (a, b) = pipe(4096);
        // The same names in other company, so that the numbers on the wire differ.
        let writing = writer
            .replicate(a, ReplicateOptions::new().extensions(["zebra", "chat"]))
            .unwrap();
        let reading = reader
            .replicate(b, ReplicateOptions::new().extensions(["zebra", "apple"]))
            .unwrap();
        let mut messages = reading.extension("zebra").unwrap().messages();
        while !matches!(events.next().await, Some(FeedEvent::PeerAdded { .. })) {}
        let zebra = writing.extension("zebra").unwrap();
        for number in 0..10 {
            zebra
                .send(&feed, format!("message {number}"))
                .await
                .unwrap();
        }
        for number in 0..10 {
            let (beside, message) = messages.next().await.unwrap();
            assert_eq!(beside, copy.public_id());
            assert_eq!(message, format!("message {number}"));
        }
        assert_eq!(
            writing.extension("apple").unwrap_err().kind(),
            ErrorKind::NotFound
        );
        writing.close().await;
        assert!(messages.next().await.is_none());
    });
}
