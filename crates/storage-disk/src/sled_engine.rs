use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hyperfeed_storage::{StorageError, StorageErrorKind};
use sled::{Db, IVec, Tree};

use crate::engine::{Change, Each, Engine};
use crate::tally::Tally;
use crate::{Repair, directory, guard};

const MARK_TREE: &[u8] = b"mark";
const MARK_KEY: &[u8] = b"mark";

/// The longest that threads of a database that was dropped are waited for, on a machine that is busy.
const LETS_GO_IN: Duration = Duration::from_secs(20);

/// sled behind the journal.
///
/// Known weaknesses of 0.34 and what is done about them: a leftover `snap.*.generating` keeps it
/// from opening (removed first), a bad snapshot too (opened again without), damage makes it panic
/// (caught), a file that was cut opens short (the mark, the tally), its own flush thread hides
/// errors (switched off), its default cache is a gigabyte (small), its threads keep the lock for a
/// while after it is dropped (waited for).
pub(crate) struct SledEngine {
    // `None` while this is dropped, and after it could not be opened again.
    trees: Option<Trees>,
    dir: PathBuf,
    cache_bytes: u64,
    panicked: AtomicBool,
}

struct Trees {
    db: Db,
    entries: Tree,
    mark: Tree,
}

impl SledEngine {
    /// Opens the database in `dir`, or creates it. The caller holds the lock of the store.
    pub(crate) fn open(
        dir: &Path,
        cache_bytes: u64,
        repairs: &mut Vec<Repair>,
    ) -> Result<Self, StorageError> {
        for file in snapshots(dir)? {
            if file.extension().is_some_and(|end| end == "generating") {
                fs::remove_file(&file).map_err(|error| {
                    StorageError::io(error, format!("removing {}", file.display()))
                })?;
                repairs.push(Repair::SnapshotRemoved { file });
            }
        }
        let first = open_trees(dir, cache_bytes);
        let trees = match first {
            Err(error) if is_corruption(&error) => {
                let moved = move_snapshots(dir)?;
                if moved.is_empty() {
                    return Err(error);
                }
                let trees = open_trees(dir, cache_bytes)?;
                repairs.push(Repair::SnapshotsMoved { to: moved });
                trees
            }
            other => other?,
        };
        Ok(Self {
            trees: Some(trees),
            dir: dir.to_owned(),
            cache_bytes,
            panicked: AtomicBool::new(false),
        })
    }

    /// Makes all that was written durable, with the names of new files, which sled leaves to chance.
    fn flush(&self, trees: &Trees) -> Result<(), StorageError> {
        trees.db.flush().map_err(failed)?;
        let blobs = self.dir.join("blobs");
        if blobs.is_dir() {
            directory::sync(&blobs)?;
        }
        directory::sync(&self.dir)
    }

    fn call<T>(
        &self,
        call: impl FnOnce(&Trees) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let trees = match &self.trees {
            Some(trees) if !self.panicked.load(Ordering::Acquire) => trees,
            _ => return Err(gave_up()),
        };
        let mut finished = false;
        let result = guard::call(|| {
            let result = call(trees);
            finished = true;
            result
        });
        if !finished {
            self.panicked.store(true, Ordering::Release);
        }
        result
    }
}

impl Drop for SledEngine {
    fn drop(&mut self) {
        let trees = self.trees.take();
        if self.panicked.load(Ordering::Acquire) {
            // Dropping runs more code of sled, on a state that nobody knows.
            std::mem::forget(trees);
        }
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.call(|trees| {
            let found = trees.entries.get(key).map_err(failed)?;
            Ok(found.map(|value| value.to_vec()))
        })
    }

