use std::fmt;

/// Which database keeps the metadata of a store.
///
/// A store remembers its own; see [`DiskOptions::backend`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// [redb](https://docs.rs/redb), a copy-on-write B-tree in one file, `meta.redb`. Needs the
    /// crate's feature `redb`.
    Redb,
    /// [sled](https://docs.rs/sled), a log-structured tree in the directory `sled`.
    #[default]
    Sled,
}

impl Backend {
    pub(crate) const ALL: [Self; 2] = [Self::Redb, Self::Sled];

    /// The name: `redb` or `sled`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redb => "redb",
            Self::Sled => "sled",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How to open a [`DiskStore`](crate::DiskStore). The default is right for nearly everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskOptions {
    /// The database of a store that is created now. An existing store keeps the one it has, whatever
    /// this says.
    pub backend: Backend,
    /// Memory that the database may use as a cache, in bytes.
    pub cache_bytes: u64,
    /// Size of the journal, in bytes, at which its commits are moved to the database. A larger
    /// journal means fewer syncs, and a longer opening after a crash.
    pub checkpoint_bytes: u64,
    /// Changes kept in memory, in bytes, at which they are moved to the database even if the
    /// journal is smaller. Of a key written many times only the newest value counts. While they are
    /// moved as many again may come.
    pub pending_bytes: u64,
    /// Open the store even if commits that had been durable are damaged in the journal, without
    /// them and what came after. The default is to refuse, because a writer that forgets what it
    /// signed forks its feed.
    pub salvage: bool,
}

impl DiskOptions {
    /// Default of [`cache_bytes`](Self::cache_bytes): 32 MiB.
    pub const CACHE_BYTES: u64 = 32 << 20;
    /// Default of [`checkpoint_bytes`](Self::checkpoint_bytes): 64 MiB.
    pub const CHECKPOINT_BYTES: u64 = 64 << 20;
    /// Default of [`pending_bytes`](Self::pending_bytes): 8 MiB.
    pub const PENDING_BYTES: u64 = 8 << 20;
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self {
            backend: Backend::default(),
            cache_bytes: Self::CACHE_BYTES,
            checkpoint_bytes: Self::CHECKPOINT_BYTES,
            pending_bytes: Self::PENDING_BYTES,
            salvage: false,
        }
    }
}
