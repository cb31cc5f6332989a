//! A feed on a storage that fails, what it was told to do, and what must be there afterwards.

use crate::place::{Place, Where, index, pair};
use bytes::Bytes;
use hyperfeed_storage::{
    Durability, FaultPlan, Faulty, Loss, MemoryFile, MemoryStore, RandomAccess,
};
use hyperfeed_types::{Hash, PublicId};
use hyperfeed_v2_feed::{Blocks, Feed, FeedError, Put, Slot, Store, leaf_hash};
use std::collections::BTreeMap;

type Model = BTreeMap<u64, Vec<u8>>;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// One commit of so many blocks.
    Append(usize),
    /// Ends a static feed.
    Finalize,
    /// One commit of blocks that a writer has.
    Put(Vec<u64>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Copy,
    Live,
    Static,
}

pub(crate) struct Life {
    kind: Kind,
    class: Durability,
    pub(crate) plan: FaultPlan,
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
    pub(crate) fn new(kind: Kind, place: Where, class: Durability, seed: Option<u64>) -> Self {
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
    pub(crate) fn step(&mut self, op: &Op, writer: &mut Place) {
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
    pub(crate) fn try_twice(&mut self, op: &Op, writer: &mut Place) {
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
    pub(crate) fn crash(mut self, loss: Loss, writer: &mut Place) {
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

pub(crate) const fn class_of(loss: Loss) -> Durability {
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
