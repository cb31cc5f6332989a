//! The simulation of whole networks, with as many seeds as one likes.

use crate::command::Command;
use crate::step::Failure;

/// Hands the options on to the simulator, built with optimisation and debug symbols.
pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let simulator = [
        "run",
        "-q",
        "--release",
        "-p",
        "hyperfeed-testing-sim",
        "--",
    ];
    let args = simulator.iter().chain(options).copied();
    Command::cargo(args).run()
}
