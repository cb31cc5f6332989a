use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyperfeed_storage::{RandomAccess, StorageError, StorageErrorKind};

use crate::{directory, file_store};

const MAX_NAME_BYTES: usize = 200;

/// Many files of one directory behind a bounded number of open handles.
///
/// Any number of [`PooledFile`]s may exist; the least recently used handle is closed when another
/// one is needed. Cloning gives another handle to the same pool.
///
/// ```
/// use hyperfeed_storage::RandomAccess;
/// use hyperfeed_storage_disk::FilePool;
///
/// # let dir = tempfile::tempdir()?;
/// let pool = FilePool::new(dir.path(), 64);
/// let mut file = pool.file("1f1d4ea7");
/// assert_eq!(file.len()?, 0, "not created before it is written");
/// file.write(0, b"block")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FilePool {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    max_open: usize,
    handles: Mutex<Handles>,
}

#[derive(Default)]
struct Handles {
    open: BTreeMap<String, Handle>,
    // Counts uses; the handle with the smallest number was not used for the longest time.
    clock: u64,
    // Files were created, and their names are not durable.
    names_are_new: bool,
}

struct Handle {
    file: Arc<File>,
    used: u64,
}

impl FilePool {
    /// A pool over `dir`, which is created with the first file. At least one handle may be open,
    /// whatever `max_open` says.
    #[must_use]
    pub fn new(dir: &Path, max_open: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                dir: dir.to_owned(),
                max_open: max_open.max(1),
                handles: Mutex::default(),
            }),
        }
    }

    /// The file called `name`. It is opened when it is used, and created when it is written.
    ///
    /// A name has 1 to 200 ASCII letters, digits, `-` and `_`. With another one every use of the
    /// file fails with [`Unsupported`](StorageErrorKind::Unsupported).
    #[must_use]
    pub fn file(&self, name: &str) -> PooledFile {
        PooledFile {
            shared: Arc::clone(&self.shared),
            name: name.to_owned(),
            path: self.shared.dir.join(name),
            closed: false,
        }
    }

    /// Deletes the file called `name`, durably; `false` if there is none.
    ///
    /// # Errors
    /// [`Unsupported`](StorageErrorKind::Unsupported) for what is no name of a
    /// [`file`](Self::file); otherwise what the system says.
    pub fn remove(&self, name: &str) -> Result<bool, StorageError> {
        check_name(name)?;
        self.shared.lock().open.remove(name);
        let path = self.shared.dir.join(name);
        match fs::remove_file(&path) {
            Ok(()) => directory::sync(&self.shared.dir).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StorageError::io(
                error,
                format!("removing {}", path.display()),
            )),
        }
    }

    /// Number of handles that are open now.
    #[must_use]
    pub fn open_handles(&self) -> usize {
        self.shared.lock().open.len()
    }
}

impl fmt::Debug for FilePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePool")
            .field("dir", &self.shared.dir)
            .field("max_open", &self.shared.max_open)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Handles> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handle of `name`; `None` if there is no such file and it is not to be created.
    fn handle(&self, name: &str, create: bool) -> io::Result<Option<Arc<File>>> {
        let mut handles = self.lock();
        handles.clock += 1;
        let now = handles.clock;
        if let Some(handle) = handles.open.get_mut(name) {
            handle.used = now;
            return Ok(Some(Arc::clone(&handle.file)));
        }
        let path = self.dir.join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !create {
                    return Ok(None);
                }
                fs::create_dir_all(&self.dir)?;
                handles.names_are_new = true;
                options.create(true).open(&path)?
            }
            Err(error) => return Err(error),
        };
        if handles.open.len() >= self.max_open {
            let oldest = handles.open.iter().min_by_key(|(_, handle)| handle.used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                // Closing does not sync: what was written stays with the file, and a later sync
                // through another handle covers it.
                handles.open.remove(&oldest);
            }
        }
        let file = Arc::new(file);
        let handle = Handle {
            file: Arc::clone(&file),
            used: now,
        };
        handles.open.insert(name.to_owned(), handle);
        Ok(Some(file))
    }

    /// Makes the names of new files durable.
    fn sync_names(&self) -> Result<(), StorageError> {
        // Locked until it is done: whoever comes meanwhile may rely on it too.
        let mut handles = self.lock();
        if handles.names_are_new {
            directory::sync(&self.dir)?;
            directory::sync(directory::of(&self.dir))?;
            handles.names_are_new = false;
        }
        Ok(())
    }
}

/// One file of a [`FilePool`]. A file that nobody has written yet is empty.
///
/// [`close`](RandomAccess::close) closes this view; other views of the file work on.
pub struct PooledFile {
    shared: Arc<Shared>,
    name: String,
    path: PathBuf,
    closed: bool,
}

impl PooledFile {
    /// Where the file is, or will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn existing(&self) -> Result<Option<Arc<File>>, StorageError> {
        self.check_open()?;
        let handle = self.shared.handle(&self.name, false);
        handle.map_err(|error| self.failed(error))
    }

    fn created(&self) -> Result<Arc<File>, StorageError> {
        self.check_open()?;
        let handle = self.shared.handle(&self.name, true);
        handle
            .and_then(|file| file.ok_or_else(|| io::ErrorKind::NotFound.into()))
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> StorageError {
        StorageError::io(error, format!("opening {}", self.path.display()))
    }

    fn check_open(&self) -> Result<(), StorageError> {
        if self.closed {
            return Err(StorageError::new(
                StorageErrorKind::Closed,
                format!("file {}", self.path.display()),
            ));
        }
        check_name(&self.name)
    }
}

impl fmt::Debug for PooledFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledFile")
            .field("path", &self.path)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl RandomAccess for PooledFile {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        match self.existing()? {
            Some(file) => file_store::read(&file, &self.path, offset, into),
            None if into.is_empty() => Ok(()),
            None => Err(StorageError::new(
                StorageErrorKind::OutOfBounds,
                format!("{} is not there yet", self.path.display()),
            )),
        }
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        if data.is_empty() {
            return self.check_open();
        }
        file_store::write(&*self.created()?, &self.path, offset, data)
    }

    fn len(&self) -> Result<u64, StorageError> {
        match self.existing()? {
            Some(file) => file_store::len(&file, &self.path),
            None => Ok(0),
        }
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        file_store::truncate(&*self.created()?, &self.path, len)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        let Some(file) = self.existing()? else {
            return Ok(());
        };
        file_store::sync(&file, &self.path)?;
        self.shared.sync_names()
    }

    fn close(&mut self) -> Result<(), StorageError> {
        if self.closed {
            return Ok(());
        }
        let synced = self.sync();
        self.closed = true;
        synced
    }
}

/// Names become file names, so they cannot be anything that means something to a file system.
pub(crate) fn check_name(name: &str) -> Result<(), StorageError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(StorageError::new(
        StorageErrorKind::Unsupported,
        format!("{name:?} cannot be the name of a file"),
    ))
}
