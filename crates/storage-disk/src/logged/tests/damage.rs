//! Parts that are damaged, missing, or of another time.

use hyperfeed_storage::{Batch, Durability, Fault, FaultPlan, Loss, StorageErrorKind};

use super::world::World;
use super::{MANY, Model, Pace, State, after, run, script, survives};
use crate::Repair;

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
        run(&mut mixed, &mut model, &super::script(6, 5));
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
    let mut other = World::create_as(FaultPlan::new(), MANY, Pace::Thread, 2);
    drop((one.take_store(), other.take_store()));
    std::mem::swap(&mut one.engine, &mut other.engine);
    for world in [&mut one, &mut other] {
        let error = world.try_recover(MANY, true).unwrap_err();
        assert!(error.to_string().contains("another store"), "{error}");
    }
}
