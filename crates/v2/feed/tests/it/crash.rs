//! Whatever operation of the storage fails, and however: what was acknowledged is there, what is there is explained by
//! the operations so far, and no index ever has two blocks.

use crate::life::{Kind, Life, Op, class_of};
use crate::place::{Place, Where};
use hyperfeed_storage::{Durability, Fault, Loss};
use proptest::prelude::*;

/// How the storage fails, and what the crash afterwards takes.
#[derive(Clone, Debug)]
struct Trouble {
    /// Operations that fail, counted from the first of the script, and how.
    faults: Vec<(u64, Fault)>,
    halt: bool,
    loss: Loss,
    seed: Option<u64>,
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
