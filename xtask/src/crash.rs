//! `kill -9` on the real disk stores, with as many rounds as one likes.

use crate::command::Command;
use crate::step::Failure;

/// Hands the options on to the program that kills, built with optimisation and debug symbols.
pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let killer = [
        "run",
        "-q",
        "--release",
        "-p",
        "hyperfeed-testing-crash",
        "--",
    ];
    let args = killer.iter().chain(options).copied();
    Command::cargo(args).run()
}
