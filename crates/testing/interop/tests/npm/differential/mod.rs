//! One script, run by npm alone, by us alone and by both together: what can be seen must be the same.
//!
//! `HYPERFEED_INTEROP_SEEDS` is the number of scripts (200 if not set), `HYPERFEED_INTEROP_FIRST_SEED` the seed of the
//! first (1). A failure tells the seed and the step, and the shortest script that still fails, in the form of
//! `regressions.rs`.

mod action;
mod cast;
pub(crate) mod dice;
pub(crate) mod host;
mod model;
mod npm_host;
mod our_host;
mod regressions;
mod run;
mod script;
mod shrink;
mod summary;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use cast::Cast;
use regressions::REGRESSIONS;
pub(crate) use run::Pool;
use summary::Summary;

#[test]
fn a_script_gives_the_same_results_whoever_runs_it() {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| {
            text.parse::<u64>()
                .unwrap_or_else(|_| panic!("{name} is no number"))
        })
    };
    let first = number("HYPERFEED_INTEROP_FIRST_SEED", 1);
    let kept = REGRESSIONS
        .iter()
        .map(|kept| (kept.seed, kept.draws.to_vec()));
    let drawn = (first..first + number("HYPERFEED_INTEROP_SEEDS", SEEDS))
        .map(|seed| (seed, script::draws(seed)));
    let scripts = Mutex::new(kept.chain(drawn).collect::<Vec<_>>().into_iter());
    let start = Instant::now();
    let summary = Mutex::new(Summary::default());
    // Scripts wait for one another's processes most of the time.
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let mut pool = Pool::default();
                loop {
                    let next = scripts.lock().unwrap().next();
                    let Some((seed, draws)) = next else { break };
                    let outcome = alike(&mut pool, seed, &draws);
                    let failed = outcome.is_err();
                    summary.lock().unwrap().note(seed, &draws, outcome);
                    if failed {
                        break;
                    }
                }
            });
        }
    });
    let summary = summary.into_inner().unwrap();
    eprintln!("{summary}, {:.0} s", start.elapsed().as_secs_f64());
    if let Some((seed, draws, why)) = summary.first_failure {
        panic!("{}", shortest(seed, &draws, &why));
    }
}

/// Runs a script with every cast; the number of steps, or what went differently.
fn alike(pool: &mut Pool, seed: u64, draws: &[u64]) -> Result<usize, String> {
    let script = script::script(draws);
    let mut run = |cast| {
        let trace = catch_unwind(AssertUnwindSafe(|| run::run(pool, seed, &script, cast)));
        trace.map_err(|panic| {
            // Peers that were left in the middle of something.
            *pool = Pool::default();
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "a panic".to_owned())
        })
    };
    let reference = run(Cast::NPM_ALONE)?;
    for cast in Cast::against_npm(seed) {
        let trace = run(cast)?;
        if let Some(difference) = run::difference(&script, cast, &reference, &trace) {
            return Err(difference);
        }
    }
    Ok(script.len())
}

/// A failure, and the shortest script that fails too.
fn shortest(seed: u64, draws: &[u64], why: &str) -> String {
    let mut pool = Pool::default();
    let short = shrink::shrink(draws, ATTEMPTS, |draws| {
        alike(&mut pool, seed, draws).is_err()
    });
    let list: Vec<String> = short.iter().map(|draw| format!("{draw:#x}")).collect();
    format!(
        "seed {seed}: {why}\n\nthe shortest script that fails, for regressions.rs:\n    Regression {{\n        seed: \
         {seed},\n        draws: &[{}],\n    }},\nwhich is\n{}",
        list.join(", "),
        run::told(&script::script(&short))
    )
}

#[test]
fn what_is_seen_differently_is_told() {
    let script = script::script(&script::draws(1));
    let seen: Vec<String> = (0..script.len()).map(|step| format!("{step}")).collect();
    let mut altered = seen.clone();
    let [cast, ..] = Cast::against_npm(1);
    assert_eq!(run::difference(&script, cast, &seen, &altered), None);
    altered[7] += " and more";
    let told = run::difference(&script, cast, &seen, &altered).unwrap();
    assert!(
        told.contains("7 and more") && told.lines().count() == 3 + 8,
        "{told}"
    );
}

/// Scripts of a run of the tests.
const SEEDS: u64 = 200;
/// Scripts at a time.
const AT_ONCE: usize = 4;
/// Runs of a script that fails, to make it shorter: each takes seconds.
const ATTEMPTS: usize = 60;