    fn scan(&self, prefix: &[u8], each: &mut Each<'_>) -> Result<(), StorageError> {
        let mut entries = self.call(|trees| Ok(trees.entries.scan_prefix(prefix)))?;
        // The callback runs outside of the guard: a panic of the caller is not one of sled.
        while let Some((key, value)) = self.call(|_| entries.next().transpose().map_err(failed))? {
            if each(&key, &value).is_break() {
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
        self.call(|trees| {
            for (key, value) in changes {
                let old = match value {
                    Some(value) => {
                        tally.add(&value);
                        trees.entries.insert(key, IVec::from(value))
                    }
                    None => trees.entries.remove(key),
                };
                if let Some(old) = old.map_err(failed)? {
                    tally.remove(&old);
                }
            }
            self.flush(trees)
        })
    }

    fn mark(&self) -> Result<Option<Vec<u8>>, StorageError> {
        self.call(|trees| {
            let found = trees.mark.get(MARK_KEY).map_err(failed)?;
            Ok(found.map(|value| value.to_vec()))
        })
    }

    fn set_mark(&self, mark: &[u8]) -> Result<(), StorageError> {
        self.call(|trees| {
            trees.mark.insert(MARK_KEY, mark).map_err(failed)?;
            self.flush(trees)
        })
    }

    fn reopen(&mut self) -> Result<(), StorageError> {
        if self.panicked.load(Ordering::Acquire) {
            return Err(gave_up());
        }
        directory::has_room(directory::of(&self.dir))?;
        self.trees = None;
        self.trees = Some(open_trees(&self.dir, self.cache_bytes)?);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        fs::metadata(self.dir.join("db")).map_or(0, |metadata| metadata.len())
    }
}

fn gave_up() -> StorageError {
    StorageError::new(
        StorageErrorKind::Poisoned,
        "the database gave up on its files earlier; open the store again",
    )
}

fn open_trees(dir: &Path, cache_bytes: u64) -> Result<Trees, StorageError> {
    let dir = dir.to_owned();
    let context = format!("opening {}", dir.display());
    let opened = guard::on_thread(move || {
        let config = sled::Config::new()
            .path(&dir)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None);
        let db = open_unlocked(&config).map_err(failed)?;
        let mark = db.open_tree(MARK_TREE).map_err(failed)?;
        // Pages are read when they are used: touch the first of each tree while a panic is caught.
        mark.get(MARK_KEY).map_err(failed)?;
        db.first().map_err(failed)?;
        let entries = Tree::clone(&db);
        Ok(Trees { db, entries, mark })
    });
    opened.map_err(|error| error.within(context))
}

/// The store is ours, so a lock on the database is what is left of an earlier opening in this process: sled's own
/// threads let go of it some time after the last handle is dropped.
fn open_unlocked(config: &sled::Config) -> Result<Db, sled::Error> {
    let start = Instant::now();
    loop {
        match config.open() {
            Err(sled::Error::Io(error))
                if error.to_string().contains("could not acquire lock")
                    && start.elapsed() < LETS_GO_IN =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
}

fn snapshots(dir: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let failed = |error| StorageError::io(error, format!("listing {}", dir.display()));
    let mut found = Vec::new();
    if !dir.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Gives the snapshots names under which sled does not look for them.
fn move_snapshots(dir: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let mut moved = Vec::new();
    for file in snapshots(dir)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let to = dir.join(format!("moved-{name}"));
        fs::rename(&file, &to)
            .map_err(|error| StorageError::io(error, format!("moving {}", file.display())))?;
        moved.push(to);
    }
    Ok(moved)
}

fn is_corruption(error: &StorageError) -> bool {
    let source = std::error::Error::source(error);
    let sled = source.and_then(|source| source.downcast_ref::<sled::Error>());
    matches!(sled, Some(sled::Error::Corruption { .. }))
}

fn failed(error: sled::Error) -> StorageError {
    match error {
        sled::Error::Io(error) => StorageError::io(error, "the database sled"),
        sled::Error::Corruption { .. } | sled::Error::ReportableBug(_) => StorageError::new(
            StorageErrorKind::Corrupt,
            "the database sled found its files damaged; restore the store from a backup, or move \
             its directory away and fetch the feeds again",
        )
        .with_source(error),
        error => StorageError::new(StorageErrorKind::Io, "the database sled").with_source(error),
    }
}
