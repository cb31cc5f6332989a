use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use hyperfeed_storage::{RandomAccess, StorageError, StorageErrorKind};

use crate::{directory, positional};

/// The largest offset that systems take: their offsets are signed.
const MAX_OFFSET: u64 = i64::MAX as u64;

/// A file as a [`RandomAccess`]: positional reads and writes, no cursor, no buffer.
///
/// A read is one system call, a write too; [`sync`](RandomAccess::sync) is `fdatasync`, and the
/// first one of a file that was created here also makes its name durable.
///
/// ```
/// use hyperfeed_storage::RandomAccess;
/// use hyperfeed_storage_disk::FileStore;
///
/// # let dir = tempfile::tempdir()?;
/// let mut file = FileStore::open(&dir.path().join("blocks"), true)?;
/// file.write(6, b"world")?;
/// let mut word = [0; 5];
/// file.read(6, &mut word)?;
/// assert_eq!(&word, b"world");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    file: Option<File>,
    name_is_new: bool,
}

impl FileStore {
    /// Opens the file at `path` to read and write; with `create` also when there is none yet.
    ///
    /// # Errors
    /// [`NotFound`](StorageErrorKind::NotFound) when there is none and `create` is false, or when
    /// its directory does not exist; otherwise what the system says.
    pub fn open(path: &Path, create: bool) -> Result<Self, StorageError> {
        let existed = path.exists();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .open(path)
            .map_err(|error| failed(error, "opening", path))?;
        Ok(Self::over(file, path, !existed))
    }

    /// A file that is open already. `name_is_new`: its directory entry is not durable yet.
    pub(crate) fn over(file: File, path: &Path, name_is_new: bool) -> Self {
        Self {
            path: path.to_owned(),
            file: Some(file),
            name_is_new,
        }
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> Result<&File, StorageError> {
        self.file.as_ref().ok_or_else(|| {
            StorageError::new(
                StorageErrorKind::Closed,
                format!("file {}", self.path.display()),
            )
        })
    }
}

impl RandomAccess for FileStore {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        read(self.file()?, &self.path, offset, into)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        write(self.file()?, &self.path, offset, data)
    }

    fn len(&self) -> Result<u64, StorageError> {
        len(self.file()?, &self.path)
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        truncate(self.file()?, &self.path, len)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        sync(self.file()?, &self.path)?;
        if self.name_is_new {
            directory::sync(directory::of(&self.path))?;
            self.name_is_new = false;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), StorageError> {
        if self.file.is_none() {
            return Ok(());
        }
        let synced = self.sync();
        self.file = None;
        synced
    }
}

pub(crate) fn read(
    file: &File,
    path: &Path,
    offset: u64,
    into: &mut [u8],
) -> Result<(), StorageError> {
    if into.is_empty() {
        return Ok(());
    }
    check_range(offset, into.len(), path)?;
    positional::read_exact_at(file, into, offset).map_err(|error| {
        StorageError::io(
            error,
            format!(
                "reading {} bytes at {offset} of {}",
                into.len(),
                path.display()
            ),
        )
    })
}

pub(crate) fn write(
    file: &File,
    path: &Path,
    offset: u64,
    data: &[u8],
) -> Result<(), StorageError> {
    if data.is_empty() {
        return Ok(());
    }
    check_range(offset, data.len(), path)?;
    positional::write_all_at(file, data, offset).map_err(|error| {
        StorageError::io(
            error,
            format!(
                "writing {} bytes at {offset} of {}",
                data.len(),
                path.display()
            ),
        )
    })
}

pub(crate) fn len(file: &File, path: &Path) -> Result<u64, StorageError> {
    let metadata = file.metadata();
    metadata
        .map(|metadata| metadata.len())
        .map_err(|error| failed(error, "measuring", path))
}

pub(crate) fn truncate(file: &File, path: &Path, len: u64) -> Result<(), StorageError> {
    check_range(len, 0, path)?;
    file.set_len(len)
        .map_err(|error| failed(error, "setting the length of", path))
}

pub(crate) fn sync(file: &File, path: &Path) -> Result<(), StorageError> {
    file.sync_data()
        .map_err(|error| failed(error, "syncing", path))
}

fn check_range(offset: u64, length: usize, path: &Path) -> Result<(), StorageError> {
    match offset.checked_add(length as u64) {
        Some(end) if end <= MAX_OFFSET => Ok(()),
        _ => Err(StorageError::new(
            StorageErrorKind::OutOfBounds,
            format!("{length} bytes at {offset} of {}", path.display()),
        )),
    }
}

fn failed(error: std::io::Error, doing: &str, path: &Path) -> StorageError {
    StorageError::io(error, format!("{doing} {}", path.display()))
}
