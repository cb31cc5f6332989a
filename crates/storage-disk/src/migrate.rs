//! Moving a store to another database.
//!
//! `FORMAT` names the database, and replacing it is the one moment in which the store changes over.
//! Before, the new database is a copy that nobody relies on; after, the old one is. The file
//! `MIGRATION` is there all the while, so that whoever opens the store next removes the one that is
//! not in use.

#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hasher};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;

use hyperfeed_storage::{Batch, Durability, KeyValue, Op, StorageError, StorageErrorKind, copy};

use crate::dir_lock::DirLock;
use crate::disk_store::{open_engine, recover};
use crate::engine::{Each, Engine};
use crate::format_file::Format;
use crate::logged::Logged;
use crate::mark::Mark;
use crate::migration_note::{MigrationNote, database_path};
use crate::tally::Tally;
use crate::{
    Backend, DiskOptions, DiskStore, Migration, MigrationPhase, MigrationProgress, directory,
    sealed,
};

/// Comparing tells how far it is each time it has read so many entries.
const TOLD_EACH: u64 = 4096;

/// Where a migration stands; tests stop it, and look at what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All is in the old database, and it is whole.
    Checked,
    /// The note is written.
    Noted,
    /// The new database is there, empty.
    Created,
    /// A part of the entries was copied.
    Part,
    /// All entries were copied.
    Copied,
    /// The new database says which commits it has.
    Marked,
    /// Both databases hold the same.
    Compared,
    /// The store uses the new database.
    Switched,
    /// The old database and the note are gone.
    Settled,
    /// The journal knows the size of the new database.
    Done,
}

type Steps<'a> = dyn FnMut(Step) -> Result<(), StorageError> + Send + 'a;
type Progress<'a> = dyn FnMut(MigrationProgress) + Send + 'a;

impl DiskStore {
    /// Moves the metadata of the store in `dir` to another database. Nobody may have it open.
    ///
    /// Every entry is copied, both databases are read to the end and compared, and then the store
    /// changes over in one step. Interrupted at any point, by a crash too, the store is as it was,
    /// or it has changed over; the next opening removes what was left behind. Meanwhile it needs
    /// room for both databases. Block files and secret keys stay where they are.
    ///
    /// # Errors
    /// - [`NotFound`](StorageErrorKind::NotFound): no store is there.
    /// - [`InUse`](StorageErrorKind::InUse): somebody has it open, or a database that is not this
    ///   store's is in the way.
    /// - [`Unsupported`](StorageErrorKind::Unsupported): this build lacks the database.
    /// - otherwise as [`open`](Self::open) and [`verify`](Self::verify). Unless the message says
    ///   otherwise the store is as it was.
    pub fn migrate(
        dir: &Path,
        to: Backend,
        options: &DiskOptions,
        progress: &mut (dyn FnMut(MigrationProgress) + Send),
    ) -> Result<Migration, StorageError> {
        migrate(dir, to, options, progress, &mut |_| Ok(()))
            .map_err(|error| error.within(format!("store {}", dir.display())))
    }
}

pub(crate) fn migrate(
    dir: &Path,
    to: Backend,
    options: &DiskOptions,
    progress: &mut Progress<'_>,
    step: &mut Steps<'_>,
) -> Result<Migration, StorageError> {
    if Format::read(dir)?.is_none() {
        return Err(StorageError::new(
            StorageErrorKind::NotFound,
            "there is no store",
        ));
    }
    let _lock = DirLock::acquire(dir)?;
    let format = Format::read(dir)?.ok_or(StorageErrorKind::NotFound)?;
    let (mut old, report) = recover(dir, format, options)?;
    let mut migration = Migration {
        from: format.backend,
        to,
        entries: 0,
        repairs: report.repairs,
    };
    if format.backend == to {
        old.close()?;
        return Ok(migration);
    }
    let database = database_path(dir, to);
    if database.exists() {
        return Err(StorageError::new(
            StorageErrorKind::InUse,
            format!(
                "{} is in the way, and no migration left it there; move it away",
                database.display()
            ),
        ));
    }
    migration.entries = old.verify()?;
    step(Step::Checked)?;

    let note = MigrationNote {
        from: format.backend,
        to,
        store: format.store,
    };
    note.write(dir)?;
    let switched = step(Step::Noted)
        .and_then(|()| fill(dir, note, options, &old, progress, step))
        .and_then(|()| {
            Format {
                backend: to,
                ..format
            }
            .write(dir)
        });
    if let Err(error) = switched {
        drop(old);
        // Best effort: the next opening does it otherwise. Once `FORMAT` is replaced, that too.
        if let Ok(Some(now)) = Format::read(dir)
            && now == format
        {
            let _ = note.settle(dir, format.backend);
        }
        return Err(error);
    }
    step(Step::Switched)?;
    drop(old);
    note.settle(dir, to)?;
    step(Step::Settled)?;
    let now = Format {
        backend: to,
        ..format
    };
    let (mut new, _) = recover(dir, now, options)?;
    new.restart_journal()?;
    new.close()?;
    step(Step::Done)?;
    Ok(migration)
}

