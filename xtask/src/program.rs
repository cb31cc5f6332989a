//! Programs of the testing crates that run for long: built with optimisation.

use crate::command::Command;
use crate::step::Failure;

/// Builds and runs the program of a package, and hands the options on to it.
pub(crate) fn run(package: &str, options: &[&str]) -> Result<(), Failure> {
    let run = ["run", "-q", "--release", "-p", package, "--"];
    Command::cargo(run.iter().chain(options).copied()).run()
}
