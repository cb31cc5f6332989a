//! One script, run by npm alone, by us alone and by both together: what can be seen must be the same.
//!
//! `HYPERFEED_INTEROP_SEEDS` is the number of scripts (3 if not set), `HYPERFEED_INTEROP_FIRST_SEED` the seed of the first
//! (1). A failure tells the seed and the step.

mod action;
mod cast;
mod dice;
mod host;
mod npm_host;
mod our_host;
mod run;
mod script;

use cast::Cast;

#[test]
fn a_script_gives_the_same_results_whoever_runs_it() {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| {
            text.parse::<u64>()
                .unwrap_or_else(|_| panic!("{name} is no number"))
        })
    };
    let first = number("HYPERFEED_INTEROP_FIRST_SEED", 1);
    for seed in first..first + number("HYPERFEED_INTEROP_SEEDS", 3) {
        let script = script::random(seed);
        let reference = run::run(seed, &script, Cast::NPM_ALONE);
        for cast in Cast::against_npm(seed) {
            let trace = run::run(seed, &script, cast);
            run::compare(seed, &script, cast, &reference, &trace);
        }
        eprintln!("seed {seed}: {} steps alike", script.len());
    }
}
