//! Measures hyperfeed beside the machine's limits, and beside its peers.

use crate::command::Command;
use crate::interop;
use crate::step::Failure;

const PACKAGE: &str = "hyperfeed-testing-benches";

/// Where the peers of other languages and workspaces have their scripts.
const NPM_11: &str = "crates/testing/interop/peers/npm-11";
const CRATE: &str = "crates/testing/interop/peers/crate-hypercore/Cargo.toml";

/// Builds the benches with optimisation and runs them; installs the peers first if they are to be measured too.
pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    if options.contains(&"--peers") {
        interop::check_node()?;
        interop::install()?;
        let install = ["ci", "--no-audit", "--no-fund"];
        interop::npm(&install).dir(NPM_11).run()?;
        Command::cargo(["build", "--release", "--locked", "--manifest-path", CRATE]).run()?;
    }
    let run = ["run", "--release", "--quiet", "--package", PACKAGE, "--"];
    Command::cargo(run.iter().chain(options).copied()).run()
}
