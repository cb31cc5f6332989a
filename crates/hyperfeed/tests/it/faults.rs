use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{
    Batch, Core, Durability, ErrorKind, FeedEvent, KeyValue, MemoryStore, ReplicateOptions,
    StorageError, StorageErrorKind,
};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A store whose next commits go wrong.
struct Failing {
    inner: MemoryStore,
    mood: Arc<AtomicU8>,
}

const FULL: u8 = 1;
const PANIC: u8 = 2;

impl KeyValue for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        self.inner.scan(prefix, each)
    }

    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), StorageError> {
        match self.mood.load(Ordering::SeqCst) {
            FULL => Err(StorageError::new(StorageErrorKind::Full, "the test's disk")),
            PANIC => panic!("the test's store breaks"),
            _ => self.inner.commit(batch, durability),
        }
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.inner.close()
    }
}

async fn failing() -> (Core, Arc<AtomicU8>) {
    let mood = Arc::new(AtomicU8::new(0));
    let store = Failing {
        inner: MemoryStore::new(),
        mood: Arc::clone(&mood),
    };
    (Core::builder().store(store).open().await.unwrap(), mood)
}

#[test]
fn a_full_disk_fails_the_append_and_nothing_else() {
    within(async {
        let (core, mood) = failing().await;
        let feed = core.create_feed().await.unwrap();
        feed.append("a").await.unwrap();
        mood.store(FULL, Ordering::SeqCst);
        let error = feed.append_batch(["b", "c"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Full);
        assert!(error.to_string().contains("the test's disk"), "{error}");
        assert_eq!((feed.length(), feed.get(0).await.unwrap()), (1, "a".into()));
        assert_eq!(
            core.create_feed().await.unwrap_err().kind(),
            ErrorKind::Full
        );
        mood.store(0, Ordering::SeqCst);
        assert_eq!(feed.append("d").await.unwrap(), 1);
        assert_eq!(core.list().await.unwrap().len(), 1);
    });
}

#[test]
fn a_copy_goes_on_when_the_disk_has_room_again() {
    within(async {
        let writer = Core::memory().unwrap();
        let (reader, mood) = failing().await;
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch((0..50).map(|block| block.to_string()))
            .await
            .unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let mut events = copy.events();
        mood.store(FULL, Ordering::SeqCst);
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        loop {
            if let FeedEvent::Failed { error } = events.next().await.unwrap() {
                assert_eq!(error.kind(), ErrorKind::Full);
                break;
            }
        }
        assert_eq!(copy.held_blocks(), 0);
        mood.store(0, Ordering::SeqCst);
        assert_eq!(copy.download(..).await.unwrap().held, 50);
    });
}

#[test]
fn a_store_that_panics_closes_the_core_and_hangs_nobody() {
    within(async {
        let (core, mood) = failing().await;
        let feed = core.create_feed().await.unwrap();
        let (a, _b) = pipe(4096);
        let replication = feed.replicate(a).unwrap();
        let waiting = feed.get(7);
        mood.store(PANIC, Ordering::SeqCst);
        assert_eq!(
            feed.append("a").await.unwrap_err().kind(),
            ErrorKind::Closed
        );
        assert_eq!(waiting.await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(
            replication.finished().await.unwrap_err().kind(),
            ErrorKind::Closed
        );
        core.closed().await;
        assert_eq!(core.list().await.unwrap_err().kind(), ErrorKind::Closed);
    });
}

#[test]
fn a_peer_that_does_not_read_holds_little_memory() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch((0..200).map(|_| vec![7; 256 << 10]))
            .await
            .unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(64 << 10);
        feed.replicate(a).unwrap();
        let (_handle, connection) = copy.replicate_with(b, ReplicateOptions::new()).unwrap();
        let mut connection = Box::pin(connection);
        let mut events = copy.events();
        // The peer runs until the first block is there, and then no more.
        loop {
            let first = futures::future::select(&mut connection, events.next()).await;
            let futures::future::Either::Right((event, _)) = first else {
                panic!("the connection ended")
            };
            if matches!(event, Some(FeedEvent::Download { .. })) {
                break;
            }
        }
        // Each call is a turn of the writer's owner.
        for _ in 0..200 {
            feed.sync_state().await.unwrap();
        }
        let sent = feed.stats().uploaded_bytes;
        assert!(
            sent <= 12 << 20,
            "{sent} bytes are on their way to a peer that does not read"
        );
        drop(connection);
    });
}

#[test]
fn a_connection_that_a_closed_core_never_saw_ends() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let (a, _b) = pipe(4096);
        // Both are queued before the owner runs: the connection comes after the end.
        let closing = core.clone().close();
        futures::pin_mut!(closing);
        let closed = futures::poll!(&mut closing);
        match feed.replicate_with(a, ReplicateOptions::new()) {
            Ok((_, connection)) => drop(connection.await),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Closed),
        }
        if closed.is_pending() {
            closing.await.unwrap();
        }
    });
}
