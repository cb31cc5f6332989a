use crate::within::within;
use futures::io::AsyncWriteExt;
use futures::{SinkExt, StreamExt, TryStreamExt};
use hyperfeed::{Bytes, Core, ErrorKind, Feed};

async fn numbers(core: &Core, count: u64) -> Feed {
    let feed = core.create_feed().await.unwrap();
    feed.append_batch((0..count).map(|number| number.to_string()))
        .await
        .unwrap();
    feed
}

async fn read(feed: &Feed, range: impl std::ops::RangeBounds<u64>) -> Vec<u64> {
    let blocks: Vec<Bytes> = feed.read_stream(range).try_collect().await.unwrap();
    blocks
        .iter()
        .map(|block| std::str::from_utf8(block).unwrap().parse().unwrap())
        .collect()
}

#[test]
fn a_range_of_blocks_is_read_in_order() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = numbers(&core, 200).await;
        assert_eq!(read(&feed, ..).await, (0..200).collect::<Vec<_>>());
        assert_eq!(read(&feed, 190..).await, (190..200).collect::<Vec<_>>());
        assert_eq!(read(&feed, 3..5).await, [3, 4]);
        assert_eq!(read(&feed, 3..=5).await, [3, 4, 5]);
    });
}

#[test]
fn bounds_past_the_feed_are_empty_and_end() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = numbers(&core, 5).await;
        assert!(read(&feed, ..0).await.is_empty());
        assert!(read(&feed, 5..).await.is_empty());
        assert!(read(&feed, 100..).await.is_empty());
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "what a user may pass by mistake"
        )]
        let reversed = read(&feed, 4..2).await;
        assert!(reversed.is_empty());
        assert_eq!(read(&feed, 3..100).await, [3, 4]);
        assert!(
            read(&core.create_feed().await.unwrap(), ..)
                .await
                .is_empty()
        );
    });
}

#[test]
fn a_sink_appends_a_block_for_each_item() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let mut sink = feed.write_stream();
        let items = (0..5000_u64).map(|number| Ok(Bytes::from(number.to_string())));
        sink.send_all(&mut futures::stream::iter(items))
            .await
            .unwrap();
        assert_eq!(feed.length(), 5000);
        SinkExt::<Bytes>::close(&mut sink).await.unwrap();
        assert_eq!(read(&feed, 4990..).await, (4990..5000).collect::<Vec<_>>());
        assert!(feed.is_writable());
    });
}

#[test]
fn a_writer_cuts_bytes_into_blocks() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let mut writer = feed.write_stream().chunk_size(4);
        writer.write_all(b"abcdefghij").await.unwrap();
        AsyncWriteExt::flush(&mut writer).await.unwrap();
        writer.write_all(b"kl").await.unwrap();
        AsyncWriteExt::close(&mut writer).await.unwrap();
        let blocks: Vec<Bytes> = feed.read_stream(..).try_collect().await.unwrap();
        assert_eq!(blocks, ["abcd", "efgh", "ij", "kl"]);
    });
}

#[test]
fn closing_a_writer_seals_a_static_feed() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_static_feed().await.unwrap();
        let mut writer = feed.write_stream();
        writer.write_all(&vec![7; 3_000_000]).await.unwrap();
        AsyncWriteExt::close(&mut writer).await.unwrap();
        assert!(feed.is_finalized());
        assert_eq!(feed.byte_length(), 3_000_000);
        assert_eq!(
            feed.length(),
            3_000_000_u64.div_ceil(hyperfeed::WriteStream::CHUNK_SIZE as u64)
        );
    });
}

#[test]
fn a_writer_tells_why_it_failed() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let key = writer.create_feed().await.unwrap().key().unwrap();
        let copy = reader.open_feed(&key).await.unwrap();
        let mut sink = copy.write_stream();
        let error = sink.send(Bytes::from_static(b"a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotWritable);
        let mut blocks = copy.read_stream(..);
        assert!(
            futures::poll!(blocks.next()).is_pending(),
            "an unknown feed is waited for"
        );
    });
}
