use crate::within::within;
use futures::future::join_all;
use hyperfeed::{Batch, Core, Durability, KeyValue, MemoryStore, StorageError};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// A store that counts its commits and can be held up.
struct Gated {
    inner: MemoryStore,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    commits: AtomicUsize,
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn set(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }
}

impl KeyValue for Gated {
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
        drop(
            self.gate
                .opened
                .wait_while(self.gate.shut.lock().unwrap(), |shut| *shut)
                .unwrap(),
        );
        self.gate.commits.fetch_add(1, Ordering::SeqCst);
        self.inner.commit(batch, durability)
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.inner.close()
    }
}

#[test]
fn appends_of_64_tasks_share_commits() {
    within(async {
        let gate = Arc::new(Gate::default());
        let store = Gated {
            inner: MemoryStore::new(),
            gate: Arc::clone(&gate),
        };
        let core = Core::builder().store(store).open().await.unwrap();
        let feed = core.create_feed().await.unwrap();
        let before = gate.commits.load(Ordering::SeqCst);

        // The first append waits in the store; all others queue up behind it.
        gate.set(true);
        let tasks = (0..64).map(|task| {
            let feed = feed.clone();
            async_std::task::spawn(async move {
                let appends = (0..10).map(|number| feed.append(format!("{task}.{number}")));
                join_all(appends)
                    .await
                    .into_iter()
                    .collect::<Result<Vec<u64>, _>>()
                    .unwrap()
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let opener = Arc::clone(&gate);
        let release = async_std::task::spawn_blocking(move || {
            // Whatever is queued when the gate opens shares one commit; what comes later shares others.
            opener.set(false);
        });
        let mut indices: Vec<u64> = join_all(tasks).await.into_iter().flatten().collect();
        release.await;
        indices.sort_unstable();
        assert_eq!(indices, (0..640).collect::<Vec<u64>>());
        let commits = gate.commits.load(Ordering::SeqCst) - before;
        assert!(commits <= 320, "640 appends took {commits} commits");
        assert_eq!(feed.length(), 640);
    });
}

#[test]
fn what_is_queued_behind_a_slow_commit_is_one_commit() {
    within(async {
        let gate = Arc::new(Gate::default());
        let store = Gated {
            inner: MemoryStore::new(),
            gate: Arc::clone(&gate),
        };
        let core = Core::builder().store(store).open().await.unwrap();
        let feed = core.create_feed().await.unwrap();
        let before = gate.commits.load(Ordering::SeqCst);
        gate.set(true);
        let appends = (0..500).map(|number| feed.append(number.to_string()));
        let mut all = join_all(appends);
        // Every append is sent before one is asked for again.
        for _ in 0..500 {
            assert!(futures::poll!(&mut all).is_pending());
        }
        gate.set(false);
        assert!(all.await.into_iter().all(|index| index.is_ok()));
        let commits = gate.commits.load(Ordering::SeqCst) - before;
        assert!(commits <= 2, "{commits} commits");
    });
}
