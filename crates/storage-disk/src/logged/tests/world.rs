use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hyperfeed_storage::{
    Batch, Durability, FaultPlan, Faulty, KeyValue, Loss, MemoryFile, MemoryStore, RandomAccess,
    StorageError, StorageErrorKind,
};

use super::State;
use crate::engine::{Change, Each, Engine};
use crate::journal_place::{JournalName, JournalPlace, Replaced};
use crate::logged::recover::Recovery;
use crate::logged::{Limits, Logged, Opening, Pace};
use crate::tally::Tally;

/// A store on a simulated device, every part of which fails and crashes under one plan.
pub(super) struct World {
    pub(super) plan: FaultPlan,
    pub(super) engine: Faulty<MemoryStore>,
    // One byte: which of `listings` holds. A rename writes it, a directory sync syncs it.
    pub(super) directory: Faulty<MemoryFile>,
    pub(super) files: Arc<Mutex<Vec<Faulty<MemoryFile>>>>,
    listings: Arc<Mutex<Vec<Listing>>>,
    pub(super) pace: Pace,
    store: Option<Logged>,
    id: u64,
}

/// Which files have the names of the journals.
#[derive(Clone, Copy, Default)]
struct Listing {
    current: Option<usize>,
    older: Option<usize>,
}

impl World {
    /// Checkpoints are as far as they can be after each commit.
    pub(super) fn create(plan: FaultPlan, limits: Limits) -> Self {
        Self::create_as(plan, limits, Pace::Steps(usize::MAX), 1)
    }

    pub(super) fn create_as(plan: FaultPlan, limits: Limits, pace: Pace, id: u64) -> Self {
        let mut world = Self {
            pace,
            listings: Arc::default(),
            engine: Faulty::new(MemoryStore::new(), &plan),
            directory: Faulty::new(MemoryFile::new(), &plan),
            files: Arc::default(),
            store: None,
            plan,
            id,
        };
        world.store = Some(world.opening(limits, false).create().unwrap());
        world
    }

    /// What is found after a crash now, under a new plan.
    pub(super) fn crash(&self, loss: Loss, plan: FaultPlan) -> Self {
        let files = self.files.lock().unwrap();
        let files = files
            .iter()
            .map(|file| Faulty::new(file.crash(loss), &plan));
        Self {
            engine: Faulty::new(self.engine.crash(loss), &plan),
            directory: Faulty::new(self.directory.crash(loss), &plan),
            files: Arc::new(Mutex::new(files.collect())),
            listings: Arc::new(Mutex::new(self.listings.lock().unwrap().clone())),
            pace: self.pace,
            store: None,
            plan,
            id: self.id,
        }
    }

    pub(super) fn recover(&mut self, limits: Limits) -> Recovery {
        self.try_recover(limits, false).unwrap()
    }

    pub(super) fn try_recover(
        &mut self,
        limits: Limits,
        salvage: bool,
    ) -> Result<Recovery, StorageError> {
        self.store = None;
        let (store, recovery) = self.opening(limits, salvage).recover()?;
        self.store = Some(store);
        Ok(recovery)
    }

    pub(super) fn store(&mut self) -> &mut Logged {
        self.store.as_mut().unwrap()
    }

    pub(super) fn take_store(&mut self) -> Option<Logged> {
        self.store.take()
    }

    pub(super) fn state(&self) -> State {
        self.try_state().unwrap()
    }

    pub(super) fn try_state(&self) -> Result<State, StorageError> {
        let store = self.store.as_ref().unwrap();
        let mut state = State::new();
        store.scan(b"", &mut |key, value| {
            state.insert(key.to_vec(), value.to_vec());
            ControlFlow::Continue(())
        })?;
        for (key, value) in &state {
            assert_eq!(store.get(key)?.as_ref(), Some(value));
        }
        Ok(state)
    }

    pub(super) fn has_journal(&self) -> bool {
        self.place().open(JournalName::Current).unwrap().is_some()
    }

    pub(super) fn journal_len(&self) -> u64 {
        self.place()
            .open(JournalName::Current)
            .unwrap()
            .unwrap()
            .len()
            .unwrap()
    }

    pub(super) fn flip_journal(&self, at: u64) {
        let mut file = self.place().open(JournalName::Current).unwrap().unwrap();
        let mut byte = [0];
        file.read(at, &mut byte).unwrap();
        file.write(at, &[byte[0] ^ 0x10]).unwrap();
    }

    pub(super) fn damage_value(&self, key: &[u8]) {
        let key = entry_key(key);
        let mut value = self.engine.get(&key).unwrap().unwrap();
        value[0] ^= 1;
        let mut batch = Batch::new();
        batch.put(&key, &value);
        self.engine
            .share()
            .commit(&batch, Durability::Power)
            .unwrap();
    }

    pub(super) fn remove_entry(&self, key: &[u8]) {
        let mut batch = Batch::new();
        batch.delete(&entry_key(key));
        self.engine
            .share()
            .commit(&batch, Durability::Power)
            .unwrap();
    }

    fn opening(&self, limits: Limits, salvage: bool) -> Opening {
        Opening {
            engine: Arc::new(SimulatedEngine {
                device: self.engine.share(),
                failed: AtomicBool::new(false),
            }),
            place: Arc::new(self.place()),
            store: self.id,
            limits,
            pace: self.pace,
            salvage,
        }
    }

    fn place(&self) -> SimulatedPlace {
        SimulatedPlace {
            plan: self.plan.clone(),
            directory: self.directory.share(),
            files: Arc::clone(&self.files),
            listings: Arc::clone(&self.listings),
        }
    }
}

