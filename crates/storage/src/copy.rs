use std::ops::ControlFlow;

use crate::{Batch, Durability, KeyValue, StorageError, StorageErrorKind};

/// Batches of a copy are committed at this size.
const BATCH_BYTES: usize = 1 << 20;

/// Copies every entry of `from` into `to`, which must be empty, and says how many there are.
///
/// It is how a store moves to another backend. On `Ok` the copy is durable against a power loss.
///
/// ```
/// use hyperfeed_storage::{Batch, Durability, KeyValue, MemoryStore, copy};
///
/// let (mut from, mut to) = (MemoryStore::new(), MemoryStore::new());
/// let mut batch = Batch::new();
/// batch.put(b"key", b"value");
/// from.commit(&batch, Durability::Process)?;
/// assert_eq!(copy(&from, &mut to)?, 1);
/// assert_eq!(to.get(b"key")?.as_deref(), Some(&b"value"[..]));
/// # Ok::<(), hyperfeed_storage::StorageError>(())
/// ```
///
/// # Errors
/// [`InUse`](StorageErrorKind::InUse) when `to` is not empty; otherwise what either store says. `to`
/// may then hold a part of the entries: throw it away.
pub fn copy(from: &dyn KeyValue, to: &mut dyn KeyValue) -> Result<u64, StorageError> {
    let mut empty = true;
    to.scan(b"", &mut |_, _| {
        empty = false;
        ControlFlow::Break(())
    })?;
    if !empty {
        return Err(StorageError::new(
            StorageErrorKind::InUse,
            "the store to copy to is not empty",
        ));
    }
    let mut batch = Batch::new();
    let mut entries = 0;
    let mut failed = None;
    from.scan(b"", &mut |key, value| {
        batch.put(key, value);
        entries += 1;
        if batch.byte_len() >= BATCH_BYTES {
            if let Err(error) = to.commit(&batch, Durability::Relaxed) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            batch.clear();
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    to.commit(&batch, Durability::Power)?;
    Ok(entries)
}
