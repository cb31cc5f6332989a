use std::fmt;

use crate::{Backend, Repair};

/// What [`DiskStore::migrate`](crate::DiskStore::migrate) did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// The database that kept the metadata before.
    pub from: Backend,
    /// The database that keeps it now. Equal to `from` if there was nothing to do.
    pub to: Backend,
    /// How many entries were copied and compared.
    pub entries: u64,
    /// What opening the store had to repair first.
    pub repairs: Vec<Repair>,
}

/// How far a [migration](crate::DiskStore::migrate) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationProgress {
    /// What is being done.
    pub phase: MigrationPhase,
    /// Entries done in this phase.
    pub done: u64,
    /// Entries in all.
    pub total: u64,
}

/// The long parts of a migration, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MigrationPhase {
    /// Entries are written to the new database.
    Copying,
    /// Both databases are read to the end, and what was read is compared.
    Comparing,
}

impl fmt::Display for MigrationPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Copying => "copying",
            Self::Comparing => "comparing",
        })
    }
}
