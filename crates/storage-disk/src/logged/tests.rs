//! The store over a simulated device: a crash and a failure at every single operation.

mod damage;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use hyperfeed_storage::{
    Batch, Durability, Fault, FaultPlan, Faulty, Loss, MemoryFile, RandomAccess, StorageErrorKind,
};

use super::{Limits, Pace};
use world::World;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

const CLASSES: [Durability; 3] = [Durability::Relaxed, Durability::Process, Durability::Power];
const FAULTS: [Fault; 4] = [Fault::After, Fault::Before, Fault::Hidden, Fault::Torn];
/// Checkpoints that are done before the next commit, and those during which others happen.
const PACES: [Pace; 2] = [Pace::Steps(usize::MAX), Pace::Steps(1)];
const FEW: Limits = Limits {
    journal_bytes: 400,
    overlay_bytes: u64::MAX,
};
const MANY: Limits = Limits {
    journal_bytes: u64::MAX,
    overlay_bytes: u64::MAX,
};

/// What must be found, as far as the commits tell.
struct Model {
    // State after each commit that readers saw, oldest first, with the class it has reached.
    states: Vec<(State, Durability)>,
    // A failed commit that nobody saw may be found until the next one succeeds.
    undecided: Option<State>,
}

impl Model {
    fn new(state: State) -> Self {
        Self {
            states: vec![(state, Durability::Power)],
            undecided: None,
        }
    }

    fn current(&self) -> &State {
        &self.states[self.states.len() - 1].0
    }

    fn reached(&mut self, class: Durability) {
        for (_, reached) in &mut self.states {
            *reached = class.max(*reached);
        }
        self.undecided = None;
    }

    fn check(&self, found: &State, loss: Loss) {
        let safe = match loss {
            Loss::Power => Durability::Power,
            Loss::Process => Durability::Process,
        };
        let first = self.states.iter().rposition(|(_, class)| *class >= safe);
        let mut allowed = self.states[first.unwrap()..].iter().map(|(state, _)| state);
        assert!(
            allowed.any(|state| state == found) || self.undecided.as_ref() == Some(found),
            "{loss:?}: found {found:?}, which is none of {:?} or {:?}",
            &self.states[first.unwrap()..],
            self.undecided
        );
    }
}

/// The commits of a script differ in class, and write, overwrite and delete few keys.
fn script(seed: u64, length: u8) -> Vec<(Batch, Durability)> {
    let mut random = seed;
    let mut next = move |below: u64| {
        random = random
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (random >> 33) % below
    };
    (1..=length)
        .map(|number| {
            let mut batch = Batch::new();
            batch.put(b"newest", &[number]);
            for _ in 0..next(3) {
                let key = [b'k', next(4) as u8];
                if next(3) == 0 {
                    batch.delete(&key);
                } else {
                    batch.put(&key, &vec![number; next(30) as usize]);
                }
            }
            (batch, CLASSES[next(3) as usize])
        })
        .collect()
}

fn after(state: &State, batch: &Batch) -> State {
    let mut state = state.clone();
    for op in batch {
        match op {
            hyperfeed_storage::Op::Delete { key } => {
                state.remove(key);
            }
            hyperfeed_storage::Op::Put { key, value } => {
                state.insert(key.to_vec(), value.to_vec());
            }
        }
    }
    state
}

/// Runs the script on the world; stops at the first error if the world has halted.
fn run(world: &mut World, model: &mut Model, script: &[(Batch, Durability)]) {
    for (batch, class) in script {
        let next = after(model.current(), batch);
        match world.store().commit(batch, *class) {
            Ok(()) => {
                model.states.push((next, Durability::Relaxed));
                model.reached(*class);
            }
            Err(_) if world.plan.is_halted() => {
                model.undecided = Some(next);
                return;
            }
            Err(_) => {
                let seen = world.state();
                if seen == next && seen != *model.current() {
                    model.states.push((next, Durability::Relaxed));
                } else {
                    assert_eq!(seen, *model.current(), "neither before nor after");
                    model.undecided = Some(next);
                }
            }
        }
    }
}

/// Opens what a crash left, compares, works on, and crashes again.
fn survives(world: &World, model: &Model, loss: Loss, plan: FaultPlan) {
    let mut again = world.crash(loss, plan);
    again.recover(FEW);
    let found = again.state();
    model.check(&found, loss);
    again.store().verify().unwrap();
    let mut model = Model::new(found);
    run(&mut again, &mut model, &script(99, 6));
    let mut third = again.crash(Loss::Process, FaultPlan::new());
    third.recover(MANY);
    model.check(&third.state(), Loss::Process);
    third.store().verify().unwrap();
}

