//! Runs sessions of many seeds: `hyperfeed-sim [--seeds N] [--first N] [--seed S [--trace]] [--stop]`.

use hyperfeed_testing_sim::{Failure, Scenario, Stats};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

struct Options {
    first: u64,
    seeds: u64,
    trace: bool,
    /// Ends at the first seed that fails, without shrinking it.
    stop: bool,
}

#[derive(Default)]
struct Found {
    stats: Stats,
    failures: Vec<(u64, Failure)>,
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: hyperfeed-sim [--seeds N] [--first N] [--seed S [--trace]] [--stop]");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let found = run_all(&options);
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    if options.stop {
        return first_failure(&options, &found);
    }
    eprint!("{}", found.stats);
    let rate = found.stats.steps as f64 / seconds;
    eprintln!(
        "{} seeds in {seconds:.1} s, {rate:.0} steps a second, {} failed, trace hash {:016x}",
        options.seeds,
        found.failures.len(),
        found.stats.trace
    );
    for (seed, _) in found.failures.iter().take(3) {
        show_shrunk(*seed);
    }
    let missing = found.stats.missing();
    let few = options.seeds >= ENOUGH && !missing.is_empty();
    if few {
        eprintln!("never happened: {}", missing.join(", "));
    }
    match found.failures.is_empty() && !few {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// All seeds on all processors; with `stop`, those up to the first that fails.
fn run_all(options: &Options) -> Found {
    let next = AtomicU64::new(options.first);
    let end = AtomicU64::new(options.first + options.seeds);
    let found = Mutex::new(Found::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end.load(Ordering::Relaxed) {
                return;
            }
            let run = Scenario::from_seed(seed).run(options.trace);
            let mut found = found.lock().expect("no thread panics with the lock");
            match run {
                Ok(run) => found.stats.add(&run),
                Err(failure) => {
                    if !options.stop {
                        eprintln!("seed {seed}: {}", failure.violation);
                    }
                    found.failures.push((seed, failure));
                    if options.stop {
                        end.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().expect("no thread panics with the lock");
    found.failures.sort_by_key(|(seed, _)| *seed);
    found
}

/// Prints how many seeds it took, and what the first that failed broke.
fn first_failure(options: &Options, found: &Found) -> ExitCode {
    match found.failures.first() {
        None => ExitCode::SUCCESS,
        Some((seed, failure)) => {
            println!("{} {}", seed - options.first + 1, failure.violation);
            ExitCode::FAILURE
        }
    }
}

/// Prints the fewest actions that still fail, as `tests/it/regress.rs` takes them.
fn show_shrunk(seed: u64) {
    let least = Scenario::from_seed(seed).shrunk(200);
    let count = least.actions.len();
    eprintln!("seed {seed} still fails with {count} actions; to keep it in tests/it/regress.rs:");
    eprintln!("    Kept {{ why: \"\", seed: {seed}, actions: &[");
    for action in &least.actions {
        eprintln!("        Action::{action:?},");
    }
    eprintln!("    ] }},");
    eprintln!("repeat it with:  cargo xtask sim --seed {seed} --trace");
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

/// Seeds from which on every kind of fault must have happened.
const ENOUGH: u64 = 500;
