use hyperfeed_storage::{RandomAccess, StorageError, StorageErrorKind};

use super::moving::Moving;
use super::{Logged, Opening, header_after, missing};
use crate::Repair;
use crate::engine::Engine;
use crate::journal::{Header, Journal, Replay, read_header, replay};
use crate::journal_place::{JournalName, JournalPlace};
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
    /// Opens an existing store: reads the mark of the backend, replays the journals over it, and
    /// decides what is whole.
    pub(crate) fn recover(self) -> Result<(Logged, Recovery), StorageError> {
        let mark = read_mark(&*self.engine, self.store)?;
        let (file, header) = open_journal(&*self.place, self.store)?;
        let older = if mark.whole < header.base {
            Some(Older::read(&*self.place, &mark, &header)?)
        } else {
            None
        };
        let gap = older.as_ref().is_some_and(|older| !older.reaches(&header));
        let mut overlay = Overlay::default();
        let found = replay(&*file, &header, &mut |batch| {
            if !gap {
                overlay.apply(batch);
            }
        })?;
        let verdict = Verdict::of(&mark, &header, &found, older.as_ref());
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
        let repairs = verdict.repairs(&*self.place)?;
        let journal = Journal::resume(file, &header, &found, verdict.kept)?;
        if verdict.replayed == 0 {
            overlay.clear();
        }
        let mut logged = Logged {
            engine: self.engine,
            place: self.place,
            journal,
            overlay,
            moving: older.map(|older| Moving::new(older.overlay, header.base, older.file)),
            pace: self.pace,
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
        } else if gap {
            logged.rewrite_journal()?;
        } else if verdict.replayed == 0 && (found.records > 0 || header.start != mark.whole) {
            // A checkpoint was cut short before its last step, the new journal.
            let header = header_after(&mark, &*logged.engine);
            logged.put_journal(&header, &[])?;
        }
        if logged.moving.is_none() {
            logged.place.remove_older()?;
        }
        let replayed = verdict.replayed;
        Ok((logged, Recovery { replayed, repairs }))
    }
}

/// The journal before the one in use, where the backend does not have its commits.
struct Older {
    file: Box<dyn RandomAccess>,
    header: Header,
    found: Replay,
    overlay: Overlay,
}

impl Older {
    fn read(place: &dyn JournalPlace, mark: &Mark, next: &Header) -> Result<Self, StorageError> {
        let lacking = |reached: u64| {
            corrupt(format!(
                "the database lacks the commits {} to {reached}, which the journal no longer has; \
                 restore the store from a backup",
                mark.whole + 1,
            ))
        };
        let file = place
            .open(JournalName::Older)?
            .ok_or_else(|| lacking(next.base))?;
        let header = read_header(&*file)?;
        if header.store != next.store {
            return Err(belongs_elsewhere());
        }
        if mark.whole < header.base {
            return Err(lacking(header.base));
        }
        let mut overlay = Overlay::default();
        let found = replay(&*file, &header, &mut |batch| overlay.apply(batch))?;
        Ok(Self {
            file,
            header,
            found,
            overlay,
        })
    }

    /// Whether the journal in use goes on where this one ends.
    fn reaches(&self, next: &Header) -> bool {
        reached(&self.header, &self.found) >= next.base
    }
}

/// The number of the commit that a journal leads to. A rewritten one starts past its base; without
/// its first record it reaches nothing.
const fn reached(header: &Header, found: &Replay) -> u64 {
    if found.records == 0 {
        header.base
    } else {
        found.number
    }
}

/// What a mark and the journals amount to.
struct Verdict {
    /// All commits up to this number can be had.
    kept: u64,
    /// All commits up to this number were durable once.
    durable: u64,
    /// How many commits the journals have and the backend has not.
    replayed: u64,
    /// Bytes that no whole commit has, or only one after a gap.
    cut: u64,
    /// Heads of commits among them.
    later: u64,
    /// The journal that ends too early.
    torn: JournalName,
}

impl Verdict {
    fn of(mark: &Mark, header: &Header, found: &Replay, older: Option<&Older>) -> Self {
        let durable = found.floor.max(mark.intent);
        let verdict = |reached: u64, durable: u64| Self {
            kept: reached.max(mark.whole),
            durable,
            replayed: reached.saturating_sub(mark.whole),
            cut: found.tail,
            later: found.later,
            torn: JournalName::Current,
        };
        match older {
            None => verdict(reached(header, found), durable),
            Some(older) => {
                let durable = durable.max(older.found.floor);
                if older.reaches(header) {
                    return verdict(reached(header, found), durable);
                }
                let unusable = found.end.saturating_sub(Header::BYTES as u64);
                Self {
                    cut: older.found.tail + unusable + found.tail,
                    later: older.found.later + found.records + found.later,
                    torn: JournalName::Older,
                    ..verdict(reached(&older.header, &older.found), durable)
                }
            }
        }
    }

    fn repairs(&self, place: &dyn JournalPlace) -> Result<Vec<Repair>, StorageError> {
        let gives_up = self.kept < self.durable;
        let copy = if gives_up || self.later > 0 {
            if self.torn == JournalName::Older {
                place.copy_aside(JournalName::Current)?;
            }
            place.copy_aside(self.torn)?
        } else {
            None
        };
        let repair = if gives_up {
            Repair::RolledBack {
                kept: self.kept,
                lost: self.durable,
                copy,
            }
        } else if self.cut > 0 || self.torn == JournalName::Older {
            Repair::JournalCut {
                kept: self.kept,
                bytes: self.cut,
                later: self.later,
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
    let mut file = place.open(JournalName::Current)?;
    if file.is_none() && place.open(JournalName::Older)?.is_some() {
        place.undo_rotation()?;
        file = place.open(JournalName::Current)?;
    }
    let file = file.ok_or_else(journal_missing)?;
    let header = read_header(&*file)?;
    if header.store != store {
        return Err(belongs_elsewhere());
    }
    Ok((file, header))
}

fn belongs_elsewhere() -> StorageError {
    corrupt("the journal belongs to another store; put back the one of this store".to_owned())
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
