use std::fs;
use std::io;
use std::path::Path;

use hyperfeed_storage::{StorageError, StorageErrorKind};

use crate::{Backend, directory};

const NAME: &str = "FORMAT";
const FIRST_LINE: &str = "hyperfeed store 1";

/// The file that makes a directory a store: written last when one is created, never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) backend: Backend,
    /// Random; journal and database carry it too, so that parts of two stores never mix.
    pub(crate) store: u64,
}

impl Format {
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, StorageError> {
        let path = dir.join(NAME);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(StorageError::io(
                    error,
                    format!("reading {}", path.display()),
                ));
            }
        };
        let text = String::from_utf8_lossy(&content);
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        if first != FIRST_LINE && first.starts_with("hyperfeed store ") {
            return Err(StorageError::new(
                StorageErrorKind::Unsupported,
                format!("{} says {first:?}: use a newer version", path.display()),
            ));
        }
        let body: Vec<&str> = lines.collect();
        match parse(&body) {
            Some(format) if first == FIRST_LINE => Ok(Some(format)),
            _ => Err(StorageError::new(
                StorageErrorKind::Corrupt,
                format!("{} is damaged; restore it from a backup", path.display()),
            )),
        }
    }

    pub(crate) fn write(self, dir: &Path) -> Result<(), StorageError> {
        let body = format!("backend {}\nid {:016x}\n", self.backend, self.store);
        let check = crc32fast::hash(body.as_bytes());
        let content = format!("{FIRST_LINE}\n{body}check {check:08x}\n");
        directory::replace_file(&dir.join(NAME), content.as_bytes(), false)
    }
}

fn parse(lines: &[&str]) -> Option<Format> {
    let [backend, id, check] = lines else {
        return None;
    };
    let body = format!("{backend}\n{id}\n");
    let check = u32::from_str_radix(check.strip_prefix("check ")?, 16).ok()?;
    if crc32fast::hash(body.as_bytes()) != check {
        return None;
    }
    let name = backend.strip_prefix("backend ")?;
    Some(Format {
        backend: Backend::ALL.into_iter().find(|b| b.name() == name)?,
        store: u64::from_str_radix(id.strip_prefix("id ")?, 16).ok()?,
    })
}
