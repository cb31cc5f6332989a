use std::fs::File;
use std::path::Path;

use crate::ReadError;

/// LevelDB's own lock on its directory, shared: no program of npm's can open it meanwhile.
///
/// It is a lock on the file `LOCK`, as POSIX has them. Where there is no such file nobody has the
/// directory open, and none is made; elsewhere than on Unix nothing is locked.
#[derive(Debug)]
pub(crate) struct HeldLock {
    _file: Option<File>,
}

impl HeldLock {
    #[cfg(unix)]
    pub(crate) fn take(dir: &Path) -> Result<Self, ReadError> {
        use rustix::fs::{FlockOperation, fcntl_lock};
        use rustix::io::Errno;
        use std::io::ErrorKind;

        let path = dir.join("LOCK");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self { _file: None }),
            Err(error) => return Err(ReadError::Io { path, error }),
        };
        match fcntl_lock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(Errno::AGAIN | Errno::ACCESS) => Err(ReadError::InUse {
                path: dir.to_owned(),
            }),
            // A file system without locks: LevelDB itself could not have opened it there.
            Err(_) => Ok(Self { _file: None }),
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn take(_: &Path) -> Result<Self, ReadError> {
        Ok(Self { _file: None })
    }
}
