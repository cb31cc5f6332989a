//! The store over a simulated device: a crash and a failure at every single operation.

mod world;

use std::collections::BTreeMap;

use hyperfeed_storage::{Batch, Durability, Fault, FaultPlan, Loss, StorageErrorKind};

use super::Limits;
use crate::Repair;
use world::World;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

const CLASSES: [Durability; 3] = [Durability::Relaxed, Durability::Process, Durability::Power];
const FAULTS: [Fault; 4] = [Fault::After, Fault::Before, Fault::Hidden, Fault::Torn];
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
    for seed in 0..6 {
        for fault in FAULTS {
            for operation in 0.. {
                let plan = FaultPlan::new();
                let mut world = World::create(plan.clone(), FEW);
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

#[test]
fn a_power_loss_that_takes_any_unsynced_write_leaves_what_was_promised() {
    for seed in 0..60 {
        for operation in 0.. {
            let plan = FaultPlan::seeded(seed * 1000 + operation);
            let mut world = World::create(plan.clone(), FEW);
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

#[test]
fn after_any_failed_operation_commits_go_on_and_nothing_is_lost() {
    for seed in 0..6 {
        for fault in FAULTS {
            for operation in 0..120 {
                let plan = FaultPlan::new();
                let mut world = World::create(plan.clone(), FEW);
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

#[test]
fn two_failed_operations_lose_nothing_either() {
    for seed in 0..2 {
        for first in 0..40 {
            for distance in 1..6 {
                for fault in FAULTS {
                    let plan = FaultPlan::new();
                    let mut world = World::create(plan.clone(), FEW);
                    plan.fail(plan.operations() + first, fault);
                    plan.fail(plan.operations() + first + distance, fault);
                    let mut model = Model::new(State::new());
                    run(&mut world, &mut model, &script(seed, 10));
                    for loss in [Loss::Process, Loss::Power] {
                        survives(&world, &model, loss, FaultPlan::new());
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
fn replaying_twice_gives_the_same_as_once() {
    let mut world = World::create(FaultPlan::new(), MANY);
    let mut model = Model::new(State::new());
    run(&mut world, &mut model, &script(4, 14));
    world.store().close().unwrap();
    world.recover(MANY);
    run(&mut world, &mut model, &script(5, 14));
    drop(world.take_store());
    for _ in 0..3 {
        let recovery = world.recover(MANY);
        assert_eq!((recovery.replayed, recovery.repairs), (14, vec![]));
        assert_eq!(world.state(), *model.current());
        drop(world.take_store());
    }
}

#[test]
fn a_backend_behind_the_journal_is_refused_with_the_numbers() {
    let mut world = World::create(FaultPlan::new(), MANY);
    let mut model = Model::new(State::new());
    run(&mut world, &mut model, &script(4, 5));
    let old = world.crash(Loss::Process, FaultPlan::new());
    world.store().checkpoint().unwrap();
    run(&mut world, &mut model, &script(5, 5));
    let mut mixed = world.crash(Loss::Process, FaultPlan::new());
    mixed.engine = old.engine;
    let error = mixed.try_recover(MANY, false).unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Corrupt);
    assert!(error.to_string().contains("commits 1 to 5"), "{error}");
}

#[test]
fn a_backend_ahead_of_the_journal_makes_the_journal_superfluous() {
    // The journal ends where the backend does, or before.
    for commits in [5, 3, 0] {
        let mut world = World::create(FaultPlan::new(), MANY);
        let mut model = Model::new(State::new());
        let script = script(4, 5);
        run(&mut world, &mut model, &script[..commits]);
        let old = world.crash(Loss::Process, FaultPlan::new());
        run(&mut world, &mut model, &script[commits..]);
        world.store().checkpoint().unwrap();
        let mut mixed = world.crash(Loss::Process, FaultPlan::new());
        mixed.directory = old.directory;
        mixed.files = old.files;
        let recovery = mixed.recover(MANY);
        assert_eq!((recovery.replayed, recovery.repairs), (0, vec![]));
        assert_eq!(mixed.state(), *model.current());
        run(&mut mixed, &mut model, &self::script(6, 5));
        survives(&mixed, &model, Loss::Power, FaultPlan::new());
        survives(&mixed, &model, Loss::Process, FaultPlan::new());
    }
}

#[test]
fn a_journal_shorter_than_a_checkpoint_that_was_under_way_is_refused() {
    let plan = FaultPlan::new();
    let mut world = World::create(plan.clone(), MANY);
    let mut model = Model::new(State::new());
    run(&mut world, &mut model, &script(4, 5));
    world.store().journal.settle(Durability::Power).unwrap();
    // The intent is marked, one change is made, and the machine stops.
    plan.halt(plan.operations() + 2, Fault::Before);
    assert!(world.store().checkpoint().is_err());
    let mut crashed = world.crash(Loss::Power, FaultPlan::new());
    crashed.recover(MANY);
    assert_eq!(crashed.state(), *model.current());
    let mut damaged = world.crash(Loss::Power, FaultPlan::new());
    damaged.flip_journal(damaged.journal_len() - 1);
    let error = damaged.try_recover(MANY, false).unwrap_err();
    assert!(error.to_string().contains("commits 5 to 5"), "{error}");
}

#[test]
fn a_damaged_record_of_a_rewritten_journal_is_refused() {
    let mut world = World::create(FaultPlan::new(), MANY);
    let mut model = Model::new(State::new());
    run(&mut world, &mut model, &script(4, 5));
    world.store().journal.doubt();
    world
        .store()
        .commit(&Batch::new(), Durability::Process)
        .unwrap();
    let mut rewritten = world.crash(Loss::Power, FaultPlan::new());
    rewritten.recover(MANY);
    assert_eq!(rewritten.state(), *model.current());
    drop(rewritten.take_store());
    rewritten.flip_journal(100);
    let error = rewritten.try_recover(MANY, false).unwrap_err();
    assert!(error.to_string().contains("commits 1 to 5"), "{error}");
    let recovery = rewritten.try_recover(MANY, true).unwrap();
    assert!(matches!(
        recovery.repairs[..],
        [Repair::RolledBack {
            kept: 0,
            lost: 5,
            ..
        }]
    ));
    assert_eq!(rewritten.state(), State::new());
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
fn durable_commits_that_are_damaged_are_refused_and_salvaged_on_request() {
    let mut world = World::create(FaultPlan::new(), MANY);
    let mut states = vec![State::new()];
    for (batch, _) in script(4, 8) {
        states.push(after(&states[states.len() - 1], &batch));
        world.store().commit(&batch, Durability::Power).unwrap();
    }
    drop(world.take_store());
    let len = world.journal_len();
    let mut refused = 0;
    for at in 64..len {
        let mut damaged = world.crash(Loss::Process, FaultPlan::new());
        damaged.flip_journal(at);
        match damaged.try_recover(MANY, false) {
            // The last record is not known to be durable: nothing after it says so.
            Ok(recovery) => {
                assert!(matches!(
                    recovery.repairs[..],
                    [Repair::JournalCut {
                        kept: 7,
                        later: 0,
                        ..
                    }]
                ));
                assert_eq!(damaged.state(), states[7]);
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind(), StorageErrorKind::Corrupt);
                assert!(
                    error.to_string().contains("to 7 had been stored durably"),
                    "{error}"
                );
                let recovery = damaged.try_recover(MANY, true).unwrap();
                let [Repair::RolledBack { kept, lost: 7, .. }] = recovery.repairs[..] else {
                    unreachable!("{:?}", recovery.repairs);
                };
                assert_eq!(damaged.state(), states[kept as usize]);
                let mut model = Model::new(damaged.state());
                run(&mut damaged, &mut model, &script(7, 5));
                survives(&damaged, &model, Loss::Power, FaultPlan::new());
            }
        }
    }
    assert!(refused > (len - 64) / 2, "{refused} of {len}");
}

#[test]
fn unsynced_commits_lost_in_the_middle_are_cut_off_and_told() {
    let mut world = World::create(FaultPlan::new(), MANY);
    for (batch, _) in script(4, 8) {
        world.store().commit(&batch, Durability::Process).unwrap();
    }
    drop(world.take_store());
    world.flip_journal(70);
    let recovery = world.try_recover(MANY, false).unwrap();
    let [
        Repair::JournalCut {
            kept: 0,
            later: 7,
            bytes,
            ..
        },
    ] = recovery.repairs[..]
    else {
        unreachable!("{:?}", recovery.repairs);
    };
    assert!(bytes > 300);
    assert_eq!(world.state(), State::new());
}

#[test]
fn a_damaged_value_is_an_error_and_not_another_value() {
    let mut world = World::create(FaultPlan::new(), MANY);
    let mut batch = Batch::new();
    batch.put(b"a", b"whole");
    batch.put(b"b", b"to be damaged");
    world.store().commit(&batch, Durability::Process).unwrap();
    world.store().verify().unwrap();
    world.damage_value(b"b");
    assert!(world.store().get(b"a").unwrap().is_some());
    let error = world.store().get(b"b").unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Corrupt);
    assert!(world.try_state().is_err());
    assert!(world.store().verify().is_err());

    // A newer value lies over it.
    batch.clear();
    batch.put(b"b", b"new");
    world.store().commit(&batch, Durability::Process).unwrap();
    assert_eq!(world.state()[&b"b"[..]], b"new");
    world.store().verify().unwrap();
}

#[test]
fn a_missing_entry_is_found_by_verifying() {
    let mut world = World::create(FaultPlan::new(), MANY);
    let mut model = Model::new(State::new());
    run(&mut world, &mut model, &script(4, 14));
    let entries = world.store().verify().unwrap();
    assert_eq!(entries, model.current().len() as u64);
    world.remove_entry(b"newest");
    let error = world.store().verify().unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Corrupt);
}

#[test]
fn parts_of_two_stores_do_not_mix() {
    let mut one = World::create(FaultPlan::new(), MANY);
    let mut other = World::create_as(FaultPlan::new(), MANY, 2);
    drop((one.take_store(), other.take_store()));
    std::mem::swap(&mut one.engine, &mut other.engine);
    for world in [&mut one, &mut other] {
        let error = world.try_recover(MANY, true).unwrap_err();
        assert!(error.to_string().contains("another store"), "{error}");
    }
}
