//! `hyperfeed-crash [--rounds N] [--seed N]`: kills children at random on both databases, and tells
//! what came of it. `hyperfeed-crash child DIR DATABASE LIFE` is one of them.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hyperfeed::Backend;
use hyperfeed_testing_crash::{Figures, Loop, child};

/// Rounds that one pair of stores goes through.
const ROUNDS_A_STORE: u64 = 30;

const USAGE: &str = "hyperfeed-crash [--rounds N] [--seed N]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["child", dir, database, life] => be_child(dir, database, life),
        options => parent(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hyperfeed-crash: {error}");
            ExitCode::FAILURE
        }
    }
}

fn be_child(dir: &str, database: &str, life: &str) -> Result<(), Box<dyn Error>> {
    let backend = match database {
        "redb" => Backend::Redb,
        _ => Backend::Sled,
    };
    child(Path::new(dir), backend, life.parse()?).inspect_err(|error| {
        println!("failed {error}");
    })?;
    Ok(())
}

fn parent(options: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut rounds = 100_u64;
    let mut seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for option in options.chunks(2) {
        match option {
            ["--rounds", number] => rounds = number.parse()?,
            ["--seed", number] => seed = number.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    println!("{rounds} rounds, seed {seed}");
    let program = std::env::current_exe()?;
    let mut sum = Figures::default();
    // The odd one is sled's.
    for (backend, rounds) in [
        (Backend::Sled, rounds - rounds / 2),
        (Backend::Redb, rounds / 2),
    ] {
        let start = Instant::now();
        let mut figures = Figures::default();
        // New stores now and then: all that is in them is read every other round.
        for part in 0..rounds.div_ceil(ROUNDS_A_STORE) {
            let left = rounds - part * ROUNDS_A_STORE;
            let part = Loop::new(&program, backend, seed.wrapping_add(part))?;
            figures = figures.and(part.run(left.min(ROUNDS_A_STORE))?);
        }
        println!(
            "{backend}: {figures}, {:.1} s",
            start.elapsed().as_secs_f64()
        );
        sum = sum.and(figures);
    }
    println!("both: {sum}");
    Ok(())
}
