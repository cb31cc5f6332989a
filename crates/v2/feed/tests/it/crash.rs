//! Whatever operation of the storage fails, and however: what was acknowledged is there, what is there is explained by
//! the operations so far, and no index ever has two blocks.

use crate::place::{Place, Where, index, pair};
use bytes::Bytes;
use hyperfeed_storage::{
    Durability, Fault, FaultPlan, Faulty, Loss, MemoryFile, MemoryStore, RandomAccess,
};
use hyperfeed_types::{Hash, PublicId};
use hyperfeed_v2_feed::{Blocks, Feed, FeedError, Put, Slot, Store, leaf_hash};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Model = BTreeMap<u64, Vec<u8>>;

#[derive(Clone, Debug)]
enum Op {
    /// One commit of so many blocks.
    Append(usize),
    /// Ends a static feed.
    Finalize,
    /// One commit of blocks that a writer has.
    Put(Vec<u64>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Copy,
    Live,
    Static,
}

/// How the storage fails, and what the crash afterwards takes.
#[derive(Clone, Debug)]
struct Trouble {
    /// Operations that fail, counted from the first of the script, and how.
    faults: Vec<(u64, Fault)>,
    halt: bool,
    loss: Loss,
    seed: Option<u64>,
}

struct Life {
    kind: Kind,
    class: Durability,
    plan: FaultPlan,
    kv: Faulty<MemoryStore>,
    file: Option<Faulty<MemoryFile>>,
    store: Store,
    feed: Feed,
    /// What was acknowledged.
    model: Model,
    /// What was attempted since, and may be there.
    maybe: Option<Model>,
    /// Every block that ever showed.
    seen: BTreeMap<u64, Hash>,
    made: u64,
}

impl Life {
    fn new(kind: Kind, place: Where, class: Durability, seed: Option<u64>) -> Self {
        let plan = seed.map_or_else(FaultPlan::new, FaultPlan::seeded);
        let kv = Faulty::new(MemoryStore::new(), &plan);
        let file = (place == Where::Attached).then(|| Faulty::new(MemoryFile::new(), &plan));
        let mut store = Store::open(Box::new(kv.share())).unwrap();
        let blocks = blocks(file.as_ref().map(Faulty::share));
        let mut feed = match kind {
            Kind::Copy => Feed::create_clone(&mut store, pair().key(), blocks).unwrap(),
            Kind::Live => Feed::create_live(&mut store, pair(), blocks).unwrap(),
            Kind::Static => {
                Feed::create_static(&mut store, PublicId::new([9; 32]), blocks).unwrap()
            }
        };
        store.commit(Durability::Power).unwrap();
        feed.committed();
        Self {
            kind,
            class,
            plan,
            kv,
            file,
            store,
            feed,
            model: Model::new(),
            maybe: None,
            seen: BTreeMap::new(),
            made: 0,
        }
    }

