use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use hyperfeed_storage::{RandomAccess, StorageError};

use crate::{FileStore, directory};

/// Where the journal lies: one file under a fixed name, which is replaced as a whole.
pub(crate) trait JournalPlace: Send + Sync {
    /// The file, if there is one.
    fn open(&self) -> Result<Option<Box<dyn RandomAccess>>, StorageError>;

    /// Puts a new file of this content, synced, in the place of the old one. An error means that
    /// the old one is still in place.
    fn replace(&mut self, content: &[u8]) -> Result<Replaced, StorageError>;

    /// Copies the file, before a part of it is given up.
    fn copy_aside(&self) -> Result<Option<PathBuf>, StorageError>;
}

/// The new file is in place.
pub(crate) struct Replaced {
    pub(crate) file: Box<dyn RandomAccess>,
    /// Whether it is still in place after a power loss. If that is not known, the file must be
    /// replaced again before anything relies on it.
    pub(crate) durable: Result<(), StorageError>,
}

/// The file `journal` of a store's directory.
pub(crate) struct JournalFile {
    path: PathBuf,
}

impl JournalFile {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            path: dir.join("journal"),
        }
    }

    fn write_new(&self, temporary: &Path, content: &[u8]) -> std::io::Result<fs::File> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(temporary, &self.path)?;
        Ok(file)
    }
}

impl JournalPlace for JournalFile {
    fn open(&self) -> Result<Option<Box<dyn RandomAccess>>, StorageError> {
        if !self.path.exists() {
            return Ok(None);
        }
        Ok(Some(Box::new(FileStore::open(&self.path, false)?)))
    }

    fn replace(&mut self, content: &[u8]) -> Result<Replaced, StorageError> {
        let temporary = directory::temporary_of(&self.path);
        let file = self.write_new(&temporary, content).map_err(|error| {
            let _ = fs::remove_file(&temporary);
            StorageError::io(error, format!("replacing {}", self.path.display()))
        })?;
        Ok(Replaced {
            file: Box::new(FileStore::over(file, &self.path, false)),
            durable: directory::sync(directory::of(&self.path)),
        })
    }

    fn copy_aside(&self) -> Result<Option<PathBuf>, StorageError> {
        let to = directory::free_name(&self.path, "damaged");
        fs::copy(&self.path, &to)
            .map_err(|error| StorageError::io(error, format!("copying to {}", to.display())))?;
        Ok(Some(to))
    }
}
