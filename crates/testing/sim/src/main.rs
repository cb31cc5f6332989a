//! Runs sessions of many seeds: `hyperfeed-sim [--seeds N] [--first N] [--seed S [--trace]] [--stop]`.

use hyperfeed_testing_sim::{Failure, Scenario, Stats};
use std::process::ExitCode;
use std::time::Instant;

struct Options {
    first: u64,
    seeds: u64,
    trace: bool,
    /// Ends at the first seed that fails, without shrinking it.
    stop: bool,
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: hyperfeed-sim [--seeds N] [--first N] [--seed S [--trace]] [--stop]");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let mut stats = Stats::default();
    let mut failures: Vec<(u64, Failure)> = Vec::new();
    for seed in options.first..options.first + options.seeds {
        match Scenario::from_seed(seed).run(options.trace) {
            Ok(run) => stats.add(&run),
            Err(failure) => {
                eprintln!("seed {seed}: {}", failure.violation);
                failures.push((seed, failure));
                if options.stop {
                    println!("{}", seed - options.first + 1);
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    eprint!("{stats}");
    let rate = stats.steps as f64 / seconds;
    eprintln!(
        "{} seeds in {seconds:.1} s, {rate:.0} steps a second, {} failed",
        options.seeds,
        failures.len()
    );
    for (seed, _) in failures.iter().take(3) {
        let least = Scenario::from_seed(*seed).shrunk(200);
        eprintln!(
            "seed {seed} still fails with {} actions:",
            least.actions.len()
        );
        for action in &least.actions {
            eprintln!("  {action:?}");
        }
        eprintln!("repeat it with:  cargo xtask sim --seed {seed} --trace");
    }
    match failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn options() -> Option<Options> {
    let mut options = Options {
        first: 0,
        seeds: 1000,
        trace: false,
        stop: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|text| text.parse::<u64>().ok());
        match arg.as_str() {
            "--seeds" => options.seeds = number()?,
            "--first" => options.first = number()?,
            "--seed" => (options.first, options.seeds) = (number()?, 1),
            "--trace" => options.trace = true,
            "--stop" => options.stop = true,
            _ => return None,
        }
    }
    Some(options)
}
