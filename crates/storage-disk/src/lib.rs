#![doc = include_str!("../README.md")]

mod dir_lock;
mod directory;
mod disk_options;
mod disk_store;
mod engine;
mod file_pool;
mod file_store;
mod format_file;
mod guard;
mod journal;
mod journal_place;
mod key_dir;
mod logged;
mod mark;
mod migrate;
mod migration;
mod migration_note;
mod open_report;
mod overlay;
mod positional;
#[cfg(feature = "redb")]
mod redb_engine;
mod sealed;
mod sled_engine;
mod tally;

pub use disk_options::{Backend, DiskOptions};
pub use disk_store::DiskStore;
pub use file_pool::{FilePool, PooledFile};
pub use file_store::FileStore;
pub use key_dir::KeyDir;
pub use migration::{Migration, MigrationPhase, MigrationProgress};
pub use open_report::{OpenReport, Repair};
