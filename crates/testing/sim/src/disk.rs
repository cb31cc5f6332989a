//! What a host stores on: it fails when told to, and forgets what was not made durable.

use crate::host::NamedFeed;
use crate::random::Random;
use hyperfeed_storage::{
    Durability, Fault, FaultPlan, Faulty, Loss, MemoryFile, MemoryStore, StorageErrorKind,
};
use hyperfeed_v2_feed::Blocks;
use std::collections::BTreeMap;

/// A trouble of a host's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Every operation that changes something is refused, until it is healed.
    Full,
    /// The machine stops in the middle of an operation.
    Halt(Fault),
    /// An operation that changes something fails.
    Operation(Fault),
    /// An operation that reads fails.
    Read,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Full,
        Self::Halt(Fault::After),
        Self::Halt(Fault::Before),
        Self::Halt(Fault::Hidden),
        Self::Halt(Fault::Torn),
        Self::Operation(Fault::After),
        Self::Operation(Fault::Before),
        Self::Operation(Fault::Hidden),
        Self::Operation(Fault::Torn),
        Self::Read,
    ];
}

/// A disk: one store, and a file for each feed whose blocks are attached.
pub(crate) struct Disk {
    pub(crate) plan: FaultPlan,
    store: Faulty<MemoryStore>,
    files: BTreeMap<NamedFeed, Faulty<MemoryFile>>,
    /// What its crashes are: the end of the process, or the loss of power.
    loss: Loss,
}

impl Disk {
    /// A disk of a host that commits in the class `class` and crashes as badly as that class must bear.
    pub(crate) fn new(class: Durability, random: &mut Random) -> Self {
        let plan = plan(random);
        Self {
            store: Faulty::new(MemoryStore::new(), &plan),
            files: BTreeMap::new(),
            loss: match class {
                Durability::Power => Loss::Power,
                _ => Loss::Process,
            },
            plan,
        }
    }

    /// The least class that no crash of this disk takes.
    pub(crate) fn safe(&self) -> Durability {
        match self.loss {
            Loss::Power => Durability::Power,
            Loss::Process => Durability::Process,
        }
    }

    pub(crate) fn store(&self) -> Box<Faulty<MemoryStore>> {
        Box::new(self.store.share())
    }

    /// Where a feed keeps its blocks: in the file it has, or in the store.
    pub(crate) fn blocks(&self, feed: NamedFeed) -> Blocks {
        match self.files.get(&feed) {
            Some(file) => Blocks::Attached(Box::new(file.share())),
            None => Blocks::InStore,
        }
    }

    /// Gives a feed a file of its own.
    pub(crate) fn attach(&mut self, feed: NamedFeed) {
        let file = Faulty::new(MemoryFile::new(), &self.plan);
        self.files.insert(feed, file);
    }

    pub(crate) fn trouble(&self, trouble: Trouble, after: u64) {
        match trouble {
            Trouble::Full => self
                .plan
                .refuse_from(self.plan.operations() + after, StorageErrorKind::Full),
            Trouble::Halt(fault) => self.plan.halt(self.plan.operations() + after, fault),
            Trouble::Operation(fault) => self.plan.fail(self.plan.operations() + after, fault),
            Trouble::Read => self.plan.fail_read(self.plan.reads() + after),
        }
    }

    /// What is found after a crash; the disk works again.
    pub(crate) fn crash(&mut self, random: &mut Random) {
        let plan = plan(random);
        self.store = Faulty::new(self.store.crash(self.loss), &plan);
        for file in self.files.values_mut() {
            *file = Faulty::new(file.crash(self.loss), &plan);
        }
        self.plan = plan;
    }
}

/// Half of all disks lose all that they may; the others any part of it.
fn plan(random: &mut Random) -> FaultPlan {
    match random.chance(50) {
        true => FaultPlan::new(),
        false => FaultPlan::seeded(random.draw()),
    }
}
