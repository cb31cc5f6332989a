use std::ops::ControlFlow;

use hyperfeed_storage::StorageError;

use crate::tally::Tally;

/// The callback of a scan.
pub(crate) type Each<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// One change for a backend; the value is sealed, `None` deletes.
pub(crate) type Change<'a> = (&'a [u8], Option<Vec<u8>>);

/// A database behind the journal. It needs no atomic batches and no cheap sync: the journal makes
/// up for both. What it must not do is to lose or change what was synced before.
pub(crate) trait Engine: Send + Sync {
    /// The sealed value.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// Sealed values, ascending by key, until the callback breaks.
    fn scan(&self, prefix: &[u8], each: &mut Each<'_>) -> Result<(), StorageError>;

    /// Makes changes, and keeps `tally` up to date with them. On `Ok` they are visible and durable
    /// against a power loss. On an error any part of them may have been made.
    fn apply(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        tally: &mut Tally,
    ) -> Result<(), StorageError>;

    /// The mark that was set last.
    fn mark(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// Sets the mark, durably and all or nothing.
    fn set_mark(&self, mark: &[u8]) -> Result<(), StorageError>;

    /// Opens the database again after a failure: databases refuse everything once a write has
    /// failed. Does nothing while the device has no room, because an open database still serves
    /// reads and a closed one would not open.
    fn reopen(&mut self) -> Result<(), StorageError>;

    /// Size of the files on disk, 0 if unknown.
    fn bytes(&self) -> u64;
}
