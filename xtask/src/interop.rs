//! The live tests against npm hypercore 2.3.0.

use std::process::Stdio;

use crate::command::Command;
use crate::step::Failure;
use crate::workspace;

const FOLDER: &str = "crates/testing/interop";

/// The oldest Node the package was tried on.
const NODE_AT_LEAST: u32 = 18;

/// Which of the live tests.
#[derive(Debug, PartialEq, Eq)]
enum Which {
    /// Those of every change.
    All,
    /// The ones that run the command itself.
    Processes,
    /// So many scripts, from this seed on, run by npm, by us and by both.
    Scripts { seeds: u64, first: u64 },
}

/// Installs the pinned packages and runs the tests: all, or with `--seeds N [--first N]` or `--processes` some.
pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    let which = which(args)?;
    check_node()?;
    install()?;
    match which {
        Which::All => test_command().run(),
        Which::Processes => {
            Command::cargo(["build", "--package", "hyperfeed-cli"]).run()?;
            let binary = workspace::target_dir()?
                .join("debug")
                .join(format!("hyperfeed{}", std::env::consts::EXE_SUFFIX));
            let binary = binary.display().to_string();
            with_filter(&["--ignored", "processes::"])
                .env("HYPERFEED_BIN", binary)
                .run()
        }
        Which::Scripts { seeds, first } => with_filter(&["--nocapture", "differential::"])
            .env("HYPERFEED_INTEROP_SEEDS", seeds.to_string())
            .env("HYPERFEED_INTEROP_FIRST_SEED", first.to_string())
            .run(),
    }
}

fn which(args: &[&str]) -> Result<Which, Failure> {
    let number = |text: &str| {
        text.parse()
            .map_err(|_| Failure::new(format!("interop: {text:?} is no number of seeds")))
    };
    match *args {
        [] => Ok(Which::All),
        ["--processes"] => Ok(Which::Processes),
        ["--seeds", seeds] => Ok(Which::Scripts {
            seeds: number(seeds)?,
            first: 1,
        }),
        ["--seeds", seeds, "--first", first] => Ok(Which::Scripts {
            seeds: number(seeds)?,
            first: number(first)?,
        }),
        _ => Err(Failure::new(
            "interop: takes nothing, `--seeds N`, `--seeds N --first N` or `--processes`",
        )),
    }
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

fn with_filter(rest: &[&str]) -> Command {
    let test = [
        "test",
        "--workspace",
        "--all-features",
        "--test",
        "npm",
        "--",
    ];
    Command::cargo(test.iter().chain(rest).copied())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_say_which_tests() {
        assert_eq!(which(&[]).ok(), Some(Which::All));
        assert_eq!(which(&["--processes"]).ok(), Some(Which::Processes));
        let scripts = |seeds, first| Some(Which::Scripts { seeds, first });
        assert_eq!(which(&["--seeds", "40"]).ok(), scripts(40, 1));
        assert_eq!(which(&["--seeds", "2", "--first", "9"]).ok(), scripts(2, 9));
        for wrong in [&["--seeds"][..], &["--seeds", "many"], &["40"]] {
            assert!(which(wrong).is_err(), "{wrong:?}");
        }
    }
}
