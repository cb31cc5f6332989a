use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hyperfeed_storage::{StorageError, StorageErrorKind};
use zeroize::Zeroizing;

use crate::directory;
use crate::file_pool::check_name;

const MAGIC: &[u8; 8] = b"hfkey\0\0\x01";
const CHECK_BYTES: usize = 4;

/// Secret keys, each in a file of its own that only its owner may read.
///
/// A key is written under another name, synced and renamed, so it is there whole or not at all and
/// outlives whatever happens to the database. Each file carries a checksum: a damaged key is an
/// error, never another key.
///
/// ```
/// use hyperfeed_storage_disk::KeyDir;
///
/// # let dir = tempfile::tempdir()?;
/// let keys = KeyDir::open(&dir.path().join("keys"))?;
/// keys.save("1f1d4ea7", b"secret")?;
/// assert_eq!(keys.load("1f1d4ea7")?.as_deref().map(Vec::as_slice), Some(&b"secret"[..]));
/// assert_eq!(keys.load("absent")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct KeyDir {
    dir: PathBuf,
}

impl KeyDir {
    /// Opens the directory, and creates it if need be (mode 0700).
    ///
    /// # Errors
    /// What the system says.
    pub fn open(dir: &Path) -> Result<Self, StorageError> {
        if !dir.is_dir() {
            directory::create(dir)?;
            #[cfg(unix)]
            {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
                fs::set_permissions(dir, mode).map_err(|error| {
                    StorageError::io(error, format!("protecting {}", dir.display()))
                })?;
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Stores `secret` under `name`, durably, in place of what was there.
    ///
    /// # Errors
    /// [`Unsupported`](StorageErrorKind::Unsupported) for a name that is not made of 1 to 200
    /// ASCII letters, digits, `-` and `_`; otherwise what the system says, and then the old key is
    /// still there.
    pub fn save(&self, name: &str, secret: &[u8]) -> Result<(), StorageError> {
        let path = self.path(name)?;
        let mut content =
            Zeroizing::new(Vec::with_capacity(MAGIC.len() + secret.len() + CHECK_BYTES));
        content.extend_from_slice(MAGIC);
        content.extend_from_slice(secret);
        let check = crc32fast::hash(&content);
        content.extend_from_slice(&check.to_le_bytes());
        directory::replace_file(&path, &content, true)
    }

    /// The secret stored under `name`; `None` if there is none. It is wiped when dropped.
    ///
    /// # Errors
    /// [`Corrupt`](StorageErrorKind::Corrupt) when the file is damaged; as [`save`](Self::save).
    pub fn load(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        let path = self.path(name)?;
        let content = match fs::read(&path) {
            Ok(content) => Zeroizing::new(content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(StorageError::io(
                    error,
                    format!("reading key file {}", path.display()),
                ));
            }
        };
        let secret = parse(&content).ok_or_else(|| {
            StorageError::new(
                StorageErrorKind::Corrupt,
                format!(
                    "key file {} is damaged; restore it from a backup",
                    path.display()
                ),
            )
        })?;
        Ok(Some(Zeroizing::new(secret.to_vec())))
    }

    /// Deletes the secret stored under `name`, durably; `false` if there is none.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn remove(&self, name: &str) -> Result<bool, StorageError> {
        let path = self.path(name)?;
        match fs::remove_file(&path) {
            Ok(()) => directory::sync(&self.dir).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StorageError::io(
                error,
                format!("removing key file {}", path.display()),
            )),
        }
    }

    /// The names under which secrets are stored, sorted.
    ///
    /// # Errors
    /// What the system says.
    pub fn list(&self) -> Result<Vec<String>, StorageError> {
        let failed = |error| {
            StorageError::io(
                error,
                format!("listing key files of {}", self.dir.display()),
            )
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(name) = name.to_str()
                && check_name(name).is_ok()
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn path(&self, name: &str) -> Result<PathBuf, StorageError> {
        check_name(name)?;
        Ok(self.dir.join(name))
    }
}

fn parse(content: &[u8]) -> Option<&[u8]> {
    let (checked, check) = content.split_last_chunk::<CHECK_BYTES>()?;
    if crc32fast::hash(checked) != u32::from_le_bytes(*check) {
        return None;
    }
    checked.strip_prefix(MAGIC)
}
