use std::fmt;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyperfeed_storage::{Batch, Durability, KeyValue, StorageError, StorageErrorKind};

use crate::dir_lock::DirLock;
use crate::engine::Engine;
use crate::format_file::Format;
use crate::journal::Header;
use crate::journal_place::{JournalFile, JournalName, JournalPlace};
use crate::logged::{Limits, Logged, Opening, Pace, random};
use crate::migration_note::{MigrationNote, database_path};
use crate::sled_engine::SledEngine;
use crate::{Backend, DiskOptions, OpenReport, Repair, directory};

/// A [`KeyValue`] in a directory: a journal in front of a database.
///
/// A commit of class [`Process`](Durability::Process) costs one `write`, one of class
/// [`Power`](Durability::Power) an `fdatasync` more. The database is written only at checkpoints,
/// when the journal or the changes in memory reach their limit, in a thread of its own, and when the
/// store is closed; see [`DiskOptions`]. The crate's documentation tells why no crash hurts it.
///
/// Only one `DiskStore` at a time, in this process or another, holds a directory.
pub struct DiskStore {
    path: PathBuf,
    backend: Backend,
    open: Option<Open>,
}

struct Open {
    logged: Logged,
    // Declared last, so that it is dropped last: nobody else may open before all else is done.
    _lock: DirLock,
}

impl DiskStore {
    /// Opens the store in `dir`, or creates one if there is none.
    ///
    /// Takes a time that does not depend on the size of the store, but on that of the journal: the
    /// commits since the last checkpoint.
    ///
    /// # Errors
    /// - [`InUse`](StorageErrorKind::InUse): another process has it open; the message names it.
    /// - [`Corrupt`](StorageErrorKind::Corrupt): something that was durable is damaged or missing;
    ///   the message says what, and what to do. The store is left as it was.
    /// - [`Unsupported`](StorageErrorKind::Unsupported): made by a newer version, or its database
    ///   is one that this build lacks.
    /// - otherwise what the system says.
    pub fn open(dir: &Path, options: DiskOptions) -> Result<(Self, OpenReport), StorageError> {
        let opened = Self::open_in(dir, &options);
        opened.map_err(|error| error.within(format!("store {}", dir.display())))
    }

    /// Moves every commit from the journal to the database now, and makes all durable.
    ///
    /// # Errors
    /// When the device fails. No commit is lost by that.
    pub fn checkpoint(&mut self) -> Result<(), StorageError> {
        self.open_mut()?.logged.checkpoint()
    }

    /// Calls `sync` before commits become safe from a power loss: before every commit of class
    /// [`Power`](Durability::Power), every checkpoint, also one that a lesser commit causes, and
    /// before the store is closed.
    ///
    /// For who writes files of their own, and commits what speaks of them: `sync` syncs those that
    /// were written. If it fails, the commits stay as safe as they were. A checkpoint calls it in a thread of its own, so
    /// files may be written meanwhile: all that was written before the call must be synced when it returns.
    pub fn before_sync(
        &mut self,
        sync: impl Fn() -> Result<(), StorageError> + Send + Sync + 'static,
    ) {
        if let Some(open) = &mut self.open {
            open.logged.set_before_sync(Arc::new(sync));
        }
    }

    /// Reads every entry, checks it, and compares their number and sum with what was stored. Says
    /// how many there are. Costs a read of the whole database.
    ///
    /// # Errors
    /// [`Corrupt`](StorageErrorKind::Corrupt) when an entry is damaged, or missing, or an old one
    /// has come back; otherwise as [`checkpoint`](Self::checkpoint), which comes first.
    pub fn verify(&mut self) -> Result<u64, StorageError> {
        self.open_mut()?.logged.verify()
    }

    /// Why the last checkpoint that a commit caused has failed, if it has; known from the next commit
    /// on after it has ended. The commits are safe in the journals, but they grow; commits fail when
    /// they have become far too large.
    #[must_use]
    pub fn checkpoint_failure(&self) -> Option<&StorageError> {
        self.open.as_ref()?.logged.failure()
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database that keeps the metadata.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    fn open_in(dir: &Path, options: &DiskOptions) -> Result<(Self, OpenReport), StorageError> {
        directory::create(dir)?;
        let lock = DirLock::acquire(dir)?;
        let (logged, report) = match Format::read(dir)? {
            Some(format) => recover(dir, format, options)?,
            None => create(dir, options)?,
        };
        let store = Self {
            path: dir.to_owned(),
            backend: report.backend,
            open: Some(Open {
                logged,
                _lock: lock,
            }),
        };
        Ok((store, report))
    }

    fn open_ref(&self) -> Result<&Open, StorageError> {
        self.open.as_ref().ok_or_else(|| closed(&self.path))
    }

    fn open_mut(&mut self) -> Result<&mut Open, StorageError> {
        self.open.as_mut().ok_or_else(|| closed(&self.path))
    }
}

impl fmt::Debug for DiskStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskStore")
            .field("path", &self.path)
            .field("backend", &self.backend)
            .field("logged", &self.open.as_ref().map(|open| &open.logged))
            .finish()
    }
}

