//! Everything a change must pass, in the order in which a failure is cheapest to learn.

use crate::command::Command;
use crate::step::{Failure, Steps};
use crate::{deny, house, interop, kernels, layers, no_std, program};

/// What to do about the tests that need Node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Required,
    LeftOut,
}

/// Runs all steps, stopping at the first that fails.
pub(crate) fn run(node: Node) -> Result<(), Failure> {
    match node {
        // Said before half an hour of building, not after.
        Node::Required => interop::check_node()?,
        Node::LeftOut => warn_without_node(),
    }
    let mut steps = Steps::new(match node {
        Node::Required => 13,
        Node::LeftOut => 11,
    });
    steps.step("formatting", || {
        Command::cargo(["fmt", "--all", "--check"]).run()
    })?;
    steps.step("layers", layers::run)?;
    steps.step("house rules", house::run)?;
    steps.step("dependencies: bans, licences, sources", || deny::run(false))?;
    steps.step("lints", || lints().iter().try_for_each(Command::run))?;
    steps.step("documentation", || documentation().run())?;
    steps.step("builds without std", || {
        no_std::run(no_std::Target::BareMetal)
    })?;
    steps.step("the facade without its default features", || {
        bare_facade().run()
    })?;
    if node == Node::Required {
        steps.step("npm packages", interop::install)?;
    }
    steps.step("all Rust tests", || rust_tests().run())?;
    steps.step("instructions of the inner loops", || {
        kernels::run(kernels::Counts::Compared)
    })?;
    steps.step("1,000 simulated networks", || {
        program::run("hyperfeed-testing-sim", &["--seeds", "1000"])
    })?;
    if node == Node::Required {
        steps.step("live tests against npm hypercore 2.3.0", || {
            interop::test_command().run()
        })?;
    }
    steps.summary();
    if node == Node::LeftOut {
        warn_without_node();
    }
    Ok(())
}

/// With all features everywhere, so that the steps share what they build.
fn lints() -> [Command; 2] {
    let clippy = |targets: &[&str]| {
        let first = ["clippy", "--workspace", "--all-features"];
        Command::cargo(
            first
                .iter()
                .chain(targets)
                .chain(&["--", "-D", "warnings"])
                .copied(),
        )
    };
    // The second: tests that need Node are left out of "all targets".
    [clippy(&["--all-targets"]), clippy(&["--test", "npm"])]
}

fn documentation() -> Command {
    Command::cargo([
        "doc",
        "--workspace",
        "--all-features",
        "--no-deps",
        "--document-private-items",
    ])
    .env("RUSTDOCFLAGS", "-D warnings")
}

fn bare_facade() -> Command {
    Command::cargo(["check", "-p", "hyperfeed", "--no-default-features"])
}

/// Units, integration, examples and doc tests.
fn rust_tests() -> Command {
    Command::cargo(["test", "--workspace", "--all-features"])
}

fn warn_without_node() {
    eprintln!(
        "\n*** --no-node: the live tests against npm hypercore 2.3.0 are LEFT OUT of this run. ***"
    );
    eprintln!(
        "*** What passes here is not shown to speak with npm peers.                          ***"
    );
}
