use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Batch, Durability, KeyValue, Op, StorageError, StorageErrorKind};

type Entries = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// A [`KeyValue`] in memory.
///
/// The content lives as long as a handle to it: [`share`](Self::share) gives another handle to the
/// same content, which is how a test "opens the same place again"; `clone` copies the content. Two
/// handles are not locked against each other, so let one of them write.
#[derive(Default)]
pub struct MemoryStore {
    // A scan works on the map it found; a commit meanwhile copies it. So a callback may read.
    place: Arc<Mutex<Arc<Entries>>>,
    closed: bool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another open handle to the same content, even when this one is closed.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            place: Arc::clone(&self.place),
            closed: false,
        }
    }

    /// Number of keys.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Entries>> {
        // The map is replaced by operations that cannot panic half way: a poisoned lock is whole.
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_open(&self) -> Result<(), StorageError> {
        if self.closed {
            return Err(StorageError::new(
                StorageErrorKind::Closed,
                "store in memory",
            ));
        }
        Ok(())
    }
}

/// An open store with a copy of the content.
impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        Self {
            place: Arc::new(Mutex::new(Arc::clone(&self.lock()))),
            closed: false,
        }
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("key_count", &self.key_count())
            .field("closed", &self.closed)
            .finish()
    }
}

impl KeyValue for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.check_open()?;
        Ok(self.lock().get(key).map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        self.check_open()?;
        let entries = Arc::clone(&self.lock());
        for (key, value) in entries.range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded)) {
            if !key.starts_with(prefix) || each(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch, _durability: Durability) -> Result<(), StorageError> {
        self.check_open()?;
        let mut place = self.lock();
        let entries = Arc::make_mut(&mut place);
        for op in batch {
            match op {
                Op::Delete { key } => {
                    entries.remove(key);
                }
                Op::Put { key, value } => {
                    // Most puts overwrite: the key need not be allocated again then.
                    if let Some(slot) = entries.get_mut(key) {
                        *slot = value.into();
                    } else {
                        entries.insert(key.into(), value.into());
                    }
                }
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.closed = true;
        Ok(())
    }
}
