use std::ops::ControlFlow;

use crate::faulty::Device;
use crate::{
    Batch, Durability, Fault, FaultPlan, Faulty, KeyValue, Loss, MemoryStore, Op, StorageError,
};

/// What a crash may take back from a store.
#[derive(Default)]
pub(crate) struct StoreHistory {
    // Oldest first; those of class Power are never here.
    commits: Vec<Undo>,
    // A failed commit that a crash may bring back.
    hidden: Option<Batch>,
}

struct Undo {
    batch: Batch,
    class: Durability,
}

impl StoreHistory {
    fn acknowledged(&mut self, class: Durability) {
        self.hidden = None;
        if class == Durability::Power {
            self.commits.clear();
        }
        for earlier in &mut self.commits {
            earlier.class = earlier.class.max(class);
        }
    }

    /// How many of the newest commits `loss` takes.
    fn taken(&self, loss: Loss, plan: &FaultPlan) -> usize {
        let at_risk = match loss {
            Loss::Power => self.commits.len(),
            Loss::Process => {
                let newest_first = self.commits.iter().rev();
                newest_first
                    .take_while(|undo| undo.class == Durability::Relaxed)
                    .count()
            }
        };
        plan.taken(at_risk)
    }
}

impl<S: KeyValue> Device<S> {
    fn apply(&mut self, batch: &Batch, class: Durability) -> Result<(), StorageError> {
        let mut undo = Batch::new();
        for op in batch {
            let (Op::Delete { key } | Op::Put { key, .. }) = op;
            match self.inner.get(key)? {
                Some(old) => undo.put(key, &old),
                None => undo.delete(key),
            }
        }
        self.inner.commit(batch, class)?;
        self.store.commits.push(Undo { batch: undo, class });
        Ok(())
    }
}

impl Faulty<MemoryStore> {
    /// The store as it is found after a crash now. The device itself is left as it is.
    ///
    /// The commits that may be lost are a suffix of all commits. How many of them are gone, and
    /// whether a [hidden](Fault::Hidden) commit is back, is the plan's choice: the worst, or by
    /// its seed. A hidden commit comes after all others, so it is back only if none is lost.
    #[must_use]
    pub fn crash(&self, loss: Loss) -> MemoryStore {
        let device = self.lock();
        let mut image = device.inner.clone();
        let taken = device.store.taken(loss, &self.plan);
        let lost = device.store.commits.iter().rev().take(taken);
        let mut batches: Vec<&Batch> = lost.map(|undo| &undo.batch).collect();
        if let Some(hidden) = &device.store.hidden
            && taken == 0
            && self.plan.toss(true)
        {
            batches.push(hidden);
        }
        for batch in batches {
            let applied = image.commit(batch, Durability::Power);
            debug_assert!(applied.is_ok(), "an open store in memory takes every batch");
        }
        image
    }
}

impl<S: KeyValue> KeyValue for Faulty<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.plan.read("get")?;
        self.lock().inner.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        self.plan.read("scan")?;
        // Copied out first, because the callback may read from this store, which locks it.
        let mut found = Vec::new();
        self.lock().inner.scan(prefix, &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })?;
        for (key, value) in found {
            if each(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), StorageError> {
        let verdict = self.plan.mutation("commit");
        let mut device = self.lock();
        match verdict {
            None => {
                device.apply(batch, durability)?;
                device.store.acknowledged(durability);
                Ok(())
            }
            Some((fault, error)) => {
                match fault {
                    Fault::After => device.apply(batch, Durability::Relaxed)?,
                    Fault::Before | Fault::Torn => {}
                    Fault::Hidden => device.store.hidden = Some(batch.clone()),
                }
                Err(error)
            }
        }
    }

    fn close(&mut self) -> Result<(), StorageError> {
        let verdict = self.plan.mutation("close");
        let mut device = self.lock();
        let closed = device.inner.close();
        match verdict {
            Some((fault, error)) => {
                if fault == Fault::After {
                    device.store.acknowledged(Durability::Power);
                }
                Err(error)
            }
            None => {
                closed?;
                device.store.acknowledged(Durability::Power);
                Ok(())
            }
        }
    }
}
