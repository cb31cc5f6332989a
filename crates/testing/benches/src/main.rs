//! Measures hyperfeed beside the machine's own limits and beside its peers.
#![doc = include_str!("../README.md")]

mod aims;
mod args;
mod child;
mod data;
mod limits;
mod machine;
mod peer;
mod proxy;
mod reading;
mod served;
mod sizes;
mod stopwatch;
mod table;
mod usage;
mod work;

use args::Args;
use reading::Reading;
use std::error::Error;
use std::process::ExitCode;

/// Any failure ends the run: a bench that goes on after one measures something else.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(error) => {
            eprint!("{error}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Fallible<()> {
    match &args.role {
        args::Role::Child(name) => {
            let work = work::find(name).ok_or_else(|| format!("no work is called {name}"))?;
            print(&(work.run)(&args.sizes)?)
        }
        args::Role::Create { dir, feeds } => print(&[work::create_feeds(dir, *feeds)?]),
        args::Role::Fill { dir, blocks, bytes } => served::fill(dir, *blocks, *bytes),
        args::Role::Serve { dir } => served::serve(dir),
        args::Role::Parent => measure(args),
    }
}

/// One reading a line, for the parent.
fn print(readings: &[Reading]) -> Fallible<()> {
    for reading in readings {
        println!("{}", serde_json::to_string(reading)?);
    }
    Ok(())
}

/// Round after round, each work once a round and its peers right after it, so that whatever else the machine does
/// falls on all of them; then the medians.
fn measure(args: &Args) -> Fallible<()> {
    let works = work::chosen(&args.names)?;
    if !args.json {
        println!("{}\n", machine::describe());
    }
    let mut all: Vec<Reading> = Vec::new();
    for work in works {
        let mut rounds = Vec::new();
        let last = if work.once { 1 } else { args.rounds };
        for round in 1..=last {
            eprintln!("{} ({round} of {last})", work.name);
            rounds.extend(child::run(work.name, &args.sizes)?);
            if args.peers {
                for peer in peer::ALL {
                    rounds.extend(peer.run(work, &args.sizes)?);
                }
            }
        }
        let medians = reading::medians(rounds);
        if args.json {
            print(&medians)?;
        }
        all.extend(medians);
    }
    if !args.json {
        print!("{}\n{}", table::of(&all), aims::of(&all));
    }
    Ok(())
}
