//! Which block files have bytes that a power loss could take.

use hyperfeed_storage::{Batch, Durability, KeyValue, RandomAccess, StorageError};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The block files of a core that were written and not synced since, open feeds or not.
#[derive(Clone, Default)]
pub(crate) struct Unsynced(Arc<Shared>);

#[derive(Default)]
struct Shared {
    files: Mutex<Files>,
    /// Held while files are synced: what another thread is about to sync is not synced yet.
    syncing: Mutex<()>,
}

#[derive(Default)]
struct Files {
    next: u64,
    dirty: BTreeMap<u64, Arc<Tracked>>,
}

/// Where the bytes of a feed's blocks are.
pub(crate) struct BlockFile {
    pub(crate) storage: Box<dyn RandomAccess>,
    /// The same once more, to sync it while it is written; `None` where there is no such thing.
    pub(crate) again: Option<Again>,
}

/// `None` as long as the file has no name.
pub(crate) type Again = Box<dyn Fn() -> Option<Box<dyn RandomAccess>> + Send + Sync>;

struct Tracked {
    id: u64,
    dirty: AtomicBool,
    storage: RwLock<Box<dyn RandomAccess>>,
    again: Option<Again>,
}

impl Unsynced {
    /// A file whose writes are noted here.
    pub(crate) fn track(&self, file: BlockFile) -> TrackedFile {
        let mut files = self.0.files();
        files.next += 1;
        let tracked = Tracked {
            id: files.next,
            dirty: AtomicBool::new(false),
            storage: RwLock::new(file.storage),
            again: file.again,
        };
        TrackedFile {
            tracked: Arc::new(tracked),
            unsynced: self.clone(),
        }
    }

    /// Syncs every file that was written before this call. Those that fail are still noted.
    pub(crate) fn sync(&self) -> Result<(), StorageError> {
        let _syncing = self.0.syncing();
        let dirty: Vec<Arc<Tracked>> = self.0.files().dirty.values().cloned().collect();
        dirty.iter().try_for_each(|tracked| self.0.sync(tracked))
    }
}

impl Shared {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn syncing(&self) -> MutexGuard<'_, ()> {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a file was written.
    fn note(&self, tracked: &Arc<Tracked>) {
        if !tracked.dirty.swap(true, Ordering::AcqRel) {
            self.files().dirty.insert(tracked.id, Arc::clone(tracked));
        }
    }

    /// Syncs one file.
    fn sync(&self, tracked: &Arc<Tracked>) -> Result<(), StorageError> {
        // First: what is written from here on may be too late for this sync.
        self.forget(tracked);
        tracked.sync().inspect_err(|_| self.note(tracked))
    }

    fn forget(&self, tracked: &Tracked) {
        let mut files = self.files();
        files.dirty.remove(&tracked.id);
        tracked.dirty.store(false, Ordering::Release);
    }
}

impl Tracked {
    /// Readers do not wait for each other.
    fn storage(&self) -> RwLockReadGuard<'_, Box<dyn RandomAccess>> {
        self.storage.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn storage_mut(&self) -> RwLockWriteGuard<'_, Box<dyn RandomAccess>> {
        self.storage.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync(&self) -> Result<(), StorageError> {
        match self.again.as_ref().and_then(|again| again()) {
            Some(mut file) => file.sync(),
            None => self.storage_mut().sync(),
        }
    }
}

/// A block file whose writes are noted. Cloning gives another handle to the same file.
#[derive(Clone)]
pub(crate) struct TrackedFile {
    tracked: Arc<Tracked>,
    unsynced: Unsynced,
}

impl RandomAccess for TrackedFile {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        self.tracked.storage().read(offset, into)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        let written = self.tracked.storage_mut().write(offset, data);
        // Then: a sync that is under way now does not count for it.
        self.unsynced.0.note(&self.tracked);
        written
    }

    fn len(&self) -> Result<u64, StorageError> {
        self.tracked.storage().len()
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        let truncated = self.tracked.storage_mut().truncate(len);
        self.unsynced.0.note(&self.tracked);
        truncated
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        let _syncing = self.unsynced.0.syncing();
        self.unsynced.0.sync(&self.tracked)
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.tracked.storage_mut().close()?;
        self.unsynced.0.forget(&self.tracked);
        Ok(())
    }
}

/// A store that syncs block files before it makes durable what speaks of them.
///
/// A commit of class [`Durability::Power`] lifts all commits before it to its class. The bytes they speak of lie in
/// files of their own, and must not be lost when the commits are not. A store that makes lesser commits durable as it
/// likes has to be told so by itself, as [`DiskStore::before_sync`](hyperfeed_storage_disk::DiskStore::before_sync) is.
pub(crate) struct BytesFirst {
    pub(crate) store: Box<dyn KeyValue>,
    pub(crate) unsynced: Unsynced,
}

