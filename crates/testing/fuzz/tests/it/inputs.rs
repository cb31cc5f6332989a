//! The seeds, and inputs made of them: the same in each run.

use hyperfeed_testing_fuzz::{Mutator, TARGETS, Target};
use hyperfeed_types::hex;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Hands the input in; tells how to see it again if something is wrong, or if it made the target allocate too much.
pub(crate) fn try_input(target: &Target, input: &[u8]) -> Result<(), String> {
    let told = |what: &str| {
        format!(
            "{}: {what}, with the input {}",
            target.name,
            hex::encode(input)
        )
    };
    let run = || allocation_counter::measure(|| (target.run)(input));
    let info = catch_unwind(AssertUnwindSafe(run)).map_err(|_| told("it panicked"))?;
    let limit = target.fixed + target.factor * input.len() as u64;
    if info.bytes_max > limit {
        return Err(told(&format!(
            "{} bytes allocated at a time, {limit} at most",
            info.bytes_max
        )));
    }
    Ok(())
}

fn try_many(target: &Target) -> Result<(), String> {
    let seeds = (target.seeds)();
    // Fixtures are made by whoever needs them first.
    (target.run)(&[]);
    let mut mutator = Mutator::new(1);
    seeds.iter().try_for_each(|seed| try_input(target, seed))?;
    (0..target.rounds).try_for_each(|_| try_input(target, &mutator.mutated(&seeds)))
}

#[test]
fn every_target_bears_its_seeds_and_many_inputs_made_of_them() {
    let failed: Vec<String> = std::thread::scope(|scope| {
        let tried: Vec<_> = TARGETS
            .iter()
            .map(|target| scope.spawn(|| try_many(target)))
            .collect();
        tried
            .into_iter()
            .filter_map(|tried| {
                tried
                    .join()
                    .unwrap_or_else(|_| Err("a seed panicked".to_owned()))
                    .err()
            })
            .collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_target_has_seeds_and_a_name_of_its_own() {
    for (at, target) in TARGETS.iter().enumerate() {
        assert!((target.seeds)().len() > 1, "{}", target.name);
        assert!(
            TARGETS[..at].iter().all(|other| other.name < target.name),
            "{}",
            target.name
        );
    }
}

#[test]
fn a_target_that_allocates_too_much_is_found_out() {
    fn greedy(data: &[u8]) {
        drop(vec![1_u8; 1 << (data.len() + 10)]);
    }
    let target = Target {
        name: "greedy",
        run: greedy,
        ..TARGETS[0]
    };
    assert!(try_input(&target, &[0]).is_ok());
    let told = try_input(&target, &[0; 8]).unwrap_err();
    assert!(told.contains("262144 bytes allocated"), "{told}");
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let inputs = |seed| {
        let mut mutator = Mutator::new(seed);
        let seeds = (TARGETS[0].seeds)();
        (0..50).map(|_| mutator.mutated(&seeds)).collect::<Vec<_>>()
    };
    assert_eq!(inputs(3), inputs(3));
    assert_ne!(inputs(3), inputs(4));
}
