use hyperfeed_storage::{RandomAccess, StorageError, StorageErrorKind};

use super::{Logged, Opening, header_after, missing};
use crate::Repair;
use crate::engine::Engine;
use crate::journal::{Header, Journal, Replay, read_header, replay};
use crate::journal_place::JournalPlace;
use crate::mark::Mark;
use crate::overlay::Overlay;

/// A database up to this size is counted whenever it is opened; a larger one only when it shrank,
/// so that opening takes no longer for a longer feed.
const COUNTED_BYTES: u64 = 16 << 20;

/// What recovery did.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    pub(crate) replayed: u64,
    pub(crate) repairs: Vec<Repair>,
}

impl Opening {
    /// Opens an existing store: reads the mark of the backend, replays the journal over it, and
    /// decides what is whole.
    pub(crate) fn recover(self) -> Result<(Logged, Recovery), StorageError> {
        let mark = read_mark(&*self.engine, self.store)?;
        let (file, header) = open_journal(&*self.place, self.store)?;
        if mark.whole < header.base {
            return Err(corrupt(format!(
                "the database lacks the commits {} to {}, which the journal no longer has; restore \
                 the store from a backup",
                mark.whole + 1,
                header.base
            )));
        }
        let mut overlay = Overlay::default();
        let found = replay(&*file, &header, &mut |batch| overlay.apply(batch))?;
        let verdict = Verdict::of(&mark, &header, &found);
        if verdict.kept < verdict.durable && !self.salvage {
            return Err(corrupt(format!(
                "the commits {} to {} had been stored durably and are damaged in the journal at \
                 byte {}; restore the store from a backup, or open it with `salvage` to go on \
                 without them",
                verdict.kept + 1,
                verdict.durable,
                found.end
            )));
        }
        // Nothing was changed so far. The copy comes before the cut.
        let repairs = verdict.repairs(&found, &*self.place)?;
        let journal = Journal::resume(file, &header, &found, verdict.kept)?;
        if verdict.replayed == 0 {
            overlay.clear();
        }
        let mut logged = Logged {
            engine: self.engine,
            place: self.place,
            journal,
            overlay,
            mark: Mark {
                tally: mark.tally.filter(|_| mark.whole == mark.intent),
                ..mark
            },
            limits: self.limits,
            due: self.limits,
            failure: None,
            backend_failed: false,
            before_sync: None,
        };
        logged.check_entries(&header)?;
        if verdict.kept < verdict.durable {
            logged.give_up_the_lost()?;
        } else if verdict.replayed == 0 && (found.records > 0 || header.start != mark.whole) {
            // A checkpoint was cut short before its last step, the new journal.
            let header = header_after(&mark, &*logged.engine);
            logged.put_journal(&header, &[])?;
        }
        let replayed = verdict.replayed;
        Ok((logged, Recovery { replayed, repairs }))
    }
}

/// What a mark and a journal amount to.
struct Verdict {
    /// All commits up to this number can be had.
    kept: u64,
    /// All commits up to this number were durable once.
    durable: u64,
    /// How many commits the journal has and the backend has not.
    replayed: u64,
}

impl Verdict {
    fn of(mark: &Mark, header: &Header, found: &Replay) -> Self {
        // A rewritten journal starts past its base; without its first record it reaches nothing.
        let reached = if found.records == 0 {
            header.base
        } else {
            found.number
        };
        Self {
            kept: reached.max(mark.whole),
            durable: found.floor.max(mark.intent),
            replayed: reached.saturating_sub(mark.whole),
        }
    }

    fn repairs(
        &self,
        found: &Replay,
        place: &dyn JournalPlace,
    ) -> Result<Vec<Repair>, StorageError> {
        let gives_up = self.kept < self.durable;
        let copy = if gives_up || found.later > 0 {
            place.copy_aside()?
        } else {
            None
        };
        let repair = if gives_up {
            Repair::RolledBack {
                kept: self.kept,
                lost: self.durable,
                copy,
            }
        } else if found.tail > 0 {
            Repair::JournalCut {
                kept: self.kept,
                bytes: found.tail,
                later: found.later,
                copy,
            }
        } else {
            return Ok(Vec::new());
        };
        Ok(vec![repair])
    }
}

impl Logged {
    /// Goes on with what is left, and forgets that there was more.
    fn give_up_the_lost(&mut self) -> Result<(), StorageError> {
        self.rewrite_journal()?;
        self.mark.intent = self.mark.whole;
        self.mark.tally = None;
        self.engine.set_mark(&self.mark.encode())
    }

    /// Counts the entries where that is cheap or called for: damage can make a database open with
    /// less than it had. A database that is smaller than it was has been cut, or has freed space at
    /// its end after it was measured.
    fn check_entries(&self, header: &Header) -> Result<(), StorageError> {
        let bytes = self.engine.bytes();
        if bytes >= header.backend_bytes && bytes > COUNTED_BYTES {
            return Ok(());
        }
        let counted = self.count()?;
        match self.mark.tally {
            Some(tally) if tally != counted => Err(missing(tally, counted)),
            _ => Ok(()),
        }
    }
}

fn read_mark(engine: &dyn Engine, store: u64) -> Result<Mark, StorageError> {
    let bytes = engine.mark()?.ok_or_else(|| {
        corrupt(
            "the database has lost its mark, and more with it; restore the store from a backup"
                .to_owned(),
        )
    })?;
    let mark = Mark::decode(&bytes)?;
    if mark.store != store {
        return Err(corrupt(
            "the database belongs to another store; put back the one of this store".to_owned(),
        ));
    }
    Ok(mark)
}

fn open_journal(
    place: &dyn JournalPlace,
    store: u64,
) -> Result<(Box<dyn RandomAccess>, Header), StorageError> {
    let file = place.open()?.ok_or_else(journal_missing)?;
    let header = read_header(&*file)?;
    if header.store != store {
        return Err(corrupt(
            "the journal belongs to another store; put back the one of this store".to_owned(),
        ));
    }
    Ok((file, header))
}

fn journal_missing() -> StorageError {
    corrupt(
        "the journal is missing, and with it the newest commits; put it back, or restore the \
         store from a backup"
            .to_owned(),
    )
}

fn corrupt(context: String) -> StorageError {
    StorageError::new(StorageErrorKind::Corrupt, context)
}