#[test]
fn a_crash_at_any_operation_leaves_what_was_promised() {
    for pace in PACES {
        for seed in 0..6 {
            for fault in FAULTS {
                for operation in 0.. {
                    let plan = FaultPlan::new();
                    let mut world = World::create_as(plan.clone(), FEW, pace, 1);
                    plan.halt(plan.operations() + operation, fault);
                    let mut model = Model::new(State::new());
                    run(&mut world, &mut model, &script(seed, 14));
                    for loss in [Loss::Process, Loss::Power] {
                        survives(&world, &model, loss, FaultPlan::new());
                    }
                    if !plan.is_halted() {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn a_power_loss_that_takes_any_unsynced_write_leaves_what_was_promised() {
    for pace in PACES {
        for seed in 0..60 {
            for operation in 0.. {
                let plan = FaultPlan::seeded(seed * 1000 + operation);
                let mut world = World::create_as(plan.clone(), FEW, pace, 1);
                let fault = FAULTS[(operation % 4) as usize];
                plan.halt(plan.operations() + operation, fault);
                let mut model = Model::new(State::new());
                run(&mut world, &mut model, &script(seed, 14));
                for _ in 0..3 {
                    survives(&world, &model, Loss::Power, FaultPlan::new());
                }
                if !plan.is_halted() {
                    break;
                }
            }
        }
    }
}

#[test]
fn after_any_failed_operation_commits_go_on_and_nothing_is_lost() {
    for pace in PACES {
        for seed in 0..6 {
            for fault in FAULTS {
                for operation in 0..120 {
                    let plan = FaultPlan::new();
                    let mut world = World::create_as(plan.clone(), FEW, pace, 1);
                    plan.fail(plan.operations() + operation, fault);
                    let mut model = Model::new(State::new());
                    run(&mut world, &mut model, &script(seed, 14));
                    assert_eq!(world.state(), *model.current());
                    for loss in [Loss::Process, Loss::Power] {
                        survives(&world, &model, loss, FaultPlan::new());
                    }
                    plan.heal();
                    world.store().close().unwrap();
                    let mut again = world.crash(Loss::Power, FaultPlan::new());
                    again.recover(MANY);
                    assert_eq!(again.state(), *model.current(), "close makes all durable");
                }
            }
        }
    }
}

#[test]
fn two_failed_operations_lose_nothing_either() {
    for pace in PACES {
        for seed in 0..2 {
            for first in 0..40 {
                for distance in 1..6 {
                    for fault in FAULTS {
                        let plan = FaultPlan::new();
                        let mut world = World::create_as(plan.clone(), FEW, pace, 1);
                        plan.fail(plan.operations() + first, fault);
                        plan.fail(plan.operations() + first + distance, fault);
                        let mut model = Model::new(State::new());
                        run(&mut world, &mut model, &script(seed, 10));
                        plan.heal();
                        world
                            .store()
                            .commit(&Batch::new(), Durability::Power)
                            .unwrap();
                        assert!(world.has_journal(), "it was not given its name again");
                        for loss in [Loss::Process, Loss::Power] {
                            survives(&world, &model, loss, FaultPlan::new());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_full_disk_refuses_commits_and_reads_go_on() {
    let plan = FaultPlan::new();
    let mut world = World::create(plan.clone(), FEW);
    let mut model = Model::new(State::new());
    run(&mut world, &mut model, &script(1, 5));
    plan.refuse_from(plan.operations(), StorageErrorKind::Full);
    for (batch, _) in script(2, 5) {
        let error = world
            .store()
            .commit(&batch, Durability::Process)
            .unwrap_err();
        let kinds = [StorageErrorKind::Full, StorageErrorKind::Poisoned];
        assert!(kinds.contains(&error.kind()), "{error}");
        assert_eq!(world.state(), *model.current());
    }
    plan.heal();
    run(&mut world, &mut model, &script(3, 5));
    assert_eq!(world.state(), *model.current());
    survives(&world, &model, Loss::Process, FaultPlan::new());
    survives(&world, &model, Loss::Power, FaultPlan::new());
}

#[test]
fn a_failed_operation_and_a_power_loss_that_takes_any_unsynced_write_lose_nothing() {
    for seed in 0..12 {
        for fault in FAULTS {
            for operation in 0..60 {
                let plan = FaultPlan::seeded(seed * 1000 + operation);
                let mut world = World::create(plan.clone(), MANY);
                plan.fail(plan.operations() + operation, fault);
                let mut model = Model::new(State::new());
                run(&mut world, &mut model, &script(seed, 10));
                for _ in 0..3 {
                    survives(&world, &model, Loss::Power, FaultPlan::new());
                }
            }
        }
    }
}

#[test]
fn no_checkpoint_outlives_the_bytes_that_its_commits_speak_of() {
    for class in [Durability::Relaxed, Durability::Process] {
        for commits in 1..40_u8 {
            let plan = FaultPlan::new();
            let mut world = World::create(plan.clone(), FEW);
            let mut file = Faulty::new(MemoryFile::new(), &plan);
            let synced = file.share();
            world
                .store()
                .set_before_sync(Arc::new(move || synced.share().sync()));
            for number in 0..commits {
                file.write(u64::from(number), &[number]).unwrap();
                let mut batch = Batch::new();
                batch.put(b"length", &[number + 1]);
                world.store().commit(&batch, class).unwrap();
            }
            let mut again = world.crash(Loss::Power, FaultPlan::new());
            again.recover(MANY);
            let found = again.state();
            let length = found.get(&b"length"[..]).map_or(0, |value| value[0]);
            assert!(
                u64::from(length) <= file.crash(Loss::Power).len().unwrap(),
                "{commits} commits: length {length} was kept, and its bytes were not"
            );
            assert!(commits < 20 || length > 0, "there was no checkpoint");
        }
    }
}

#[test]
fn bytes_that_cannot_be_synced_hold_up_what_speaks_of_them() {
    let mut world = World::create(FaultPlan::new(), MANY);
    world.store().set_before_sync(Arc::new(|| {
        Err(hyperfeed_storage::StorageError::new(
            StorageErrorKind::Io,
            "the file",
        ))
    }));
    let mut batch = Batch::new();
    batch.put(b"key", b"value");
    world.store().commit(&batch, Durability::Process).unwrap();
    for class in [Durability::Power, Durability::Process] {
        let kind = world
            .store()
            .commit(&batch, class)
            .err()
            .map(|error| error.kind());
        let expected = (class == Durability::Power).then_some(StorageErrorKind::Io);
        assert_eq!(kind, expected);
    }
    assert!(world.store().checkpoint().is_err());
    let mut again = world.crash(Loss::Power, FaultPlan::new());
    again.recover(MANY);
    assert_eq!(again.state(), State::new());
}
