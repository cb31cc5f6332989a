//! What a rename or a new name in a directory needs to survive a power loss.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hyperfeed_storage::StorageError;

/// Makes the names in `dir` durable. Where directories cannot be opened (Windows) the system
/// orders such changes itself.
pub(crate) fn sync(dir: &Path) -> Result<(), StorageError> {
    if cfg!(windows) {
        return Ok(());
    }
    fs::File::open(dir)
        .and_then(|handle| handle.sync_all())
        .map_err(|error| StorageError::io(error, format!("syncing directory {}", dir.display())))
}

/// Creates `dir` and what leads to it, durably.
pub(crate) fn create(dir: &Path) -> Result<(), StorageError> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = of(dir);
    create(parent)?;
    match fs::create_dir(dir) {
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
        created => created.map_err(|error| {
            StorageError::io(error, format!("creating directory {}", dir.display()))
        })?,
    }
    sync(parent)
}

/// The directory that holds `path`.
pub(crate) fn of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Puts a file of this content in the place of `path`, all or nothing: whatever happens, `path` is
/// the old file or the whole new one, and after `Ok` it is the new one even after a power loss.
/// `private` keeps other users from reading it.
pub(crate) fn replace_file(path: &Path, content: &[u8], private: bool) -> Result<(), StorageError> {
    let temporary = temporary_of(path);
    let written = write_new(&temporary, content, private)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| StorageError::io(error, format!("replacing {}", path.display())));
    if written.is_err() {
        // Best effort: a leftover is overwritten by the next attempt and read by nobody.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync(of(path))
}

/// Where the new content is written before it takes the name `path`.
pub(crate) fn temporary_of(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// A name next to `path` that is not taken: `path` with `.suffix-1`, `-2`, …
pub(crate) fn free_name(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut number = 1_u64;
    loop {
        let candidate = path.with_file_name(format!("{name}.{suffix}-{number}"));
        if !candidate.exists() {
            return candidate;
        }
        number += 1;
    }
}

/// Whether there is room in `dir`, tried by writing a file and removing it.
pub(crate) fn has_room(dir: &Path) -> Result<(), StorageError> {
    const BYTES: usize = 4 << 20;
    let path = dir.join(".room.new");
    let written = write_new(&path, &vec![0x5a; BYTES], true);
    // Removed in any case: a part of it may have been written.
    let removed = fs::remove_file(&path);
    written
        .and(removed)
        .map_err(|error| StorageError::io(error, format!("trying the room in {}", dir.display())))
}

fn write_new(path: &Path, content: &[u8], private: bool) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let mut file = match options.open(path) {
        // A leftover may have other permissions, so it is not reused.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)?
        }
        other => other?,
    };
    io::Write::write_all(&mut file, content)?;
    file.sync_all()
}
