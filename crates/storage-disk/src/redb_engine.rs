use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use hyperfeed_storage::{StorageError, StorageErrorKind};
use redb::{Database, ReadableDatabase, TableDefinition, WriteTransaction};

use crate::engine::{Change, Each, Engine};
use crate::tally::Tally;
use crate::{directory, guard};

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
const MARK: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("mark");
const MARK_KEY: &[u8] = b"mark";

/// redb behind the journal.
pub(crate) struct RedbEngine {
    // `None` while this is dropped, and after it could not be opened again.
    db: Option<Database>,
    path: PathBuf,
    cache_bytes: u64,
    panicked: AtomicBool,
}

impl RedbEngine {
    /// Opens the database at `path`, or creates it. The caller holds the lock of the store.
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self, StorageError> {
        let db = open_database(path, cache_bytes)?;
        Ok(Self {
            db: Some(db),
            path: path.to_owned(),
            cache_bytes,
            panicked: AtomicBool::new(false),
        })
    }

    fn call<T>(
        &self,
        call: impl FnOnce(&Database) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let db = match &self.db {
            Some(db) if !self.panicked.load(Ordering::Acquire) => db,
            _ => return Err(gave_up()),
        };
        let mut finished = false;
        let result = guard::call(|| {
            let result = call(db);
            finished = true;
            result
        });
        if !finished {
            self.panicked.store(true, Ordering::Release);
        }
        result
    }

    fn read(
        &self,
        table: TableDefinition<'_, &[u8], &[u8]>,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StorageError> {
        self.call(|db| {
            let read = db.begin_read().map_err(failed)?;
            let found = read.open_table(table).map_err(failed)?.get(key);
            Ok(found.map_err(failed)?.map(|value| value.value().to_vec()))
        })
    }
}

impl Drop for RedbEngine {
    fn drop(&mut self) {
        let db = self.db.take();
        if self.panicked.load(Ordering::Acquire) {
            // Dropping runs more code of redb, on a state that nobody knows.
            std::mem::forget(db);
        }
    }
}

impl Engine for RedbEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.read(ENTRIES, key)
    }

    fn scan(&self, prefix: &[u8], each: &mut Each<'_>) -> Result<(), StorageError> {
        let mut entries = self.call(|db| {
            let read = db.begin_read().map_err(failed)?;
            let table = read.open_table(ENTRIES).map_err(failed)?;
            let from = (Bound::Included(prefix), Bound::Unbounded);
            table.range::<&[u8]>(from).map_err(failed)
        })?;
        // The callback runs outside of the guard: a panic of the caller is not one of redb.
        while let Some((key, value)) = self.call(|_| entries.next().transpose().map_err(failed))? {
            if !key.value().starts_with(prefix) || each(key.value(), value.value()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn apply(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        tally: &mut Tally,
    ) -> Result<(), StorageError> {
        self.call(|db| {
            let write = begin(db)?;
            let mut table = write.open_table(ENTRIES).map_err(failed)?;
            for (key, value) in changes {
                let old = match &value {
                    Some(value) => {
                        tally.add(value);
                        table.insert(key, value.as_slice())
                    }
                    None => table.remove(key),
                };
                if let Some(old) = old.map_err(failed)? {
                    tally.remove(old.value());
                }
            }
            drop(table);
            write.commit().map_err(failed)
        })
    }

    fn mark(&self) -> Result<Option<Vec<u8>>, StorageError> {
        self.read(MARK, MARK_KEY)
    }

    fn set_mark(&self, mark: &[u8]) -> Result<(), StorageError> {
        self.call(|db| {
            let write = begin(db)?;
            let mut table = write.open_table(MARK).map_err(failed)?;
            table.insert(MARK_KEY, mark).map_err(failed)?;
            drop(table);
            write.commit().map_err(failed)
        })
    }

    fn reopen(&mut self) -> Result<(), StorageError> {
        if self.panicked.load(Ordering::Acquire) {
            return Err(gave_up());
        }
        directory::has_room(directory::of(&self.path))?;
        self.db = None;
        self.db = Some(open_database(&self.path, self.cache_bytes)?);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }
}

fn gave_up() -> StorageError {
    StorageError::new(
        StorageErrorKind::Poisoned,
        "the database gave up on its file earlier; open the store again",
    )
}

fn open_database(path: &Path, cache_bytes: u64) -> Result<Database, StorageError> {
    let file = path.to_owned();
    let opened = guard::on_thread(move || {
        let cache = usize::try_from(cache_bytes).unwrap_or(usize::MAX);
        let db = redb::Builder::new()
            .set_cache_size(cache)
            .create(&file)
            .map_err(failed)?;
        // A table that was never written cannot be read.
        let write = begin(&db)?;
        write.open_table(ENTRIES).map_err(failed)?;
        write.open_table(MARK).map_err(failed)?;
        write.commit().map_err(failed)?;
        Ok(db)
    });
    opened.map_err(|error| error.within(format!("opening {}", path.display())))
}

fn begin(db: &Database) -> Result<WriteTransaction, StorageError> {
    let mut write = db.begin_write().map_err(failed)?;
    // Opening after a crash must not read the whole file.
    write.set_quick_repair(true);
    Ok(write)
}

fn failed(error: impl Into<redb::Error>) -> StorageError {
    match error.into() {
        redb::Error::Io(error) => StorageError::io(error, "the database redb"),
        error @ (redb::Error::Corrupted(_) | redb::Error::RepairAborted) => StorageError::new(
            StorageErrorKind::Corrupt,
            "the database redb found its file damaged; restore the store from a backup, or move \
             its directory away and fetch the feeds again",
        )
        .with_source(error),
        error @ redb::Error::UpgradeRequired(_) => {
            StorageError::new(StorageErrorKind::Unsupported, "the database redb").with_source(error)
        }
        error @ redb::Error::DatabaseAlreadyOpen => {
            StorageError::new(StorageErrorKind::InUse, "the database redb").with_source(error)
        }
        error => StorageError::new(StorageErrorKind::Io, "the database redb").with_source(error),
    }
}