    /// Does one operation; if it fails, finds out what is there, as often as it takes.
    fn step(&mut self, op: &Op, writer: &mut Place) {
        if self.maybe.is_some() && !self.find_out() {
            return;
        }
        let mut next = self.model.clone();
        match self.attempt(op, writer, &mut next) {
            Ok(()) => {
                self.model = next;
                self.note();
            }
            Err(FeedError::Storage(_)) => {
                self.maybe = Some(next);
                self.find_out();
            }
            // Finished already, because an attempt that failed had an effect.
            Err(FeedError::Finalized) if self.kind == Kind::Static => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    fn attempt(&mut self, op: &Op, writer: &mut Place, next: &mut Model) -> Result<(), FeedError> {
        match op {
            Op::Append(count) => {
                for _ in 0..*count {
                    // Never the same twice: an append that is tried again is another block.
                    self.made += 1;
                    let data = vec![self.made as u8; (self.made % 5) as usize + 1];
                    let leaf = leaf_hash(&data);
                    let bytes = Bytes::from(data.clone());
                    let block = self.feed.stage_append(&mut self.store, bytes, leaf)?;
                    next.insert(block.get(), data);
                }
            }
            Op::Finalize => {
                if self.feed.length() == 0 {
                    return Ok(());
                }
                self.feed.stage_finalize(&mut self.store)?;
            }
            Op::Put(numbers) => {
                for number in numbers {
                    let put: Put = writer.answer(&self.feed, *number);
                    next.insert(*number, put.data.to_vec());
                    self.feed.stage_put(&mut self.store, put)?;
                }
            }
        }
        self.feed.seal(&mut self.store, self.class)?;
        self.store.commit(self.class)?;
        self.feed.committed();
        Ok(())
    }

    /// Does one operation, again if a read fails.
    fn try_twice(&mut self, op: &Op, writer: &mut Place) {
        for first in [true, false] {
            let mut next = self.model.clone();
            match self.attempt(op, writer, &mut next) {
                Ok(()) => {
                    self.model = next;
                    // Once, for the read that fails may be this one.
                    self.note();
                    return;
                }
                Err(FeedError::Storage(_)) if first => {
                    self.feed.discard_staged(&mut self.store).unwrap();
                    assert_eq!(read(&mut self.feed, &mut self.store), self.model);
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    fn find_out(&mut self) -> bool {
        if self.feed.discard_staged(&mut self.store).is_err() {
            return false;
        }
        let there = read(&mut self.feed, &mut self.store);
        if Some(&there) == self.maybe.as_ref() {
            self.model = there;
        } else {
            assert_eq!(there, self.model);
        }
        self.maybe = None;
        self.note();
        true
    }

    /// What shows now must be what ever showed.
    fn note(&mut self) {
        for block in self.model.keys() {
            let found = self.feed.block(&mut self.store, index(*block));
            // After a halt nothing can be read; what shows is told by memory, and checked when it was added.
            let Ok(found) = found else { return };
            let leaf = found.unwrap().leaf;
            assert_eq!(
                *self.seen.entry(*block).or_insert(leaf),
                leaf,
                "block {block} forked"
            );
        }
    }

    /// The crash, and what is there afterwards.
    fn crash(mut self, loss: Loss, writer: &mut Place) {
        let kv = self.kv.crash(loss);
        let file = self.file.as_ref().map(|file| file.crash(loss));
        let slot = Slot::new(0);
        let mut store = Store::open(Box::new(kv)).unwrap();
        let handle = file.as_ref().map(MemoryFile::share);
        let secret = (self.kind == Kind::Live).then(|| pair().secret().clone());
        let mut feed = Feed::open(&mut store, slot, secret, blocks(handle)).unwrap();
        let there = read(&mut feed, &mut store);
        let promised = self.class >= class_of(loss);
        if promised {
            let is_explained = there == self.model || Some(&there) == self.maybe.as_ref();
            assert!(
                is_explained,
                "{there:?} is neither {:?} nor {:?}",
                self.model, self.maybe
            );
        } else if self.kind != Kind::Copy {
            let all = self.maybe.as_ref().unwrap_or(&self.model);
            assert!(
                there
                    .iter()
                    .all(|(block, data)| all.get(block) == Some(data))
            );
        }
        let findings = feed.check(&mut store, 0..u64::MAX).unwrap();
        assert!(findings.is_empty() && feed.check_head(&mut store).unwrap().is_empty());

        // Life goes on, and nothing forks.
        self.plan.heal();
        self.maybe = None;
        self.model = there;
        (self.store, self.feed) = (store, feed);
        if promised {
            self.note();
        } else {
            self.seen.clear();
        }
        let op = match self.kind {
            Kind::Copy => Op::Put((0..writer.feed.length()).collect()),
            Kind::Live => Op::Append(2),
            Kind::Static => Op::Finalize,
        };
        self.step(&op, writer);
        if let Some(file) = &file {
            let plain: Vec<u8> = self.model.values().flatten().copied().collect();
            let mut bytes = vec![0; file.len().unwrap() as usize];
            file.read(0, &mut bytes).unwrap();
            assert_eq!(bytes, plain);
        }
    }
}

const fn class_of(loss: Loss) -> Durability {
    match loss {
        Loss::Power => Durability::Power,
        Loss::Process => Durability::Process,
    }
}

fn blocks(file: Option<impl RandomAccess + 'static>) -> Blocks {
    match file {
        Some(file) => Blocks::Attached(Box::new(file)),
        None => Blocks::InStore,
    }
}

fn read(feed: &mut Feed, store: &mut Store) -> Model {
    let held: Vec<u64> = feed.held().runs(0..u64::MAX).flatten().collect();
    held.into_iter()
        .map(|block| {
            let found = feed.block(store, index(block)).unwrap().unwrap();
            assert!(found.is_intact(), "block {block}");
            (block, found.data.to_vec())
        })
        .collect()
}

/// Runs a script until trouble and a crash, and tells how many operations it takes without trouble.
fn live(kind: Kind, place: Where, class: Durability, script: &[Op], trouble: &Trouble) -> u64 {
    let mut writer = writer(place);
    let mut life = Life::new(kind, place, class, trouble.seed);
    let start = life.plan.operations();
    for (operation, fault) in &trouble.faults {
        if trouble.halt {
            life.plan.halt(start + operation, *fault);
        } else {
            life.plan.fail(start + operation, *fault);
        }
    }
    for op in script {
        life.step(op, &mut writer);
        if life.plan.is_halted() {
            break;
        }
    }
    let operations = life.plan.operations() - start;
    life.crash(trouble.loss, &mut writer);
    operations
}

/// Where copies get their blocks: the feed that appends of a live script make, in several lengths.
fn writer(place: Where) -> Place {
    let mut writer = Place::live(place);
    for (start, end) in [(0, 5), (5, 11), (11, 15)] {
        let blocks: Vec<Vec<u8>> = (start..end)
            .map(|block: u8| vec![block; (block % 4) as usize])
            .collect();
        writer.append(&blocks);
    }
    writer
}

const FAULTS: [Fault; 4] = [Fault::After, Fault::Before, Fault::Hidden, Fault::Torn];

/// Every operation of a script fails once in every way.
fn exhaust(kind: Kind, script: &[Op]) {
    for place in [Where::InStore, Where::Attached] {
        for class in [Durability::Relaxed, Durability::Process, Durability::Power] {
            for loss in [Loss::Process, Loss::Power] {
                if place == Where::Attached && class < class_of(loss) {
                    // Bytes in a file that was not synced: reading finds out, and it is not promised.
                    continue;
                }
                let none = Trouble {
                    faults: Vec::new(),
                    halt: false,
                    loss,
                    seed: None,
                };
                let operations = live(kind, place, class, script, &none);
                for operation in 0..operations {
                    for fault in FAULTS {
                        for halt in [false, true] {
                            let faults = vec![(operation, fault)];
                            let trouble = Trouble {
                                faults,
                                halt,
                                ..none.clone()
                            };
                            live(kind, place, class, script, &trouble);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_writer_survives_every_fault_of_a_short_life() {
    exhaust(
        Kind::Live,
        &[Op::Append(1), Op::Append(3), Op::Append(1), Op::Append(2)],
    );
}

#[test]
fn a_static_feed_survives_every_fault_of_a_short_life() {
    exhaust(Kind::Static, &[Op::Append(2), Op::Append(1), Op::Finalize]);
}

#[test]
fn a_copy_survives_every_fault_of_a_short_life() {
    exhaust(
        Kind::Copy,
        &[
            Op::Put(vec![14, 3]),
            Op::Put(vec![12, 8]),
            Op::Put(vec![0, 10]),
        ],
    );
}

/// A read that fails once changes nothing: the same can be done again.
#[test]
fn reads_that_fail_change_nothing() {
    let puts = [
        Op::Put(vec![14, 3]),
        Op::Put(vec![12, 8]),
        Op::Put(vec![0, 10]),
    ];
    let appends = [Op::Append(1), Op::Append(70), Op::Append(2)];
    for (kind, script) in [(Kind::Copy, &puts), (Kind::Live, &appends)] {
        for place in [Where::InStore, Where::Attached] {
            let mut writer = writer(place);
            let mut read = 0;
            loop {
                let mut life = Life::new(kind, place, Durability::Process, None);
                life.plan.fail_read(life.plan.reads() + read);
                let before = life.plan.reads();
                for op in script {
                    life.try_twice(op, &mut writer);
                }
                if life.plan.reads() - before <= read {
                    break;
                }
                life.crash(Loss::Process, &mut writer);
                read += 1;
            }
            assert!(read > 5);
        }
    }
}

fn faults() -> impl Strategy<Value = Vec<(u64, Fault)>> {
    prop::collection::vec((0..80u64, prop::sample::select(FAULTS.to_vec())), 0..6)
}

fn any_trouble() -> impl Strategy<Value = Trouble> {
    let loss = prop_oneof![Just(Loss::Process), Just(Loss::Power)];
    (faults(), any::<bool>(), loss, any::<u64>()).prop_map(|(faults, halt, loss, seed)| Trouble {
        faults,
        halt,
        loss,
        seed: Some(seed),
    })
}

fn any_class(loss: Loss, place: Where, relaxed: bool) -> Durability {
    if relaxed && place == Where::InStore {
        Durability::Relaxed
    } else {
        class_of(loss)
    }
}

fn place() -> impl Strategy<Value = Where> {
    prop_oneof![Just(Where::InStore), Just(Where::Attached)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_writer_survives_a_long_life(
        sizes in prop::collection::vec(1..6usize, 1..24),
        trouble in any_trouble(), place in place(), relaxed in any::<bool>(),
    ) {
        let script: Vec<Op> = sizes.into_iter().map(Op::Append).collect();
        let class = any_class(trouble.loss, place, relaxed);
        live(Kind::Live, place, class, &script, &trouble);
    }

    #[test]
    fn a_copy_survives_a_long_life(
        puts in prop::collection::vec(prop::collection::vec(0..15u64, 1..4), 1..16),
        trouble in any_trouble(), place in place(), relaxed in any::<bool>(),
    ) {
        let script: Vec<Op> = puts.into_iter().map(Op::Put).collect();
        let class = any_class(trouble.loss, place, relaxed);
        live(Kind::Copy, place, class, &script, &trouble);
    }
}