/// A database that promises as little as [`Engine`] allows: each change is on its own, and after a
/// failed one nothing works until it is opened again.
struct SimulatedEngine {
    device: Faulty<MemoryStore>,
    failed: AtomicBool,
}

impl SimulatedEngine {
    fn commit(&self, batch: &Batch, durability: Durability) -> Result<(), StorageError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(StorageError::new(StorageErrorKind::Io, "failed earlier"));
        }
        let done = self.device.share().commit(batch, durability);
        self.failed.store(done.is_err(), Ordering::Relaxed);
        done
    }
}

fn entry_key(key: &[u8]) -> Vec<u8> {
    [b"e", key].concat()
}

impl Engine for SimulatedEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.device.get(&entry_key(key))
    }

    fn scan(&self, prefix: &[u8], each: &mut Each<'_>) -> Result<(), StorageError> {
        self.device
            .scan(&entry_key(prefix), &mut |key, value| each(&key[1..], value))
    }

    fn apply(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        tally: &mut Tally,
    ) -> Result<(), StorageError> {
        for (key, value) in changes {
            if let Some(old) = self.get(key)? {
                tally.remove(&old);
            }
            let mut batch = Batch::new();
            match value {
                Some(value) => {
                    tally.add(&value);
                    batch.put(&entry_key(key), &value);
                }
                None => batch.delete(&entry_key(key)),
            }
            self.commit(&batch, Durability::Process)?;
        }
        self.commit(&Batch::new(), Durability::Power)
    }

    fn mark(&self) -> Result<Option<Vec<u8>>, StorageError> {
        self.device.get(b"mark")
    }

    fn set_mark(&self, mark: &[u8]) -> Result<(), StorageError> {
        let mut batch = Batch::new();
        batch.put(b"mark", mark);
        self.commit(&batch, Durability::Power)
    }

    fn reopen(&mut self) -> Result<(), StorageError> {
        self.failed.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        0
    }
}

struct SimulatedPlace {
    plan: FaultPlan,
    directory: Faulty<MemoryFile>,
    files: Arc<Mutex<Vec<Faulty<MemoryFile>>>>,
    listings: Arc<Mutex<Vec<Listing>>>,
}

impl SimulatedPlace {
    fn listing(&self) -> Result<Listing, StorageError> {
        if self.directory.is_empty()? {
            return Ok(Listing::default());
        }
        let mut current = [0];
        self.directory.read(0, &mut current)?;
        Ok(self.listings.lock().unwrap()[usize::from(current[0])])
    }

    /// A rename or a removal. One that reports an error may have happened; a real one does not do
    /// that.
    fn change(&self, listing: Listing) -> Result<(), StorageError> {
        let mut listings = self.listings.lock().unwrap();
        let number = u8::try_from(listings.len()).unwrap();
        listings.push(listing);
        let mut directory = self.directory.share();
        let changed = directory.write(0, &[number]);
        let mut current = [number.wrapping_add(1)];
        let looked = directory.read(0, &mut current);
        if changed.is_err() && looked.is_ok() && current == [number] {
            return Ok(());
        }
        changed
    }

    fn create(&self, content: &[u8]) -> Result<(usize, Faulty<MemoryFile>), StorageError> {
        let mut file = Faulty::new(MemoryFile::new(), &self.plan);
        file.write(0, content)?;
        file.sync()?;
        let mut files = self.files.lock().unwrap();
        files.push(file.share());
        Ok((files.len() - 1, file))
    }
}

impl JournalPlace for SimulatedPlace {
    fn open(&self, name: JournalName) -> Result<Option<Box<dyn RandomAccess>>, StorageError> {
        let listing = self.listing()?;
        let number = match name {
            JournalName::Current => listing.current,
            JournalName::Older => listing.older,
        };
        let files = self.files.lock().unwrap();
        Ok(number.map(|number| Box::new(files[number].share()) as Box<dyn RandomAccess>))
    }

    fn replace(&self, content: &[u8]) -> Result<Replaced, StorageError> {
        let (number, file) = self.create(content)?;
        self.change(Listing {
            current: Some(number),
            ..self.listing()?
        })?;
        Ok(Replaced {
            file: Box::new(file),
            durable: self.directory.share().sync(),
        })
    }

    fn rotate(&self, content: &[u8]) -> Result<Replaced, StorageError> {
        let (number, file) = self.create(content)?;
        let before = self.listing()?;
        if before.current.is_none() {
            return Err(StorageError::new(StorageErrorKind::NotFound, "no journal"));
        }
        self.change(Listing {
            current: None,
            older: before.current,
        })?;
        let rotated = Listing {
            current: Some(number),
            older: before.current,
        };
        if let Err(error) = self.change(rotated) {
            let _ = self.change(before);
            return Err(error);
        }
        Ok(Replaced {
            file: Box::new(file),
            durable: self.directory.share().sync(),
        })
    }

    fn undo_rotation(&self) -> Result<(), StorageError> {
        self.change(Listing {
            current: self.listing()?.older,
            older: None,
        })?;
        self.directory.share().sync()
    }

    fn remove_older(&self) -> Result<(), StorageError> {
        let listing = self.listing()?;
        if listing.older.is_none() {
            return Ok(());
        }
        self.change(Listing {
            older: None,
            ..listing
        })
    }

    fn copy_aside(&self, _: JournalName) -> Result<Option<PathBuf>, StorageError> {
        Ok(None)
    }
}