impl KeyValue for BytesFirst {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.store.get(key)
    }

    fn get_into(&self, key: &[u8], into: &mut Vec<u8>) -> Result<bool, StorageError> {
        self.store.get_into(key, into)
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        self.store.scan(prefix, each)
    }

    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), StorageError> {
        if durability == Durability::Power {
            self.unsynced.sync()?;
        }
        self.store.commit(batch, durability)
    }

    fn close(&mut self) -> Result<(), StorageError> {
        let synced = self.unsynced.sync();
        self.store.close().and(synced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyperfeed_storage::{MemoryFile, MemoryStore};

    /// A file, and what else a sync of it does.
    struct Synced<F>(MemoryFile, F);

    impl<F: FnMut() + Send + Sync> RandomAccess for Synced<F> {
        fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
            self.0.read(offset, into)
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
            (self.1)();
            self.0.sync()
        }

        fn close(&mut self) -> Result<(), StorageError> {
            self.0.close()
        }
    }

    fn counting(syncs: &Arc<Mutex<u32>>) -> BlockFile {
        let syncs = Arc::clone(syncs);
        BlockFile {
            storage: Box::new(Synced(MemoryFile::new(), move || {
                *syncs.lock().unwrap() += 1
            })),
            again: None,
        }
    }

    #[test]
    fn written_files_are_synced_before_a_power_commit_and_before_closing() {
        let unsynced = Unsynced::default();
        let mut store = BytesFirst {
            store: Box::new(MemoryStore::new()),
            unsynced: unsynced.clone(),
        };
        let syncs = Arc::new(Mutex::new(0));
        let mut file = unsynced.track(counting(&syncs));
        let batch = Batch::new();
        store.commit(&batch, Durability::Power).unwrap();
        assert_eq!(*syncs.lock().unwrap(), 0, "nothing was written");
        file.write(0, b"a").unwrap();
        store.commit(&batch, Durability::Process).unwrap();
        assert_eq!(*syncs.lock().unwrap(), 0);
        store.commit(&batch, Durability::Power).unwrap();
        store.commit(&batch, Durability::Power).unwrap();
        assert_eq!(*syncs.lock().unwrap(), 1);
        file.write(1, b"b").unwrap();
        // A feed that was closed meanwhile.
        drop(file);
        store.close().unwrap();
        assert_eq!(*syncs.lock().unwrap(), 2);
    }

    #[test]
    fn what_is_written_while_a_file_is_synced_is_not_taken_for_synced() {
        let unsynced = Unsynced::default();
        let writer = Arc::new(Mutex::new(None::<TrackedFile>));
        let write = {
            let writer = Arc::clone(&writer);
            move || {
                let mut file = writer.lock().unwrap();
                file.as_mut().unwrap().write(0, b"a").unwrap();
            }
        };
        let meanwhile = write.clone();
        let file = unsynced.track(BlockFile {
            storage: Box::new(MemoryFile::new()),
            again: Some(Box::new(move || {
                Some(Box::new(Synced(MemoryFile::new(), meanwhile.clone())))
            })),
        });
        let tracked = Arc::clone(&file.tracked);
        *writer.lock().unwrap() = Some(file);
        write();
        unsynced.sync().unwrap();
        assert!(tracked.dirty.load(Ordering::Relaxed));
        assert_eq!(unsynced.0.files().dirty.len(), 1);
    }

    #[cfg(feature = "disk")]
    #[test]
    fn written_files_are_synced_before_a_checkpoint_that_a_lesser_commit_causes() {
        use hyperfeed_storage_disk::{DiskOptions, DiskStore};

        let dir = tempfile::tempdir().unwrap();
        let mut options = DiskOptions::default();
        options.checkpoint_bytes = 10_000;
        let (mut store, _) = DiskStore::open(dir.path(), options).unwrap();
        let unsynced = Unsynced::default();
        let files = unsynced.clone();
        store.before_sync(move || files.sync());
        let syncs = Arc::new(Mutex::new(0));
        let mut file = unsynced.track(counting(&syncs));
        file.write(0, b"a").unwrap();
        let mut batch = Batch::new();
        batch.put(b"key", &[0; 1000]);
        let mut commits = 0;
        while *syncs.lock().unwrap() == 0 {
            assert!(commits < 20, "there was no checkpoint");
            store.commit(&batch, Durability::Process).unwrap();
            commits += 1;
        }
        assert!(commits > 5, "a lesser commit alone syncs nothing");
    }
}
