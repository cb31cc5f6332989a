use std::fmt;
use std::path::PathBuf;

use crate::Backend;

/// What [`DiskStore::open`](crate::DiskStore::open) found and did.
///
/// Nothing is repaired silently: whatever opening changed, beyond replaying whole commits, is in
/// `repairs`. Show them to the user; each displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenReport {
    /// The store did not exist and was created.
    pub created: bool,
    /// The database that keeps its metadata.
    pub backend: Backend,
    /// Commits that were taken from the journal because the database did not have them yet: more
    /// than none after a crash.
    pub replayed: u64,
    /// What was repaired, in the order in which it was done.
    pub repairs: Vec<Repair>,
}

/// Something that opening a store put right.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repair {
    /// The database of a store whose creation was cut short could not be opened and was moved.
    DatabaseMoved {
        /// Where it is now.
        to: PathBuf,
    },
    /// The journal ended in something else than whole commits; that end was cut off.
    ///
    /// With no later commits it is the commit that was being written when the process ended, never
    /// acknowledged. With later ones the machine stopped before they were synced, which classes
    /// below [`Power`](hyperfeed_storage::Durability::Power) allow; a copy is kept then.
    JournalCut {
        /// Number of the last commit kept.
        kept: u64,
        /// How many bytes were cut off.
        bytes: u64,
        /// How many later commits can be told apart in these bytes.
        later: u64,
        /// Where the journal was copied before.
        copy: Option<PathBuf>,
    },
    /// A database was removed that the store does not use: a [migration](crate::DiskStore::migrate)
    /// was interrupted and had left it.
    LeftoverRemoved {
        /// Where it was.
        database: PathBuf,
        /// Whether the migration was done: then it is the old database. Otherwise it is the new one,
        /// and the store is as it was.
        finished: bool,
    },
    /// Commits that had been durable were given up, because the caller asked to salvage.
    RolledBack {
        /// Number of the last commit kept.
        kept: u64,
        /// Number of the last commit that is known to have been durable.
        lost: u64,
        /// Where the journal was copied before.
        copy: Option<PathBuf>,
    },
    /// A snapshot that the database had not finished writing was removed; it holds nothing that the
    /// database does not have.
    SnapshotRemoved {
        /// The file.
        file: PathBuf,
    },
    /// The database did not open with its snapshots and did without them; they were moved.
    SnapshotsMoved {
        /// Where they are now.
        to: Vec<PathBuf>,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DatabaseMoved { to } => write!(
                f,
                "moved the database of a store that was never finished to {}",
                to.display()
            ),
            Self::JournalCut {
                kept,
                bytes,
                later: 0,
                ..
            } => write!(
                f,
                "cut {bytes} bytes of an unfinished commit off the journal after commit {kept}"
            ),
            Self::JournalCut {
                kept,
                bytes,
                later,
                copy,
            } => {
                write!(
                    f,
                    "cut {bytes} bytes with {later} commits that were never synced off the journal \
                     after commit {kept}"
                )?;
                display_copy(copy.as_ref(), f)
            }
            Self::LeftoverRemoved { database, finished } => write!(
                f,
                "removed {}, {}",
                database.display(),
                if *finished {
                    "from which a finished migration had copied everything"
                } else {
                    "the unfinished copy of a migration that was interrupted"
                }
            ),
            Self::RolledBack { kept, lost, copy } => {
                write!(
                    f,
                    "gave up the commits {} to {lost}",
                    kept.saturating_add(1)
                )?;
                display_copy(copy.as_ref(), f)
            }
            Self::SnapshotRemoved { file } => {
                write!(f, "removed the unfinished snapshot {}", file.display())
            }
            Self::SnapshotsMoved { to } => {
                write!(f, "opened the database without its snapshots, now at")?;
                for path in to {
                    write!(f, " {}", path.display())?;
                }
                Ok(())
            }
        }
    }
}

fn display_copy(copy: Option<&PathBuf>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match copy {
        Some(path) => write!(f, "; the journal as it was is at {}", path.display()),
        None => Ok(()),
    }
}
