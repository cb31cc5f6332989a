use crate::pipe::pipe;
use crate::within::within;
use hyperfeed::{Core, ErrorKind, FeedOptions, FileStore, MemoryFile};
use std::fs;

#[test]
fn a_copy_in_external_storage_is_the_plain_file() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let data: Vec<u8> = (0..200_000_u32).map(|number| (number / 7) as u8).collect();
        let (writer, reader) = (
            Core::memory().unwrap(),
            Core::open(dir.path().join("store")).await.unwrap(),
        );
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch(data.chunks(1000).map(<[u8]>::to_vec))
            .await
            .unwrap();
        let path = dir.path().join("copy.bin");
        let options = FeedOptions::new().external(FileStore::open(&path, true).unwrap());
        let copy = reader
            .open_feed_with(&feed.key().unwrap(), options)
            .await
            .unwrap();
        let (a, b) = pipe(64 << 10);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        copy.download(..).await.unwrap();
        reader.close().await.unwrap();
        assert!(fs::read(&path).unwrap() == data);

        // Opened again it wants its storage again.
        let core = Core::open(dir.path().join("store")).await.unwrap();
        let error = core.open_feed(&feed.key().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let options = FeedOptions::new().external(FileStore::open(&path, false).unwrap());
        let copy = core
            .open_feed_with(&feed.key().unwrap(), options)
            .await
            .unwrap();
        assert_eq!(copy.get(1).await.unwrap(), data[1000..2000]);
    });
}

#[test]
fn a_closure_finds_external_storage_for_feeds() {
    within(async {
        let file = MemoryFile::new();
        let found = file.share();
        let core = Core::builder()
            .external(move |feed| {
                (feed.alias.as_deref() == Some("out")).then(|| Box::new(found.share()) as _)
            })
            .open()
            .await
            .unwrap();
        let inside = core.create_feed().await.unwrap();
        inside.append("inside").await.unwrap();
        let outside = core
            .create_feed_with(FeedOptions::new().alias("out"))
            .await
            .unwrap();
        outside.append_batch(["out", "side"]).await.unwrap();
        let mut bytes = [0; 7];
        hyperfeed::RandomAccess::read(&file, 0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"outside");
        outside.close().await.unwrap();
        let outside = core.open_local("out").await.unwrap();
        assert_eq!(outside.get(1).await.unwrap(), "side");
    });
}

#[test]
fn storage_with_bytes_in_it_is_not_overwritten() {
    within(async {
        let core = Core::memory().unwrap();
        let mut file = MemoryFile::new();
        hyperfeed::RandomAccess::write(&mut file, 0, b"thesis").unwrap();
        let error = core
            .create_feed_with(FeedOptions::new().external(file.share()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(core.list().await.unwrap().is_empty());
    });
}
