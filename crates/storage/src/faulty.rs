use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::FaultPlan;
use crate::faulty_file::FileHistory;
use crate::faulty_store::StoreHistory;

/// What a crash takes, for [`Faulty::crash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// The machine stopped: only commits of class [`Power`](crate::Durability::Power), and writes
    /// to files before a `sync`, are sure to be there.
    Power,
    /// The process ended: only commits of class [`Relaxed`](crate::Durability::Relaxed) that no
    /// higher one followed may be missing.
    Process,
}

/// A store or a file that fails where a [`FaultPlan`] says so, and can tell what a crash would
/// leave.
///
/// [`share`](Self::share) gives a second handle, so that a test can still ask for the crash image
/// after it has handed the first one away in a box.
///
/// ```
/// use hyperfeed_storage::{Durability, FaultPlan, Faulty, KeyValue, Loss, MemoryStore};
///
/// let plan = FaultPlan::new();
/// let store = Faulty::new(MemoryStore::new(), &plan);
/// let mut in_use: Box<dyn KeyValue> = Box::new(store.share());
/// let mut batch = hyperfeed_storage::Batch::new();
/// batch.put(b"key", b"value");
/// in_use.commit(&batch, Durability::Process)?;
///
/// assert_eq!(store.crash(Loss::Process).get(b"key")?.as_deref(), Some(&b"value"[..]));
/// assert_eq!(store.crash(Loss::Power).get(b"key")?, None);
/// # Ok::<(), hyperfeed_storage::StorageError>(())
/// ```
///
/// It remembers what is not yet durable: at least one old and one new copy of those bytes.
pub struct Faulty<S> {
    pub(crate) plan: FaultPlan,
    pub(crate) device: Arc<Mutex<Device<S>>>,
}

pub(crate) struct Device<S> {
    pub(crate) inner: S,
    pub(crate) store: StoreHistory,
    pub(crate) file: FileHistory,
}

impl<S> Faulty<S> {
    /// `inner` under `plan`. What `inner` holds already counts as durable.
    #[must_use]
    pub fn new(inner: S, plan: &FaultPlan) -> Self {
        Self {
            plan: plan.clone(),
            device: Arc::new(Mutex::new(Device {
                inner,
                store: StoreHistory::default(),
                file: FileHistory::default(),
            })),
        }
    }

    /// Another handle to the same device. Closing one closes both.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            plan: self.plan.clone(),
            device: Arc::clone(&self.device),
        }
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Device<S>> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: fmt::Debug> fmt::Debug for Faulty<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("inner", &self.lock().inner)
            .field("plan", &self.plan)
            .finish()
    }
}
