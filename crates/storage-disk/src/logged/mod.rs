//! Journal, overlay and backend together: the store, whatever lies beneath.

mod checkpoint;
mod moving;
mod recover;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::ControlFlow;
use std::sync::Arc;

use hyperfeed_storage::{Batch, Durability, StorageError, StorageErrorKind};

use crate::engine::{Each, Engine};
use crate::journal::{Header, Journal, RecordHead};
use crate::journal_place::JournalPlace;
use crate::mark::Mark;
use crate::overlay::Overlay;
use crate::sealed;
use crate::tally::Tally;

use moving::Moving;
pub(crate) use moving::Pace;

/// A failed checkpoint is tried again when the journal has grown by half; past this many times its
/// limit commits fail until one succeeds.
const OVERDUE: u64 = 4;

/// When the journal is emptied into the backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) journal_bytes: u64,
    pub(crate) overlay_bytes: u64,
}

/// See the crate's documentation for the order of things and why no crash hurts it.
pub(crate) struct Logged {
    engine: Arc<dyn Engine>,
    place: Arc<dyn JournalPlace>,
    journal: Journal,
    // Changes of the commits in `journal`.
    overlay: Overlay,
    // Commits before those.
    moving: Option<Moving>,
    pace: Pace,
    // What the backend is sure to have. The mark on disk is at least as far.
    mark: Mark,
    limits: Limits,
    // Sizes of journal and overlay at which the next checkpoint is due.
    due: Limits,
    failure: Option<StorageError>,
    // The backend failed and has to be opened again before it is written.
    backend_failed: bool,
    // Syncs what commits speak of and lies elsewhere.
    before_sync: Option<BeforeSync>,
}

/// Called before commits become durable, by any thread.
pub(crate) type BeforeSync = Arc<dyn Fn() -> Result<(), StorageError> + Send + Sync>;

/// What a store is made of, before it is known whether the parts agree.
pub(crate) struct Opening {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) place: Arc<dyn JournalPlace>,
    /// Id of the store.
    pub(crate) store: u64,
    pub(crate) limits: Limits,
    pub(crate) pace: Pace,
    /// Go on without commits that were durable and are damaged.
    pub(crate) salvage: bool,
}

impl Opening {
    /// A store without commits over an empty backend.
    pub(crate) fn create(self) -> Result<Logged, StorageError> {
        let mark = Mark::first(self.store);
        self.engine.set_mark(&mark.encode())?;
        let header = header_after(&mark, &*self.engine);
        let replaced = self.place.replace(&header.encode())?;
        replaced.durable?;
        let end = Header::BYTES as u64;
        Ok(Logged {
            journal: Journal::fresh(replaced.file, &header, mark.whole, end),
            engine: self.engine,
            place: self.place,
            overlay: Overlay::default(),
            moving: None,
            pace: self.pace,
            mark,
            limits: self.limits,
            due: self.limits,
            failure: None,
            backend_failed: false,
            before_sync: None,
        })
    }
}