impl KeyValue for DiskStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.open_ref()?.logged.get(key)
    }

    fn get_into(&self, key: &[u8], into: &mut Vec<u8>) -> Result<bool, StorageError> {
        self.open_ref()?.logged.get_into(key, into)
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        self.open_ref()?.logged.scan(prefix, each)
    }

    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), StorageError> {
        self.open_mut()?.logged.commit(batch, durability)
    }

    fn close(&mut self) -> Result<(), StorageError> {
        match self.open.take() {
            Some(mut open) => open.logged.close(),
            None => Ok(()),
        }
    }
}

pub(crate) fn recover(
    dir: &Path,
    format: Format,
    options: &DiskOptions,
) -> Result<(Logged, OpenReport), StorageError> {
    let place = JournalFile::new(dir);
    if !database_path(dir, format.backend).exists() {
        return Err(StorageError::new(
            StorageErrorKind::Corrupt,
            format!(
                "the database {} is missing; put it back, or restore the store from a backup",
                database_path(dir, format.backend).display()
            ),
        ));
    }
    let mut repairs = Vec::new();
    let engine = open_engine(dir, format.backend, options, &mut repairs)?;
    let opening = Opening {
        engine,
        place: Arc::new(place),
        store: format.store,
        limits: limits(options),
        pace: Pace::Thread,
        salvage: options.salvage,
    };
    let (logged, recovery) = opening.recover()?;
    repairs.extend(recovery.repairs);
    // Only now: as long as this database does not open, the other may be all there is.
    if let Some(note) = MigrationNote::read(dir)?
        && note.store == format.store
    {
        repairs.extend(note.settle(dir, format.backend)?);
    }
    let report = OpenReport {
        created: false,
        backend: format.backend,
        replayed: recovery.replayed,
        repairs,
    };
    Ok((logged, report))
}

/// The format file comes last: until it is there nothing was ever acknowledged, so what an earlier
/// attempt left can be used or moved away, but only if it is empty.
fn create(dir: &Path, options: &DiskOptions) -> Result<(Logged, OpenReport), StorageError> {
    let backend = options.backend;
    let place = JournalFile::new(dir);
    let journal = place.open(JournalName::Current)?;
    if let Some(journal) = &journal
        && journal.len()? > Header::BYTES as u64
    {
        return Err(format_missing());
    }
    let mut repairs = Vec::new();
    let database = database_path(dir, backend);
    let engine = match open_engine(dir, backend, options, &mut repairs) {
        Err(_) if journal.is_none() && database.exists() => {
            let to = directory::free_name(&database, "unfinished");
            fs::rename(&database, &to).map_err(|error| {
                StorageError::io(error, format!("moving {}", database.display()))
            })?;
            repairs.push(Repair::DatabaseMoved { to });
            open_engine(dir, backend, options, &mut repairs)?
        }
        opened => opened?,
    };
    let mut empty = true;
    engine.scan(b"", &mut |_, _| {
        empty = false;
        ControlFlow::Break(())
    })?;
    if !empty {
        return Err(format_missing());
    }
    let store = random();
    let opening = Opening {
        engine,
        place: Arc::new(place),
        store,
        limits: limits(options),
        pace: Pace::Thread,
        salvage: options.salvage,
    };
    let logged = opening.create()?;
    Format { backend, store }.write(dir)?;
    let report = OpenReport {
        created: true,
        backend,
        replayed: 0,
        repairs,
    };
    Ok((logged, report))
}

pub(crate) fn open_engine(
    dir: &Path,
    backend: Backend,
    options: &DiskOptions,
    repairs: &mut Vec<Repair>,
) -> Result<Arc<dyn Engine>, StorageError> {
    let database = database_path(dir, backend);
    match backend {
        #[cfg(feature = "redb")]
        Backend::Redb => Ok(Arc::new(crate::redb_engine::RedbEngine::open(
            &database,
            options.cache_bytes,
        )?)),
        #[cfg(not(feature = "redb"))]
        Backend::Redb => Err(StorageError::new(
            StorageErrorKind::Unsupported,
            format!(
                "{} needs a build with the feature `redb`",
                database.display()
            ),
        )),
        Backend::Sled => Ok(Arc::new(SledEngine::open(
            &database,
            options.cache_bytes,
            repairs,
        )?)),
    }
}

const fn limits(options: &DiskOptions) -> Limits {
    Limits {
        journal_bytes: options.checkpoint_bytes,
        overlay_bytes: options.pending_bytes,
    }
}

fn format_missing() -> StorageError {
    StorageError::new(
        StorageErrorKind::Corrupt,
        "the file FORMAT is missing although there is data; restore it from a backup",
    )
}

fn closed(path: &Path) -> StorageError {
    StorageError::new(
        StorageErrorKind::Closed,
        format!("store {}", path.display()),
    )
}
