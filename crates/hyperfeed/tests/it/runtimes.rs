use crate::pipe::pipe;
use crate::within::within;
use hyperfeed::{Core, ReplicateOptions};

/// Two cores, a block in the one.
async fn pair() -> (Core, Core, hyperfeed::Feed) {
    let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
    let feed = writer.create_feed().await.unwrap();
    feed.append("hello").await.unwrap();
    let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
    // The feed stays open through the connection alone.
    writer
        .set_alias(&feed.public_id(), Some("served"))
        .await
        .unwrap();
    (writer, reader, copy)
}

#[test]
fn connections_run_where_they_are_polled() {
    within(async {
        let (writer, reader, copy) = pair().await;
        let (a, b) = pipe(4096);
        let served = writer.open_local("served").await.unwrap();
        let (_, serving) = served.replicate_with(a, ReplicateOptions::new()).unwrap();
        let options = ReplicateOptions::new().live(false);
        let (_, fetching) = reader.replicate_with(b, options).unwrap();
        let (served, fetched) = futures::join!(serving, fetching);
        served.unwrap();
        fetched.unwrap();
        assert_eq!(copy.get(0).await.unwrap(), "hello");
    });
}

#[cfg(feature = "smol")]
#[test]
fn connections_run_on_smol() {
    within(async {
        let (writer, reader, copy) = pair().await;
        let (a, b) = pipe(4096);
        hyperfeed::smol::replicate(
            &writer,
            a,
            ReplicateOptions::new().feeds(hyperfeed::Feeds::Requested),
        )
        .unwrap();
        hyperfeed::smol::replicate(&reader, b, ReplicateOptions::new()).unwrap();
        assert_eq!(copy.get(0).await.unwrap(), "hello");
    });
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn connections_run_on_tokio() {
    let (writer, reader, copy) = pair().await;
    let (a, b) = tokio::io::duplex(4096);
    hyperfeed::tokio::replicate(
        &writer,
        a,
        ReplicateOptions::new().feeds(hyperfeed::Feeds::Requested),
    )
    .unwrap();
    hyperfeed::tokio::replicate(&reader, b, ReplicateOptions::new()).unwrap();
    assert_eq!(copy.get(0).await.unwrap(), "hello");
}
