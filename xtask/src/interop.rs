//! The live tests against npm hypercore 2.3.0.

use std::process::Stdio;

use crate::command::Command;
use crate::step::Failure;

const FOLDER: &str = "crates/testing/interop";

/// The oldest Node the package was tried on.
const NODE_AT_LEAST: u32 = 18;

/// Installs the pinned packages and runs the tests.
pub(crate) fn run() -> Result<(), Failure> {
    check_node()?;
    install()?;
    test_command().run()
}

/// Node and npm are there and new enough; otherwise a failure that says what to install.
pub(crate) fn check_node() -> Result<(), Failure> {
    let node = version("node")?;
    version("npm")?;
    let major = node
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|text| text.parse::<u32>().ok());
    match major {
        Some(major) if major >= NODE_AT_LEAST => Ok(()),
        _ => Err(Failure::new(format!(
            "node is {node}, and the live tests need {NODE_AT_LEAST} or newer.\n{WHAT_TO_INSTALL}"
        ))),
    }
}

/// The packages exactly as the lock file names them, fetched again if the network fails once.
///
/// Install scripts stay unrun and optional packages out: they only build native code that the
/// library does without.
pub(crate) fn install() -> Result<(), Failure> {
    let install = npm(&[
        "ci",
        "--ignore-scripts",
        "--omit=optional",
        "--no-audit",
        "--no-fund",
    ])
    .dir(FOLDER);
    install.run().or_else(|_| install.run())
}

/// Named and with `--workspace`, so that it is built with the features everything else was built with.
pub(crate) fn test_command() -> Command {
    Command::cargo(["test", "--workspace", "--all-features", "--test", "npm"])
}

/// npm by the name it has on this system.
pub(crate) fn npm(args: &[&str]) -> Command {
    Command::new(NPM, args.iter().copied())
}

fn version(program: &str) -> Result<String, Failure> {
    let name = if program == "npm" { NPM } else { program };
    let output = std::process::Command::new(name)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => Err(Failure::new(format!(
            "`{program}` is not there or does not run.\n{WHAT_TO_INSTALL}"
        ))),
    }
}

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

const WHAT_TO_INSTALL: &str = "\
The live tests against npm hypercore need Node.js with npm: https://nodejs.org, or the packages
`nodejs` and `npm` of your system. To run everything else: cargo xtask test --no-node";
