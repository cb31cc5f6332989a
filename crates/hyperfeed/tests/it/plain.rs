use crate::pipe::pipe;
use crate::within::within;
use hyperfeed::{Core, ErrorKind, ReplicateOptions};

#[test]
fn two_sides_without_encryption_understand_each_other() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch(["a", "b"]).await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        writer
            .replicate(a, ReplicateOptions::new().encrypted(false))
            .unwrap();
        reader
            .replicate(b, ReplicateOptions::new().encrypted(false))
            .unwrap();
        assert_eq!(copy.download(..).await.unwrap().held, 2);
    });
}

#[test]
fn sides_that_disagree_on_encryption_part_with_a_reason() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append("a").await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        let writing = writer
            .replicate(a, ReplicateOptions::new().encrypted(false))
            .unwrap();
        let reading = copy.replicate(b).unwrap();
        // Whoever sees it first closes; the other side may only see that.
        let ends = [reading.finished().await, writing.finished().await];
        let reason = ends.into_iter().find_map(Result::err).unwrap();
        assert_eq!(reason.kind(), ErrorKind::Peer);
        assert!(reason.to_string().contains("encrypt"), "{reason}");
    });
}
