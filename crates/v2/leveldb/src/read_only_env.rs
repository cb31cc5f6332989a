use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusty_leveldb::env::{Env, FileLock, Logger, RandomAccess};
use rusty_leveldb::{MemEnv, Result};

/// The files of a directory, of which none is ever changed: what the database writes, replaces or
/// deletes is in memory alone.
///
/// A database writes when it is opened (its log becomes a table, a manifest is begun, tables may be
/// merged once), so some megabytes. It is not asked for anything later that makes it write.
pub(crate) struct ReadOnlyEnv {
    dir: PathBuf,
    written: MemEnv,
    deleted: Mutex<BTreeSet<OsString>>,
}

/// The folder in memory; any name will do.
const MEMORY: &str = "memory";

/// Where a file is.
enum Place {
    /// In memory, under its name.
    Memory(PathBuf),
    Disk(PathBuf),
    Nowhere,
}

impl ReadOnlyEnv {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            written: MemEnv::new(),
            deleted: Mutex::new(BTreeSet::new()),
        }
    }

    fn deleted(&self) -> MutexGuard<'_, BTreeSet<OsString>> {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database has one directory, which it calls by several names: only file names count.
    fn place(&self, path: &Path) -> Result<Place> {
        let name = path.file_name().unwrap_or_default();
        let written = Path::new(MEMORY).join(name);
        if self.written.exists(&written)? {
            return Ok(Place::Memory(written));
        }
        if self.deleted().contains(name) {
            return Ok(Place::Nowhere);
        }
        let file = self.dir.join(name);
        if file.is_file() {
            return Ok(Place::Disk(file));
        }
        // Tables were called `.sst` once; the database asks for the new name.
        let old = file.with_extension("sst");
        if file.extension() == Some(OsStr::new("ldb")) && old.is_file() {
            return Ok(Place::Disk(old));
        }
        Ok(Place::Nowhere)
    }

    /// A name for writing, that stands for nothing on disk from now on.
    fn take_over(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default();
        self.deleted().insert(name.to_owned());
        Path::new(MEMORY).join(name)
    }
}

impl Env for ReadOnlyEnv {
    fn open_sequential_file(&self, path: &Path) -> Result<Box<dyn Read>> {
        match self.place(path)? {
            Place::Memory(name) => self.written.open_sequential_file(&name),
            // No buffer around it: the reader of logs takes a short read for the end.
            Place::Disk(file) => Ok(Box::new(File::open(file)?)),
            Place::Nowhere => Err(not_found(path)),
        }
    }

    fn open_random_access_file(&self, path: &Path) -> Result<Box<dyn RandomAccess>> {
        match self.place(path)? {
            Place::Memory(name) => self.written.open_random_access_file(&name),
            Place::Disk(file) => Ok(Box::new(File::open(file)?)),
            Place::Nowhere => Err(not_found(path)),
        }
    }

    fn open_writable_file(&self, path: &Path) -> Result<Box<dyn Write>> {
        let name = self.take_over(path);
        self.written.open_writable_file(&name)
    }

    fn open_appendable_file(&self, path: &Path) -> Result<Box<dyn Write>> {
        let before = match self.place(path)? {
            Place::Disk(file) => fs::read(file)?,
            Place::Memory(_) | Place::Nowhere => Vec::new(),
        };
        let name = self.take_over(path);
        let mut file = self.written.open_appendable_file(&name)?;
        file.write_all(&before)?;
        Ok(file)
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        Ok(!matches!(self.place(path)?, Place::Nowhere))
    }

    fn children(&self, _: &Path) -> Result<Vec<PathBuf>> {
        let mut names: BTreeSet<PathBuf> = self
            .written
            .children(Path::new(MEMORY))?
            .into_iter()
            .collect();
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            // A name that is no text is none of the database's, and it would panic over it.
            if name.to_str().is_some() && !self.deleted().contains(&name) {
                names.insert(name.into());
            }
        }
        Ok(names.into_iter().collect())
    }

    fn size_of(&self, path: &Path) -> Result<usize> {
        match self.place(path)? {
            Place::Memory(name) => self.written.size_of(&name),
            Place::Disk(file) => {
                Ok(usize::try_from(fs::metadata(file)?.len()).unwrap_or(usize::MAX))
            }
            Place::Nowhere => Err(not_found(path)),
        }
    }

    fn delete(&self, path: &Path) -> Result<()> {
        let place = self.place(path)?;
        self.take_over(path);
        match place {
            Place::Memory(name) => self.written.delete(&name),
            Place::Disk(_) => Ok(()),
            Place::Nowhere => Err(not_found(path)),
        }
    }

    fn mkdir(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn rmdir(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let Place::Memory(name) = self.place(from)? else {
            return Err(not_found(from));
        };
        let to = self.take_over(to);
        self.written.rename(&name, &to)
    }

    fn lock(&self, path: &Path) -> Result<FileLock> {
        Ok(FileLock {
            id: path.to_string_lossy().into_owned(),
        })
    }

    fn unlock(&self, _: FileLock) -> Result<()> {
        Ok(())
    }

    fn new_logger(&self, _: &Path) -> Result<Logger> {
        Ok(Logger::new(Box::new(io::sink())))
    }

    fn micros(&self) -> u64 {
        self.written.micros()
    }

    fn sleep_for(&self, micros: u32) {
        self.written.sleep_for(micros);
    }
}

fn not_found(path: &Path) -> rusty_leveldb::Status {
    io::Error::new(io::ErrorKind::NotFound, path.display().to_string()).into()
}
