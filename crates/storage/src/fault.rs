use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::split_mix::SplitMix;
use crate::{StorageError, StorageErrorKind};

/// How a mutating operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It takes effect, and an error is returned all the same.
    After,
    /// It has no effect.
    Before,
    /// A commit: this handle never shows it, yet a crash before the next successful commit may
    /// bring it back. It is what a journal does whose write failed and cannot be taken back. A
    /// file: as [`Before`](Self::Before).
    Hidden,
    /// A write to a file: only a prefix of the bytes is written. A commit is atomic, so there it is
    /// as [`Before`](Self::Before).
    Torn,
}

/// Which operations of several [`Faulty`](crate::Faulty) stores and files fail, and how.
///
/// Mutating operations (commit, write, truncate, sync, close) are counted from 0 in the order in
/// which they happen, over everything that shares the plan; reads (get, scan, read, len) have a
/// count of their own. So "crash at each operation of this script" is a loop over numbers:
///
/// ```
/// use hyperfeed_storage::{Batch, Durability, Fault, FaultPlan, Faulty, KeyValue, Loss, MemoryStore};
///
/// let mut batch = Batch::new();
/// batch.put(b"key", b"value");
/// for operation in 0..2 {
///     let plan = FaultPlan::new();
///     plan.halt(operation, Fault::Before);
///     let mut store = Faulty::new(MemoryStore::new(), &plan);
///     let acknowledged = store.commit(&batch, Durability::Process).is_ok();
///     let after_crash = store.crash(Loss::Process);
///     assert_eq!(after_crash.get(b"key")?.is_some(), acknowledged);
/// }
/// # Ok::<(), hyperfeed_storage::StorageError>(())
/// ```
///
/// Cloning gives another handle to the same plan.
#[derive(Clone, Default)]
pub struct FaultPlan {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    chance: Option<SplitMix>,
    operations: u64,
    reads: u64,
    faults: BTreeMap<u64, (Fault, Then)>,
    read_faults: BTreeSet<u64>,
    refuse: Option<(u64, StorageErrorKind)>,
    halted: bool,
}

#[derive(Clone, Copy)]
enum Then {
    GoOn,
    Halt,
}

impl FaultPlan {
    /// Nothing fails, and a crash takes all that it may take.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing fails, and what a crash takes depends on `seed`: any outcome that the durability
    /// classes allow.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let plan = Self::new();
        plan.lock().chance = Some(SplitMix::new(seed));
        plan
    }

    /// The mutating operation number `operation` fails; the device works on.
    pub fn fail(&self, operation: u64, fault: Fault) {
        self.lock().faults.insert(operation, (fault, Then::GoOn));
    }

    /// The mutating operation number `operation` fails, and from then on everything does, reads
    /// included: the machine stopped there.
    pub fn halt(&self, operation: u64, fault: Fault) {
        self.lock().faults.insert(operation, (fault, Then::Halt));
    }

    /// Every mutating operation from number `operation` on is refused with `kind` and has no
    /// effect; reads work. A full disk: [`StorageErrorKind::Full`].
    pub fn refuse_from(&self, operation: u64, kind: StorageErrorKind) {
        self.lock().refuse = Some((operation, kind));
    }

    /// The read number `read` fails.
    pub fn fail_read(&self, read: u64) {
        self.lock().read_faults.insert(read);
    }

    /// Forgets every fault to come and lets a halted device work again. The counts go on.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.faults.clear();
        state.read_faults.clear();
        state.refuse = None;
        state.halted = false;
    }

    /// Mutating operations so far, failed ones included.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Reads so far, failed ones included.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.lock().reads
    }

    /// Whether a [`halt`](Self::halt) has taken place.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        self.lock().halted
    }

    /// Counts one mutating operation; how it shall fail, if it shall.
    pub(crate) fn mutation(&self, what: &'static str) -> Option<(Fault, StorageError)> {
        let mut state = self.lock();
        let number = state.operations;
        state.operations += 1;
        if state.halted {
            return Some((Fault::Before, injected(StorageErrorKind::Io, what, number)));
        }
        if let Some((fault, then)) = state.faults.remove(&number) {
            state.halted = matches!(then, Then::Halt);
            return Some((fault, injected(StorageErrorKind::Io, what, number)));
        }
        match state.refuse {
            Some((from, kind)) if number >= from => {
                Some((Fault::Before, injected(kind, what, number)))
            }
            _ => None,
        }
    }

    /// Counts one read, and fails it if it shall fail.
    pub(crate) fn read(&self, what: &'static str) -> Result<(), StorageError> {
        let mut state = self.lock();
        let number = state.reads;
        state.reads += 1;
        if state.read_faults.remove(&number) || state.halted {
            return Err(injected(StorageErrorKind::Io, what, number));
        }
        Ok(())
    }

    /// How many of `most` are taken when any number may be.
    pub(crate) fn taken(&self, most: usize) -> usize {
        match &mut self.lock().chance {
            Some(chance) => chance.up_to(most),
            None => most,
        }
    }

    /// Decides a question of chance; `worst` without a seed.
    pub(crate) fn toss(&self, worst: bool) -> bool {
        match &mut self.lock().chance {
            Some(chance) => chance.coin(),
            None => worst,
        }
    }

    /// How many bytes of a torn write of `length` bytes arrive: fewer than all.
    pub(crate) fn torn_at(&self, length: usize) -> usize {
        match &mut self.lock().chance {
            Some(chance) => chance.up_to(length.saturating_sub(1)),
            None => length / 2,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("FaultPlan")
            .field("operations", &state.operations)
            .field("reads", &state.reads)
            .field("halted", &state.halted)
            .finish_non_exhaustive()
    }
}

fn injected(kind: StorageErrorKind, what: &'static str, number: u64) -> StorageError {
    StorageError::new(kind, format!("injected fault in {what} number {number}"))
}
