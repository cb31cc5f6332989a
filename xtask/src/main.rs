//! One door to every chore of the hyperfeed workspace: `cargo xtask COMMAND`.
//!
//! Plain programs run by plain code: no build logic lives here that a person could not repeat by
//! hand, and every failing step prints the command that repeats it.

mod bench;
mod command;
mod demo;
mod deny;
mod docs;
mod fuzz;
mod house;
mod interop;
mod kernels;
mod layers;
mod mutants;
mod no_std;
mod parity;
mod program;
mod rules;
mod step;
mod test;
mod vectors;
mod workspace;

use std::process::ExitCode;

use step::Failure;

const USAGE: &str = "\
cargo xtask COMMAND

  test [--no-node]     everything a change must pass: format, layers, house rules, dependencies,
                       lints, docs, no_std builds, all Rust tests, simulated networks, then
                       live tests against npm hypercore
  demo [FILE...] [--keep]
                       two hyperfeed processes: share files, clone them over TCP, append while
                       connected, compare byte for byte
  interop [--seeds N [--first N] | --processes]
                       only the live tests against npm hypercore 2.3.0 (needs node and npm), or of
                       them N random scripts, or those of the command itself (minutes)
  bench [NAME...] [--json] [--peers] [--rounds N] [--quick | --full]
                       measures beside the machine's limits, and beside npm hypercore and the crate
  kernels [--accept]   instructions of the inner loops, compared with the accepted ones (valgrind)
  sim [--seeds N] [--first N] [--seed S [--trace]]
                       whole networks with faults and adversaries, one for each seed
  crash [--rounds N] [--seed N]
                       kill -9 at random on both databases: what was promised must be there after it
  soak [--seconds N] [--seed N] [--out DIR]
                       writers, peers and attackers as processes for ten minutes, and a report of
                       what was lost, leaked or grew (needs Linux)
  vectors [--check]    make the test vectors anew with npm; --check: only compare with those there are
  mutants [NAME...]    puts known mistakes into the code one at a time: the simulation must catch each
  fuzz [TARGET...] [--seconds N]
                       hostile bytes for every decoder, guided by coverage (needs a C++ compiler)
  deny [--advisories]  what may enter the dependency tree; builds cargo-deny when it is missing
  layers               only the check that every dependency points down
  house                only the textual rules of the house
  no-std [--host]      only the builds without std; --host: do not try the bare-metal target
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let outcome = match (name.as_str(), rest.as_slice()) {
        ("test", []) => test::run(test::Node::Required),
        ("test", ["--no-node"]) => test::run(test::Node::LeftOut),
        ("bench", rest) => bench::run(rest),
        ("crash", rest) => program::run("hyperfeed-testing-crash", rest),
        ("demo", rest) => demo::run(rest),
        ("deny", []) => deny::run(false),
        ("deny", ["--advisories"]) => deny::run(true),
        ("fuzz", rest) => fuzz::run(rest),
        ("interop", rest) => interop::run(rest),
        ("sim", rest) => program::run("hyperfeed-testing-sim", rest),
        ("soak", rest) => program::run("hyperfeed-testing-soak", rest),
        ("vectors", []) => vectors::run(vectors::Made::Kept),
        ("vectors", ["--check"]) => vectors::run(vectors::Made::Compared),
        ("kernels", []) => kernels::run(kernels::Counts::Compared),
        ("kernels", ["--accept"]) => kernels::run(kernels::Counts::Accepted),
        ("mutants", rest) => mutants::run(rest),
        ("layers", []) => layers::run(),
        ("house", []) => house::run(),
        ("no-std", []) => no_std::run(no_std::Target::BareMetal),
        ("no-std", ["--host"]) => no_std::run(no_std::Target::Host),
        ("help" | "--help" | "-h", []) => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

fn report(failure: &Failure) -> ExitCode {
    eprintln!("\nxtask: {failure}");
    ExitCode::FAILURE
}
