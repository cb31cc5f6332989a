use crate::faulty::Device;
use crate::{
    Fault, FaultPlan, Faulty, Loss, MemoryFile, RandomAccess, StorageError, StorageErrorKind,
};

/// What a power loss may take back from a file.
#[derive(Default)]
pub(crate) struct FileHistory {
    // Oldest first. Undoing all of them from the newest to the oldest gives the content on which
    // those that survive are then done again.
    changes: Vec<Change>,
}

struct Change {
    what: What,
    old_len: u64,
    // What lay in the range that was overwritten or cut off, as far as the file went.
    old_bytes: Vec<u8>,
    fate: Fate,
}

enum What {
    Truncate { len: u64 },
    Write { offset: u64, data: Vec<u8> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// A sync failed on it: no later one makes it durable, as on real systems.
    Doubtful,
    /// Not synced yet.
    Open,
    /// Durable, but kept because something older is not.
    Settled,
}

impl Change {
    const fn at(&self) -> u64 {
        match self.what {
            What::Truncate { len } => len,
            What::Write { offset, .. } => offset,
        }
    }

    fn undo(&self, file: &mut MemoryFile) -> Result<(), StorageError> {
        file.truncate(self.old_len)?;
        file.write(self.at(), &self.old_bytes)
    }

    fn redo(&self, file: &mut MemoryFile) -> Result<(), StorageError> {
        match &self.what {
            What::Truncate { len } => file.truncate(*len),
            What::Write { offset, data } => file.write(*offset, data),
        }
    }

    /// As [`redo`](Self::redo), unless the power loss took the change or a part of it.
    fn redo_by_chance(&self, file: &mut MemoryFile, plan: &FaultPlan) -> Result<(), StorageError> {
        if plan.toss(true) {
            return Ok(());
        }
        match &self.what {
            What::Write { offset, data } if plan.toss(false) => {
                file.write(*offset, &data[..plan.torn_at(data.len())])
            }
            _ => self.redo(file),
        }
    }
}

impl FileHistory {
    fn synced(&mut self) {
        for change in &mut self.changes {
            if change.fate == Fate::Open {
                change.fate = Fate::Settled;
            }
        }
        if self.changes.iter().all(|c| c.fate == Fate::Settled) {
            self.changes.clear();
        }
    }

    fn sync_failed(&mut self) {
        for change in &mut self.changes {
            if change.fate == Fate::Open {
                change.fate = Fate::Doubtful;
            }
        }
    }

    fn power_loss(&self, file: &mut MemoryFile, plan: &FaultPlan) -> Result<(), StorageError> {
        for change in self.changes.iter().rev() {
            change.undo(file)?;
        }
        for change in &self.changes {
            match change.fate {
                Fate::Doubtful | Fate::Open => change.redo_by_chance(file, plan)?,
                Fate::Settled => change.redo(file)?,
            }
        }
        Ok(())
    }
}

impl<S: RandomAccess> Device<S> {
    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        let (old_len, old_bytes) = self.old(offset, data.len() as u64)?;
        self.inner.write(offset, data)?;
        if !data.is_empty() {
            let what = What::Write {
                offset,
                data: data.to_vec(),
            };
            self.remember(what, old_len, old_bytes);
        }
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        let (old_len, old_bytes) = self.old(len, u64::MAX)?;
        self.inner.truncate(len)?;
        self.remember(What::Truncate { len }, old_len, old_bytes);
        Ok(())
    }

    fn remember(&mut self, what: What, old_len: u64, old_bytes: Vec<u8>) {
        self.file.changes.push(Change {
            what,
            old_len,
            old_bytes,
            fate: Fate::Open,
        });
    }

    /// Length of the file, and what lies in the range.
    fn old(&self, offset: u64, length: u64) -> Result<(u64, Vec<u8>), StorageError> {
        let len = self.inner.len()?;
        let there = len.saturating_sub(offset).min(length);
        let there = usize::try_from(there).map_err(|_| {
            StorageError::new(StorageErrorKind::OutOfBounds, "cut is larger than memory")
        })?;
        let mut bytes = vec![0; there];
        self.inner.read(offset, &mut bytes)?;
        Ok((len, bytes))
    }
}

impl Faulty<MemoryFile> {
    /// The file as it is found after a crash now. The device itself is left as it is.
    ///
    /// The end of the process takes nothing. A power loss takes what no `sync` covered: all of it,
    /// or by the plan's seed any of the writes, and of a write any tail.
    #[must_use]
    pub fn crash(&self, loss: Loss) -> MemoryFile {
        let device = self.lock();
        let mut image = device.inner.clone();
        if loss == Loss::Power {
            let applied = device.file.power_loss(&mut image, &self.plan);
            debug_assert!(
                applied.is_ok(),
                "a file in memory takes what it took before"
            );
        }
        image
    }
}

impl<S: RandomAccess> RandomAccess for Faulty<S> {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        self.plan.read("read")?;
        self.lock().inner.read(offset, into)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        let verdict = self.plan.mutation("write");
        let mut device = self.lock();
        let Some((fault, error)) = verdict else {
            return device.write(offset, data);
        };
        match fault {
            Fault::After => device.write(offset, data)?,
            Fault::Before | Fault::Hidden => {}
            Fault::Torn => device.write(offset, &data[..self.plan.torn_at(data.len())])?,
        }
        Err(error)
    }

    fn len(&self) -> Result<u64, StorageError> {
        self.plan.read("len")?;
        self.lock().inner.len()
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        let verdict = self.plan.mutation("truncate");
        let mut device = self.lock();
        let Some((fault, error)) = verdict else {
            return device.truncate(len);
        };
        if fault == Fault::After {
            device.truncate(len)?;
        }
        Err(error)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        let verdict = self.plan.mutation("sync");
        let mut device = self.lock();
        if let Some((fault, error)) = verdict {
            match fault {
                Fault::After => device.file.synced(),
                Fault::Before | Fault::Hidden | Fault::Torn => device.file.sync_failed(),
            }
            return Err(error);
        }
        device.inner.sync()?;
        device.file.synced();
        Ok(())
    }

    fn close(&mut self) -> Result<(), StorageError> {
        let verdict = self.plan.mutation("close");
        let mut device = self.lock();
        let closed = device.inner.close();
        if let Some((fault, error)) = verdict {
            match fault {
                Fault::After => device.file.synced(),
                Fault::Before | Fault::Hidden | Fault::Torn => device.file.sync_failed(),
            }
            return Err(error);
        }
        closed?;
        device.file.synced();
        Ok(())
    }
}
