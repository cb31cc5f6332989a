use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use hyperfeed_storage::{StorageError, StorageErrorKind};

/// Holds a directory for this process: an exclusive lock on its file `LOCK`.
///
/// The system releases it when the process ends, however it ends. The file says which process
/// holds it, for people only.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: File,
}

impl DirLock {
    pub(crate) fn acquire(dir: &Path) -> Result<Self, StorageError> {
        let path = dir.join("LOCK");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| StorageError::io(error, format!("opening {}", path.display())))?;
        match lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Where the lock also forbids reading, the holder stays unknown.
                let _ = (&mut file).take(20).read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another process".to_owned(),
                    pid => format!("process {pid}"),
                };
                return Err(StorageError::new(
                    StorageErrorKind::InUse,
                    format!("{} is held open by {holder}", dir.display()),
                ));
            }
            Err(TryLockError::Error(error)) => {
                return Err(StorageError::io(
                    error,
                    format!("locking {}", path.display()),
                ));
            }
        }
        // The lock counts, not the text: a full disk must not keep the store closed.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

/// A child process that is being started has a copy of every handle until it runs its own program, so a lock that was
/// let go of can be held for a moment more.
fn lock(file: &File) -> Result<(), TryLockError> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if start.elapsed() < STARTS_IN => {
                thread::sleep(Duration::from_millis(5));
            }
            locked => return locked,
        }
    }
}

/// How long a child process takes to start, at most.
const STARTS_IN: Duration = Duration::from_millis(100);
