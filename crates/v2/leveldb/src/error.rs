use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a store of npm hypercore could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The files of the database contradict themselves.
    Damaged {
        /// What the reader of the database says.
        what: String,
    },
    /// Another program has the database open.
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system failed.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// The directory holds no LevelDB.
    NotADatabase {
        /// Which.
        path: PathBuf,
    },
    /// A feed record or node that is none.
    Record {
        /// What kind of record.
        what: &'static str,
        /// Its key, as text.
        key: String,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { what } => write!(f, "database is damaged: {what}"),
            Self::InUse { path } => write!(f, "{} is open in another program", path.display()),
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::NotADatabase { path } => write!(
                f,
                "no leveldb in {}: there is no file CURRENT",
                path.display()
            ),
            Self::Record { what, key, why } => write!(f, "{what} at key {key}: {why}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
