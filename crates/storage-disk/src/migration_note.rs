use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hyperfeed_storage::StorageError;

use crate::{Backend, Repair, directory};

const NAME: &str = "MIGRATION";
const FIRST_LINE: &str = "hyperfeed migration 1";

/// The file that says that a second database belongs to a migration, so that it may be removed.
///
/// It is there before the second database is, and goes after it. Which of the two the store uses,
/// `FORMAT` alone decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MigrationNote {
    pub(crate) from: Backend,
    pub(crate) to: Backend,
    /// Id of the store.
    pub(crate) store: u64,
}

impl MigrationNote {
    /// The note, if there is a whole one. It is written all or nothing, so another file of this
    /// name is none of ours and gives no right to remove anything.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, StorageError> {
        let path = dir.join(NAME);
        match fs::read(&path) {
            Ok(content) => Ok(parse(&String::from_utf8_lossy(&content))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StorageError::io(
                error,
                format!("reading {}", path.display()),
            )),
        }
    }

    pub(crate) fn write(self, dir: &Path) -> Result<(), StorageError> {
        let body = self.body();
        let check = crc32fast::hash(body.as_bytes());
        let content = format!("{FIRST_LINE}\n{body}check {check:08x}\n");
        directory::replace_file(&dir.join(NAME), content.as_bytes(), false)
    }

    /// Removes the database that the store does not use, and then the note.
    pub(crate) fn settle(self, dir: &Path, used: Backend) -> Result<Option<Repair>, StorageError> {
        let finished = used == self.to;
        let database = database_path(dir, if finished { self.from } else { self.to });
        let removed = remove_database(&database)?;
        Self::remove(dir)?;
        Ok(removed.then_some(Repair::LeftoverRemoved { database, finished }))
    }

    fn remove(dir: &Path) -> Result<(), StorageError> {
        let path = dir.join(NAME);
        fs::remove_file(&path)
            .map_err(|error| StorageError::io(error, format!("removing {}", path.display())))?;
        directory::sync(dir)
    }

    fn body(self) -> String {
        let Self { from, to, store } = self;
        format!("from {from}\nto {to}\nid {store:016x}\n")
    }
}

/// Where the database of a store lies.
pub(crate) fn database_path(dir: &Path, backend: Backend) -> PathBuf {
    dir.join(match backend {
        Backend::Redb => "meta.redb",
        Backend::Sled => "sled",
    })
}

/// Removes a file or directory durably, and tells whether it was there.
fn remove_database(path: &Path) -> Result<bool, StorageError> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(StorageError::io(
                error,
                format!("removing {}", path.display()),
            ));
        }
    }
    directory::sync(directory::of(path))?;
    Ok(true)
}

fn parse(text: &str) -> Option<MigrationNote> {
    let mut lines = text.lines();
    let mut field = |name: &str| lines.next()?.strip_prefix(name);
    if !field(FIRST_LINE)?.is_empty() {
        return None;
    }
    let note = MigrationNote {
        from: backend(field("from ")?)?,
        to: backend(field("to ")?)?,
        store: u64::from_str_radix(field("id ")?, 16).ok()?,
    };
    let check = u32::from_str_radix(field("check ")?, 16).ok()?;
    (crc32fast::hash(note.body().as_bytes()) == check).then_some(note)
}

fn backend(name: &str) -> Option<Backend> {
    Backend::ALL.into_iter().find(|it| it.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back_and_any_other_text_is_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(MigrationNote::read(dir.path()).unwrap(), None);
        let note = MigrationNote {
            from: Backend::Sled,
            to: Backend::Redb,
            store: 7,
        };
        note.write(dir.path()).unwrap();
        assert_eq!(MigrationNote::read(dir.path()).unwrap(), Some(note));
        let text = fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert_eq!(parse(&text), Some(note));
        assert_eq!(parse(&text.replace("to redb", "to sled")), None);
        for end in 0..text.len() - 1 {
            assert_eq!(parse(&text[..end]), None, "{:?}", &text[..end]);
        }
    }
}