impl Logged {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let mut value = Vec::new();
        Ok(self.get_into(key, &mut value)?.then_some(value))
    }

    pub(crate) fn get_into(&self, key: &[u8], into: &mut Vec<u8>) -> Result<bool, StorageError> {
        if let Some(newest) = self.changed(key) {
            into.clear();
            into.extend_from_slice(newest.unwrap_or_default());
            return Ok(newest.is_some());
        }
        let Some(mut sealed) = self.engine.get(key)? else {
            return Ok(false);
        };
        let length = sealed::open(key, &sealed)?.len();
        sealed.truncate(length);
        *into = sealed;
        Ok(true)
    }

    pub(crate) fn scan(&self, prefix: &[u8], each: &mut Each<'_>) -> Result<(), StorageError> {
        let mut newest = self.overlay.merge(prefix);
        let none = Overlay::default();
        let moving = self.moving.as_ref().map_or(&none, |moving| &moving.overlay);
        let mut newer = moving.merge(prefix);
        let mut damaged = None;
        let mut broken = false;
        self.engine.scan(prefix, &mut |key, value| {
            // Damage under a newer value is no matter any more.
            let value = match sealed::open(key, value) {
                Ok(value) => value,
                Err(_) if self.changed(key).is_some() => &[],
                Err(error) => {
                    damaged = Some(error);
                    return ControlFlow::Break(());
                }
            };
            let flow = newer.push(key, value, &mut |key, value| newest.push(key, value, each));
            broken = flow.is_break();
            flow
        })?;
        if let Some(error) = damaged {
            return Err(error);
        }
        if !broken {
            let flow = newer.finish(&mut |key, value| newest.push(key, value, each));
            if flow.is_continue() {
                // A break means that the caller wants no more, and there is no more.
                let _ = newest.finish(each);
            }
        }
        Ok(())
    }

    /// What commits that the backend may not have say of a key.
    fn changed(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let older = || self.moving.as_ref()?.overlay.get(key);
        self.overlay.get(key).or_else(older)
    }

    pub(crate) fn commit(
        &mut self,
        batch: &Batch,
        durability: Durability,
    ) -> Result<(), StorageError> {
        self.make_sound()?;
        self.look_after(false);
        if self.journal.bytes() / OVERDUE >= self.limits.journal_bytes
            || self.overlay.bytes() / OVERDUE >= self.limits.overlay_bytes
        {
            self.checkpoint()?;
        }
        if durability == Durability::Power {
            self.sync_elsewhere()?;
            self.sync_older_journal()?;
        }
        if batch.is_empty() {
            return self.journal.settle(durability);
        }
        self.journal.append(batch.encoded(), durability)?;
        self.overlay.apply(batch);
        if self.journal.bytes() >= self.due.journal_bytes
            || self.overlay.bytes() >= self.due.overlay_bytes
        {
            // The commit is safe in the journal whether or not this works.
            if let Err(error) = self.start_moving() {
                self.put_off(error);
            }
        }
        Ok(())
    }

    /// Makes every commit durable and moves it to the backend. An error means that commits may be
    /// lost.
    pub(crate) fn close(&mut self) -> Result<(), StorageError> {
        self.make_sound()?;
        self.sync_elsewhere()?;
        self.sync_older_journal()?;
        self.journal.settle(Durability::Power)?;
        // The journals are safe, so the next opening can do what fails here.
        self.failure = self.checkpoint().err();
        Ok(())
    }

    /// Reads everything, and compares it with what should be there.
    pub(crate) fn verify(&mut self) -> Result<u64, StorageError> {
        self.checkpoint()?;
        let counted = self.count()?;
        match self.mark.tally {
            Some(tally) if tally != counted => Err(missing(tally, counted)),
            Some(_) => Ok(counted.entries),
            None => {
                self.mark.tally = Some(counted);
                self.engine.set_mark(&self.mark.encode())?;
                Ok(counted.entries)
            }
        }
    }

    /// The mark of a backend that holds every commit, counted.
    pub(crate) fn whole_mark(&self) -> Result<Mark, StorageError> {
        let whole = self.mark.whole == self.journal.number()
            && self.overlay.is_empty()
            && self.moving.is_none();
        match self.mark.tally {
            Some(_) if whole => Ok(self.mark),
            _ => Err(StorageError::new(
                StorageErrorKind::Corrupt,
                "the database does not hold every commit",
            )),
        }
    }

    /// Starts an empty journal that knows how large the backend is now.
    pub(crate) fn restart_journal(&mut self) -> Result<(), StorageError> {
        self.checkpoint()?;
        let header = header_after(&self.mark, &*self.engine);
        self.put_journal(&header, &[])
    }

    pub(crate) fn set_before_sync(&mut self, before_sync: BeforeSync) {
        self.before_sync = Some(before_sync);
    }

    /// Why the last checkpoint failed, if it did.
    pub(crate) const fn failure(&self) -> Option<&StorageError> {
        self.failure.as_ref()
    }

    fn sync_elsewhere(&self) -> Result<(), StorageError> {
        self.before_sync.as_ref().map_or(Ok(()), |sync| sync())
    }

    /// Makes the commits before those of the journal in use durable.
    fn sync_older_journal(&mut self) -> Result<(), StorageError> {
        if let Some(moving) = &self.moving {
            moving.journal.sync()?;
            self.journal.note_synced(moving.number);
        }
        Ok(())
    }

    /// Counts the entries of the backend, and opens each.
    fn count(&self) -> Result<Tally, StorageError> {
        let mut tally = Tally::default();
        let mut damaged = None;
        self.engine
            .scan(b"", &mut |key, value| match sealed::open(key, value) {
                Ok(_) => {
                    tally.add(value);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    damaged = Some(error);
                    ControlFlow::Break(())
                }
            })?;
        damaged.map_or(Ok(tally), Err)
    }

    /// After a failure that could not be undone: a new journal in place of the doubtful one.
    fn make_sound(&mut self) -> Result<(), StorageError> {
        let older = self.moving.as_ref();
        if !self.journal.is_doubtful() && !older.is_some_and(|older| older.journal.is_doubtful()) {
            return Ok(());
        }
        self.rewrite_journal().map_err(|error| {
            StorageError::new(
                StorageErrorKind::Poisoned,
                "the journal could not be replaced after a failed write",
            )
            .with_source(error)
        })
    }

    /// Writes all that the backend does not have to a new journal, as one commit with the number
    /// of the newest.
    fn rewrite_journal(&mut self) -> Result<(), StorageError> {
        self.look_after(true);
        self.sync_elsewhere()?;
        let number = self.journal.number();
        let mut all = Batch::new();
        let older = self.moving.iter().flat_map(|moving| moving.overlay.iter());
        for (key, value) in older.chain(self.overlay.iter()) {
            match value {
                Some(value) => all.put(key, value),
                None => all.delete(key),
            }
        }
        let mut records = Vec::new();
        let mut header = header_after(&self.mark, &*self.engine);
        header.start = number;
        header.floor = number;
        if !all.is_empty() {
            header.start = number.saturating_sub(1);
            let head = RecordHead::of(number, header.start, all.encoded());
            records.extend_from_slice(&head.encode(header.salt));
            records.extend_from_slice(all.encoded());
        }
        self.put_journal(&header, &records)?;
        if let Some(moving) = self.moving.take() {
            self.overlay.put_under(&moving.overlay);
        }
        self.place.remove_older()
    }

    fn put_journal(&mut self, header: &Header, records: &[u8]) -> Result<(), StorageError> {
        let mut content = header.encode().to_vec();
        content.extend_from_slice(records);
        let number = self.journal.number();
        let replaced = self.place.replace(&content)?;
        self.journal = Journal::fresh(replaced.file, header, number, content.len() as u64);
        if replaced.durable.is_err() {
            self.journal.doubt();
        }
        replaced.durable
    }
}

impl Drop for Logged {
    /// Nobody else may open the store while its database is written.
    fn drop(&mut self) {
        self.look_after(true);
    }
}

impl std::fmt::Debug for Logged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logged")
            .field("journal", &self.journal)
            .field("overlay_bytes", &self.overlay.bytes())
            .field("mark", &self.mark)
            .finish_non_exhaustive()
    }
}

/// The header of an empty journal that goes on after `mark`.
fn header_after(mark: &Mark, engine: &dyn Engine) -> Header {
    Header {
        store: mark.store,
        salt: random(),
        base: mark.whole,
        start: mark.whole,
        floor: mark.whole,
        backend_bytes: engine.bytes(),
    }
}

/// A number that differs each time and that nobody outside can know.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn missing(expected: Tally, found: Tally) -> StorageError {
    StorageError::new(
        StorageErrorKind::Corrupt,
        format!(
            "the database holds {} entries where {} were stored, or other ones; restore the store \
             from a backup",
            found.entries, expected.entries
        ),
    )
}
