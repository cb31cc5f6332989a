//! Removing feeds: out of the catalogue at once, their data piece by piece.

use crate::layout::{self, Numbered};
use crate::{FeedError, Slot, Store};
use core::ops::ControlFlow;
use hyperfeed_storage::{Batch, Durability};

impl Store {
    /// Takes a feed out of the catalogue: into the batch. Once that is committed its data is deleted piece by piece;
    /// a crash on the way is finished by the next opening.
    ///
    /// # Errors
    /// No such feed; storage.
    pub fn remove(&mut self, slot: Slot) -> Result<(), FeedError> {
        let record = self.record(slot)?.ok_or(FeedError::NotFound { slot })?;
        self.batch.put(&layout::removed(slot), &[]);
        self.batch.delete(&layout::record(slot));
        self.batch.delete(&layout::head(slot));
        self.batch.delete(&layout::expected(slot));
        self.batch.delete(&layout::id(&record.id));
        if let Some(alias) = &record.alias {
            self.batch.delete(&layout::alias(alias));
        }
        self.removing.push(slot);
        Ok(())
    }

    /// Deletes the data of removed feeds, a bounded batch at a time.
    pub(crate) fn sweep(&mut self) -> Result<(), FeedError> {
        while let Some(slot) = self.removing.last().copied() {
            for what in Numbered::ALL {
                while self.sweep_some(&what.prefix(slot))? {}
            }
            let mut batch = Batch::new();
            batch.delete(&layout::removed(slot));
            self.kv.commit(&batch, Durability::Relaxed)?;
            self.removing.pop();
        }
        Ok(())
    }

    fn sweep_some(&mut self, prefix: &[u8]) -> Result<bool, FeedError> {
        let mut batch = Batch::new();
        self.kv.scan(prefix, &mut |key, _| {
            batch.delete(key);
            if batch.len() < SWEEP {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        if batch.is_empty() {
            return Ok(false);
        }
        self.kv.commit(&batch, Durability::Relaxed)?;
        Ok(true)
    }
}

/// Keys deleted in one batch.
const SWEEP: usize = 4096;