/// Makes the new database a copy of the old one, durably, and proves that it is.
fn fill(
    dir: &Path,
    note: MigrationNote,
    options: &DiskOptions,
    old: &Logged,
    progress: &mut Progress<'_>,
    step: &mut Steps<'_>,
) -> Result<(), StorageError> {
    let mark = old.whole_mark()?;
    let total = mark.tally.map_or(0, |tally| tally.entries);
    let engine = open_engine(dir, note.to, options, &mut Vec::new())?;
    step(Step::Created)?;
    let mut target = Target {
        engine: &*engine,
        tally: Tally::default(),
        watch: Mutex::new(Watch {
            progress,
            step,
            total,
        }),
    };
    copy(&Source(old), &mut target)?;
    let tally = target.tally;
    step(Step::Copied)?;
    engine.set_mark(
        &Mark {
            tally: Some(tally),
            ..mark
        }
        .encode(),
    )?;
    directory::sync(dir)?;
    step(Step::Marked)?;
    drop(engine);

    // Opened anew, so that the files are read and not what memory knows of them.
    let engine = open_engine(dir, note.to, options, &mut Vec::new())?;
    let twice = total.saturating_mul(2);
    let mut told = |done| {
        progress(MigrationProgress {
            phase: MigrationPhase::Comparing,
            done: done / 2,
            total,
        });
    };
    let before = digest(0, &mut told, |each| old.scan(b"", each))?;
    let after = digest(total, &mut told, |each| scan_opened(&*engine, b"", each))?;
    let kept = engine.mark()?.as_deref().map(Mark::decode).transpose()?;
    told(twice);
    if before != after || kept.and_then(|kept| kept.tally) != mark.tally {
        return Err(StorageError::new(
            StorageErrorKind::Corrupt,
            "the new database does not hold what was copied to it; check the device",
        ));
    }
    step(Step::Compared)
}

/// Number of entries and a hash over all of them, in their order.
fn digest(
    already: u64,
    told: &mut dyn FnMut(u64),
    scan: impl FnOnce(&mut Each<'_>) -> Result<(), StorageError>,
) -> Result<(u64, u64), StorageError> {
    let mut hasher = DefaultHasher::new();
    let mut entries = 0;
    scan(&mut |key, value| {
        for part in [key, value] {
            hasher.write_u64(part.len() as u64);
            hasher.write(part);
        }
        entries += 1;
        if entries % TOLD_EACH == 0 {
            told(already + entries);
        }
        ControlFlow::Continue(())
    })?;
    Ok((entries, hasher.finish()))
}

/// A scan of a database that opens each value.
fn scan_opened(
    engine: &dyn Engine,
    prefix: &[u8],
    each: &mut Each<'_>,
) -> Result<(), StorageError> {
    let mut damaged = None;
    engine.scan(prefix, &mut |key, value| match sealed::open(key, value) {
        Ok(value) => each(key, value),
        Err(error) => {
            damaged = Some(error);
            ControlFlow::Break(())
        }
    })?;
    damaged.map_or(Ok(()), Err)
}

/// The old store, to read.
struct Source<'a>(&'a Logged);

impl KeyValue for Source<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        self.0.scan(prefix, each)
    }

    fn commit(&mut self, _: &Batch, _: Durability) -> Result<(), StorageError> {
        Err(StorageErrorKind::Permission.into())
    }

    fn close(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}

/// The new database, to write: without a journal, because nothing in it counts before it is whole.
struct Target<'a> {
    engine: &'a dyn Engine,
    tally: Tally,
    watch: Mutex<Watch<'a>>,
}

/// Who is told how far it is.
struct Watch<'a> {
    progress: &'a mut Progress<'a>,
    step: &'a mut Steps<'a>,
    total: u64,
}

impl KeyValue for Target<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let Some(found) = self.engine.get(key)? else {
            return Ok(None);
        };
        Ok(Some(sealed::open(key, &found)?.to_vec()))
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        scan_opened(self.engine, prefix, each)
    }

    fn commit(&mut self, batch: &Batch, _: Durability) -> Result<(), StorageError> {
        let mut changes = batch.iter().map(|op| match op {
            Op::Put { key, value } => (key, Some(sealed::seal(key, value))),
            Op::Delete { key } => (key, None),
        });
        self.engine.apply(&mut changes, &mut self.tally)?;
        let watch = self
            .watch
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        (watch.progress)(MigrationProgress {
            phase: MigrationPhase::Copying,
            done: self.tally.entries,
            total: watch.total,
        });
        (watch.step)(Step::Part)
    }

    fn close(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}
