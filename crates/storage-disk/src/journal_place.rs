use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use hyperfeed_storage::{RandomAccess, StorageError};

use crate::{FileStore, directory};

/// Where the journals lie: the one in use under a fixed name, and at times the one before it under another.
pub(crate) trait JournalPlace: Send + Sync {
    /// The file, if there is one.
    fn open(&self, name: JournalName) -> Result<Option<Box<dyn RandomAccess>>, StorageError>;

    /// Puts a new file of this content, synced, in the place of the one in use. An error means that
    /// that one is still in place.
    fn replace(&self, content: &[u8]) -> Result<Replaced, StorageError>;

    /// The same, but the one in use becomes the one before, in the place of an earlier one.
    fn rotate(&self, content: &[u8]) -> Result<Replaced, StorageError>;

    /// Finishes backwards what a crash cut short in the middle of [`rotate`](Self::rotate): the one
    /// before is the one in use again.
    fn undo_rotation(&self) -> Result<(), StorageError>;

    /// Removes the one before, if there is one.
    fn remove_older(&self) -> Result<(), StorageError>;

    /// Copies the file, before a part of it is given up.
    fn copy_aside(&self, name: JournalName) -> Result<Option<PathBuf>, StorageError>;
}

/// One of the two journals that there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JournalName {
    /// The one in use.
    Current,
    /// The one before it, whose commits are on their way to the backend.
    Older,
}

/// The new file is in place.
pub(crate) struct Replaced {
    pub(crate) file: Box<dyn RandomAccess>,
    /// Whether it is still in place after a power loss. If that is not known, the file must be
    /// replaced again before anything relies on it.
    pub(crate) durable: Result<(), StorageError>,
}

/// The files `journal` and `journal.older` of a store's directory.
pub(crate) struct JournalFile {
    path: PathBuf,
    older: PathBuf,
}

impl JournalFile {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            path: dir.join("journal"),
            older: dir.join("journal.older"),
        }
    }

    const fn path(&self, name: JournalName) -> &PathBuf {
        match name {
            JournalName::Current => &self.path,
            JournalName::Older => &self.older,
        }
    }

    /// Writes a new file, and lets it take its place as `take_place` does.
    fn put(
        &self,
        content: &[u8],
        take_place: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> Result<Replaced, StorageError> {
        let temporary = directory::temporary_of(&self.path);
        let written = write_new(&temporary, content);
        let file = written.and_then(|file| take_place(&temporary).map(|()| file));
        let file = file.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            StorageError::io(error, format!("replacing {}", self.path.display()))
        })?;
        Ok(Replaced {
            file: Box::new(FileStore::over(file, &self.path, false)),
            durable: directory::sync(directory::of(&self.path)),
        })
    }
}

impl JournalPlace for JournalFile {
    fn open(&self, name: JournalName) -> Result<Option<Box<dyn RandomAccess>>, StorageError> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Box::new(FileStore::open(path, false)?)))
    }

    fn replace(&self, content: &[u8]) -> Result<Replaced, StorageError> {
        self.put(content, |new| fs::rename(new, &self.path))
    }

    fn rotate(&self, content: &[u8]) -> Result<Replaced, StorageError> {
        self.put(content, |new| {
            fs::rename(&self.path, &self.older)?;
            fs::rename(new, &self.path).inspect_err(|_| {
                // If this fails too, the next opening does it.
                let _ = fs::rename(&self.older, &self.path);
            })
        })
    }

    fn undo_rotation(&self) -> Result<(), StorageError> {
        fs::rename(&self.older, &self.path).map_err(|error| {
            StorageError::io(error, format!("renaming {}", self.older.display()))
        })?;
        directory::sync(directory::of(&self.path))
    }

    fn remove_older(&self) -> Result<(), StorageError> {
        match fs::remove_file(&self.older) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StorageError::io(
                error,
                format!("removing {}", self.older.display()),
            )),
            _ => Ok(()),
        }
    }

    fn copy_aside(&self, name: JournalName) -> Result<Option<PathBuf>, StorageError> {
        let path = self.path(name);
        let to = directory::free_name(path, "damaged");
        fs::copy(path, &to)
            .map_err(|error| StorageError::io(error, format!("copying to {}", to.display())))?;
        Ok(Some(to))
    }
}

fn write_new(path: &Path, content: &[u8]) -> std::io::Result<fs::File> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(file)
}
