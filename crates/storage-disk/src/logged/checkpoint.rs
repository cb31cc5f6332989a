//! Moving commits from the journal to the backend.

use std::sync::Arc;

use hyperfeed_storage::{Durability, StorageError, StorageErrorKind};

use super::moving::{Job, Moving, Outcome, Step};
use super::{Limits, Logged, header_after};
use crate::engine::Engine;
use crate::journal::Header;
use crate::journal_place::JournalName;
use crate::mark::Mark;
use crate::sealed;

impl Logged {
    /// Moves all commits to the backend and starts an empty journal.
    pub(crate) fn checkpoint(&mut self) -> Result<(), StorageError> {
        self.make_sound()?;
        self.look_after(true);
        self.sync_elsewhere()?;
        self.sync_older_journal()?;
        self.journal.settle(Durability::Power)?;
        let number = self.journal.number();
        if number == self.mark.whole && self.overlay.is_empty() {
            return Ok(());
        }
        self.reopen_backend()?;
        self.backend_failed = true;
        let mark = self.take_mark();
        let older = self.moving.iter().flat_map(|moving| moving.overlay.iter());
        let changes = older.chain(self.overlay.iter());
        self.mark = fill(&*self.engine, changes, mark, number)?;
        self.backend_failed = false;
        let header = header_after(&self.mark, &*self.engine);
        self.put_journal(&header, &[])?;
        self.overlay.clear();
        self.moving = None;
        self.failure = None;
        self.due = self.limits;
        self.place.remove_older()
    }

    /// Begins to move the commits so far to the backend, in a thread of its own. New ones go to a
    /// new journal meanwhile.
    pub(super) fn start_moving(&mut self) -> Result<(), StorageError> {
        // Commits must not outrun the backend.
        self.look_after(true);
        if self.moving.is_none() {
            self.rotate()?;
        }
        self.reopen_backend()?;
        let mark = self.take_mark();
        let Some(moving) = &mut self.moving else {
            return Ok(());
        };
        let job = Job {
            before_sync: self.before_sync.clone(),
            journal: Arc::clone(&moving.journal),
            engine: Arc::clone(&self.engine),
            overlay: Arc::clone(&moving.overlay),
            number: moving.number,
            mark,
            place: Arc::clone(&self.place),
            next: Step::SyncElsewhere,
        };
        moving.start(job, self.pace)
    }

    /// A new journal takes the next commits; those so far are to be moved.
    fn rotate(&mut self) -> Result<(), StorageError> {
        self.journal.settle(Durability::Process)?;
        let number = self.journal.number();
        let header = Header {
            base: number,
            start: number,
            floor: self.journal.synced(),
            ..header_after(&self.mark, &*self.engine)
        };
        let rotated = self.place.rotate(&header.encode()).inspect_err(|_| {
            // It may have lost its name half-way.
            if !matches!(self.place.open(JournalName::Current), Ok(Some(_))) {
                self.journal.doubt();
            }
        })?;
        let older = self.journal.go_on_in(rotated.file, &header);
        let overlay = std::mem::take(&mut self.overlay);
        self.moving = Some(Moving::new(overlay, number, older));
        self.due = self.limits;
        if rotated.durable.is_err() {
            self.journal.doubt();
        }
        rotated.durable
    }

    /// Takes note of how moving ended, if it has; with `wait` whenever that is.
    pub(super) fn look_after(&mut self, wait: bool) {
        let outcome = self.moving.as_mut().and_then(|moving| moving.outcome(wait));
        let Some(Outcome {
            mark,
            backend_failed,
        }) = outcome
        else {
            return;
        };
        self.backend_failed |= backend_failed;
        match mark {
            Ok(mark) => {
                self.mark = mark;
                self.journal.note_synced(mark.whole);
                self.moving = None;
                self.failure = None;
                self.due = self.limits;
            }
            Err(error) => self.put_off(error),
        }
    }

    /// The commits stay where they are for now. Tried again when there are half as many more.
    pub(super) fn put_off(&mut self, error: StorageError) {
        self.failure = Some(error);
        self.due = Limits {
            journal_bytes: self.journal.bytes().saturating_mul(3) / 2,
            overlay_bytes: self.overlay.bytes().saturating_mul(3) / 2,
        };
    }

    /// The mark, to fill the backend with. Until that is done the number of entries is not known.
    fn take_mark(&mut self) -> Mark {
        Mark {
            tally: self.mark.tally.take(),
            ..self.mark
        }
    }

    fn reopen_backend(&mut self) -> Result<(), StorageError> {
        if !self.backend_failed {
            return Ok(());
        }
        // Only the thread of a checkpoint has another reference, and none is running.
        let engine = Arc::get_mut(&mut self.engine).ok_or_else(|| {
            StorageError::new(StorageErrorKind::Poisoned, "the database is being written")
        })?;
        engine.reopen()?;
        self.backend_failed = false;
        Ok(())
    }
}

/// Gives the backend these changes, of all commits after `mark.whole` up to `number`, which journals
/// hold for good. The mark that it has then.
pub(super) fn fill<'a>(
    engine: &dyn Engine,
    changes: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    mut mark: Mark,
    number: u64,
) -> Result<Mark, StorageError> {
    mark.intent = number;
    engine.set_mark(&mark.encode())?;

    let mut tally = mark.tally.unwrap_or_default();
    let seal = |(key, value): (_, Option<_>)| (key, value.map(|value| sealed::seal(key, value)));
    engine.apply(&mut changes.map(seal), &mut tally)?;

    mark.whole = number;
    mark.tally = mark.tally.map(|_| tally);
    engine.set_mark(&mark.encode())?;
    Ok(mark)
}
