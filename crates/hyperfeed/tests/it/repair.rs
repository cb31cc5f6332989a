use crate::pipe::pipe;
use crate::within::within;
use hyperfeed::{
    Core, ErrorKind, Feed, FeedOptions, MemoryFile, OnlyCopy, RandomAccess, StorageError,
};
use std::sync::atomic::{AtomicBool, Ordering};

/// A feed of blocks of 3 bytes, in a file that can be damaged.
async fn written(core: &Core, file: &MemoryFile, blocks: usize) -> Feed {
    let feed = core
        .create_feed_with(FeedOptions::new().external(file.share()))
        .await
        .unwrap();
    feed.append_batch((0..blocks).map(|block| format!("{block:03}")))
        .await
        .unwrap();
    feed
}

#[test]
fn a_sound_feed_is_found_sound() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = written(&core, &MemoryFile::new(), 3000).await;
        let mut told = Vec::new();
        let report = feed
            .verify(|done, total| told.push((done, total)))
            .await
            .unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        assert_eq!((report.blocks, report.bytes), (3000, 11_000));
        assert_eq!(told.last(), Some(&(3000, 3000)));
        assert!(told.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    });
}

#[test]
fn damage_is_found_dropped_and_fetched_again() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = written(&writer, &MemoryFile::new(), 100).await;
        let file = MemoryFile::new();
        let options = FeedOptions::new().external(file.share());
        let copy = reader
            .open_feed_with(&feed.key().unwrap(), options)
            .await
            .unwrap();
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        copy.download(..).await.unwrap();
        file.share().write(42 * 3, b"x").unwrap();
        file.share().write(99 * 3, b"x").unwrap();

        assert_eq!(copy.get(42).await.unwrap_err().kind(), ErrorKind::Corrupt);
        let mut told = 0;
        let repair = copy.repair(OnlyCopy::Keep, |_, _| told += 1).await.unwrap();
        assert!(told > 0);
        assert_eq!(repair.found.corrupt, [42, 99]);
        assert_eq!(repair.dropped, [42, 99]);
        assert!(repair.is_sound(), "{:?}", repair.left);
        assert_eq!(copy.get(42).await.unwrap(), "042");
        copy.download(..).await.unwrap();
        assert_eq!(copy.get(99).await.unwrap(), "099");
        assert!(copy.verify(|_, _| {}).await.unwrap().is_sound());
    });
}

#[test]
fn the_only_copy_is_kept_unless_one_says_otherwise() {
    within(async {
        let core = Core::memory().unwrap();
        let file = MemoryFile::new();
        let feed = written(&core, &file, 10).await;
        file.share().write(0, b"x").unwrap();
        let repair = feed.repair(OnlyCopy::Keep, |_, _| {}).await.unwrap();
        assert_eq!(
            (repair.kept.as_slice(), repair.dropped.len()),
            (&[0][..], 0)
        );
        assert!(!repair.is_sound());
        assert_eq!(feed.append("still").await.unwrap(), 10);

        let repair = feed.repair(OnlyCopy::Drop, |_, _| {}).await.unwrap();
        assert_eq!(
            (repair.kept.len(), repair.dropped.as_slice()),
            (0, &[0][..])
        );
        assert!(repair.is_sound());
        assert!(!feed.has(0).await.unwrap());
        assert_eq!(feed.held_blocks(), 10);
        assert_eq!(
            feed.append("forked").await.unwrap_err().kind(),
            ErrorKind::Behind
        );
    });
}

#[test]
fn every_block_past_the_end_of_a_cut_file_is_named() {
    within(async {
        let core = Core::memory().unwrap();
        let file = MemoryFile::new();
        let feed = written(&core, &file, 900).await;
        file.share().truncate(3 * 301 + 1).unwrap();
        let report = feed.verify(|_, _| {}).await.unwrap();
        assert_eq!(report.corrupt, (301..900).collect::<Vec<u64>>());
        assert_eq!((report.blocks, report.bytes), (900, 3 * 301));
    });
}

/// A file that somebody is writing while it is read for the first time.
struct Unsteady(MemoryFile, AtomicBool);

impl RandomAccess for Unsteady {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        self.0.read(offset, into)?;
        if !self.1.swap(true, Ordering::Relaxed) {
            into.fill(b'?');
        }
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        self.0.write(offset, data)
    }

    fn len(&self) -> Result<u64, StorageError> {
        self.0.len()
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        self.0.truncate(len)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.0.sync()
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.0.close()
    }
}

#[test]
fn blocks_count_as_damaged_only_if_they_are_so_twice() {
    within(async {
        let core = Core::memory().unwrap();
        let file = MemoryFile::new();
        let unsteady = Unsteady(file.share(), AtomicBool::new(false));
        let feed = core
            .create_feed_with(FeedOptions::new().external(unsteady))
            .await
            .unwrap();
        feed.append_batch((0..2000).map(|block| format!("{block:04}")))
            .await
            .unwrap();
        file.share().write(1500 * 4, b"x").unwrap();
        let mut last = 0;
        let report = feed.verify(|done, _| last = done).await.unwrap();
        assert_eq!(report.corrupt, [1500]);
        assert_eq!((report.blocks, report.bytes, last), (2000, 8000, 2000));
    });
}
