//! One script, run by npm alone, by us alone and by both together: what can be seen must be the same.
//!
//! `HYPERFEED_INTEROP_SEEDS` is the number of scripts (200 if not set), `HYPERFEED_INTEROP_FIRST_SEED` the seed of the
//! first (1). A failure tells the seed and the step, and the shortest script that still fails, as a file for the folder
//! `regressions`.

mod action;
mod author;
mod cast;
mod certain;
pub(crate) mod dice;
pub(crate) mod host;
mod model;
mod npm_host;
mod our_host;
mod pool;
mod possible;
mod regressions;
mod run;
mod script;
mod shrink;
mod summary;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use action::Action;
use cast::Cast;
use model::Model;
pub(crate) use pool::Pool;
use script::Script;
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
    let seeds = first..first + number("HYPERFEED_INTEROP_SEEDS", SEEDS);
    let scripts = Mutex::new(
        regressions::all()
            .into_iter()
            .chain(seeds.map(author::random)),
    );
    let start = Instant::now();
    let summary = Mutex::new(Summary::default());
    // Scripts wait for one another's processes most of the time.
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let mut pool = Pool::default();
                loop {
                    let next = scripts.lock().unwrap().next();
                    let Some(script) = next else { break };
                    let outcome = alike(&mut pool, &script, Seen::AsItIs);
                    let failed = outcome.is_err();
                    summary.lock().unwrap().note(script, outcome);
                    if failed {
                        break;
                    }
                }
                summary.lock().unwrap().note_npm_peak(pool.peak_memory());
            });
        }
    });
    let summary = summary.into_inner().unwrap();
    let took = start.elapsed().as_secs_f64();
    // Past the capture of a test that passes: this line is what the run has shown.
    writeln!(std::io::stderr(), "{summary}, {took:.0} s").unwrap();
    if let Some((script, why)) = summary.first_failure {
        panic!("{}", shortest(&script, &why, Seen::AsItIs));
    }
}

/// How everybody but the reference sees what happens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    AsItIs,
    /// Lengths of five and more after an append are told wrong, for a test of the harness itself.
    LongAppendsWrong,
}

/// Runs a script with every cast; the number of steps, or what went differently.
fn alike(pool: &mut Pool, script: &Script, seen: Seen) -> Result<usize, String> {
    let steps = Model::plan(&script.actions);
    let mut run = |cast| {
        let run = || run::run(pool, script.seed, &steps, cast);
        let trace = catch_unwind(AssertUnwindSafe(run));
        trace.map_err(|panic| {
            // Peers that were left in the middle of something.
            *pool = Pool::default();
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "a panic".to_owned())
        })
    };
    let (reference, casts) = match seen {
        Seen::AsItIs => (Cast::NPM_ALONE, Cast::against_npm(script.seed).to_vec()),
        Seen::LongAppendsWrong => (Cast::OURS_ALONE, vec![Cast::OURS_ALONE]),
    };
    let reference = run(reference)?;
    for cast in casts {
        let mut trace = run(cast)?;
        if seen == Seen::LongAppendsWrong {
            for (step, told) in steps.iter().zip(&mut trace) {
                if matches!(step.action, Action::Append { blocks: 5.., .. }) {
                    told.push('0');
                }
            }
        }
        if let Some(difference) = run::difference(&steps, cast, &reference, &trace) {
            return Err(difference);
        }
    }
    Ok(steps.len())
}

/// A failure, and the shortest script that fails too.
fn shortest(script: &Script, why: &str, seen: Seen) -> String {
    let seed = script.seed;
    let mut pool = Pool::default();
    let actions = shrink::shrink(&script.actions, ATTEMPTS, |actions| {
        let actions = actions.to_vec();
        alike(&mut pool, &Script { seed, actions }, seen).is_err()
    });
    let short = Script { seed, actions };
    format!(
        "seed {seed}: {why}\n\nthe shortest script that fails, for a file in regressions:\n\n{short}"
    )
}

#[test]
fn what_is_seen_differently_is_told_and_made_short() {
    let script = author::random(1);
    let why = alike(&mut Pool::default(), &script, Seen::LongAppendsWrong).unwrap_err();
    assert!(why.starts_with("expected: length "), "{why}");
    let told = shortest(&script, &why, Seen::LongAppendsWrong);
    let (_, short) = told.rsplit_once("\n\n").unwrap();
    let short: Script = short.parse().unwrap();
    // It takes the feed and the append, and nothing else.
    let [Action::Create { .. }, Action::Append { blocks: 5.., .. }] = short.actions[..] else {
        panic!("{told}");
    };
    assert_eq!(short.seed, 1);
}

/// Scripts of a run of the tests.
const SEEDS: u64 = 200;
/// Scripts at a time.
const AT_ONCE: usize = 4;
/// Runs of a script that fails, to make it shorter: each takes seconds.
const ATTEMPTS: usize = 100;
