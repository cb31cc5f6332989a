//! Older commits on their way to the backend, while new ones go on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use hyperfeed_storage::{RandomAccess, StorageError, StorageErrorKind};

use super::BeforeSync;
use super::checkpoint::fill;
use crate::engine::Engine;
use crate::journal_place::JournalPlace;
use crate::mark::Mark;
use crate::overlay::Overlay;

/// Commits that are in an older journal and not, or not yet, in the backend.
pub(super) struct Moving {
    /// Their changes: under those of newer commits, over the backend.
    pub(super) overlay: Arc<Overlay>,
    /// Number of the newest of them.
    pub(super) number: u64,
    pub(super) journal: Arc<OlderJournal>,
    /// None if it failed, or was not begun since the store was opened.
    work: Option<Work>,
}

impl Moving {
    pub(super) fn new(overlay: Overlay, number: u64, journal: Box<dyn RandomAccess>) -> Self {
        Self {
            overlay: Arc::new(overlay),
            number,
            journal: Arc::new(OlderJournal(Mutex::new(Journal::Written(journal)))),
            work: None,
        }
    }

    pub(super) fn start(&mut self, mut job: Job, pace: Pace) -> Result<(), StorageError> {
        self.work = Some(match pace {
            Pace::Thread => {
                let work = move || {
                    loop {
                        if let Some(outcome) = job.advance() {
                            return outcome;
                        }
                    }
                };
                let thread = thread::Builder::new().name("hyperfeed-checkpoint".to_owned());
                let thread = thread.spawn(work).map_err(|error| {
                    StorageError::io(error, "starting a thread for a checkpoint")
                })?;
                Work::Thread(thread)
            }
            #[cfg(test)]
            Pace::Steps(each) => Work::Steps(Box::new(job), each),
        });
        Ok(())
    }

    /// How the work ended, once it has; with `wait` whenever that is. None if there is no work.
    pub(super) fn outcome(&mut self, wait: bool) -> Option<Outcome> {
        match self.work.take()? {
            Work::Thread(thread) if wait || thread.is_finished() => {
                Some(thread.join().unwrap_or_else(|_| Outcome::panicked()))
            }
            #[cfg(test)]
            Work::Steps(mut job, each) => {
                let steps = if wait { usize::MAX } else { each };
                let outcome = (0..steps).find_map(|_| job.advance());
                if outcome.is_none() {
                    self.work = Some(Work::Steps(job, each));
                }
                outcome
            }
            work => {
                self.work = Some(work);
                None
            }
        }
    }
}

/// Who does the work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// A thread of its own.
    Thread,
    /// The caller, so many steps at each commit: every run is the same.
    #[cfg(test)]
    Steps(usize),
}

enum Work {
    Thread(JoinHandle<Outcome>),
    #[cfg(test)]
    Steps(Box<Job>, usize),
}

/// The journal before the one in use, written to the end.
pub(super) struct OlderJournal(Mutex<Journal>);

enum Journal {
    Written(Box<dyn RandomAccess>),
    Synced,
    /// A sync failed: a later one may succeed although what this one was to write is gone.
    Doubtful,
}

impl OlderJournal {
    /// Makes its commits durable, if they are not.
    pub(super) fn sync(&self) -> Result<(), StorageError> {
        let mut journal = self.lock();
        match &mut *journal {
            Journal::Written(file) => match file.sync() {
                Ok(()) => *journal = Journal::Synced,
                Err(error) => {
                    *journal = Journal::Doubtful;
                    return Err(error);
                }
            },
            Journal::Synced => {}
            Journal::Doubtful => {
                return Err(StorageError::new(
                    StorageErrorKind::Poisoned,
                    "an earlier sync of the journal failed",
                ));
            }
        }
        Ok(())
    }

    pub(super) fn is_doubtful(&self) -> bool {
        matches!(*self.lock(), Journal::Doubtful)
    }

    fn lock(&self) -> MutexGuard<'_, Journal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be done to move commits, in this order.
pub(super) struct Job {
    pub(super) before_sync: Option<BeforeSync>,
    pub(super) journal: Arc<OlderJournal>,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) overlay: Arc<Overlay>,
    pub(super) number: u64,
    pub(super) mark: Mark,
    pub(super) place: Arc<dyn JournalPlace>,
    pub(super) next: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// What the commits speak of must not be lost when they are not.
    SyncElsewhere,
    SyncJournal,
    FillBackend,
    RemoveJournal,
    Done,
}

/// What became of the work.
pub(super) struct Outcome {
    /// The mark that the backend has now.
    pub(super) mark: Result<Mark, StorageError>,
    /// The backend has to be opened again before it is written.
    pub(super) backend_failed: bool,
}

impl Outcome {
    fn panicked() -> Self {
        let error = StorageError::new(StorageErrorKind::Poisoned, "a checkpoint panicked");
        Self {
            mark: Err(error),
            backend_failed: true,
        }
    }
}

impl Job {
    fn step(&mut self) -> Result<(), StorageError> {
        self.next = match self.next {
            Step::SyncElsewhere => {
                self.before_sync.as_ref().map_or(Ok(()), |sync| sync())?;
                Step::SyncJournal
            }
            Step::SyncJournal => {
                self.journal.sync()?;
                Step::FillBackend
            }
            Step::FillBackend => {
                self.mark = fill(&*self.engine, self.overlay.iter(), self.mark, self.number)?;
                Step::RemoveJournal
            }
            Step::RemoveJournal => {
                // Nobody needs it any more. If it stays, the next opening removes it, or the next
                // one takes its place.
                let _ = self.place.remove_older();
                Step::Done
            }
            Step::Done => Step::Done,
        };
        Ok(())
    }

    /// The next step; the outcome if it was the last, or failed.
    fn advance(&mut self) -> Option<Outcome> {
        let result = self.step();
        if result.is_ok() && self.next != Step::Done {
            return None;
        }
        Some(Outcome {
            backend_failed: result.is_err() && self.next == Step::FillBackend,
            mark: result.map(|()| self.mark),
        })
    }
}
