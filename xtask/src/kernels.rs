//! Instructions of the inner loops, compared with those that are accepted.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::{Command as Process, Stdio};

use crate::command::Command;
use crate::step::Failure;
use crate::workspace;

const PACKAGE: &str = "hyperfeed-testing-kernels";
const ACCEPTED: &str = "crates/testing/kernels/instructions.txt";

/// How much more than accepted is a failure, and how much less worth accepting, in percent.
const TOLERANCE: u64 = 5;

/// What to do with the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    Compared,
    Accepted,
}

/// Counts each kernel's instructions a round.
pub(crate) fn run(counts: Counts) -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        eprintln!(
            "*** kernels: LEFT OUT of this run, the counts are those of Linux on x86-64. ***"
        );
        return Ok(());
    }
    ensure_valgrind()?;
    Command::cargo(["build", "-q", "--release", "-p", PACKAGE]).run()?;
    let program = workspace::target_dir()?
        .join("release")
        .join("hyperfeed-kernels")
        .display()
        .to_string();
    let mut counted = BTreeMap::new();
    for line in Command::new(&program, [] as [&str; 0]).read()?.lines() {
        let (name, rounds) = line
            .split_once(' ')
            .and_then(|(name, rounds)| Some((name, rounds.parse::<u64>().ok()?)))
            .ok_or_else(|| Failure::new(format!("kernels: {line:?} is no kernel")))?;
        let all = instructions(&program, name, rounds)?;
        let none = instructions(&program, name, 0)?;
        counted.insert(name.to_owned(), all.saturating_sub(none) / rounds.max(1));
    }
    let compiler = Command::new("rustc", ["--version"]).read()?;
    let path = workspace::root().join(ACCEPTED);
    if counts == Counts::Accepted {
        let text = written(&counted, compiler.trim());
        return fs::write(path, text).map_err(|error| Failure::new(format!("{ACCEPTED}: {error}")));
    }
    let text =
        fs::read_to_string(path).map_err(|error| Failure::new(format!("{ACCEPTED}: {error}")))?;
    compare(&text, &counted, compiler.trim())
}

fn written(counted: &BTreeMap<String, u64>, compiler: &str) -> String {
    let mut text =
        format!("# Instructions a round, by `cargo xtask kernels --accept` with {compiler}\n");
    for (name, count) in counted {
        // Writing to a string does not fail.
        writeln!(text, "{name} {count}").unwrap_or_default();
    }
    text
}

/// Fails over each kernel that became dearer, is new, or is gone.
fn compare(accepted: &str, counted: &BTreeMap<String, u64>, compiler: &str) -> Result<(), Failure> {
    let known: BTreeMap<&str, u64> = accepted
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
        .collect();
    let mut wrong = Vec::new();
    for (name, count) in counted {
        let Some(before) = known.get(name.as_str()) else {
            wrong.push(format!("{name} is new"));
            continue;
        };
        eprintln!("kernels: {name:14} {count:10} instructions a round, accepted {before}");
        if *count > before + before * TOLERANCE / 100 {
            wrong.push(format!(
                "{name} needs {count} instructions a round, not {before}"
            ));
        } else if *count < before - before * TOLERANCE / 100 {
            eprintln!("kernels: {name} became better: accept it with --accept");
        }
    }
    let gone = known.keys().filter(|name| !counted.contains_key(**name));
    wrong.extend(gone.map(|name| format!("{name} is gone")));
    if wrong.is_empty() {
        return Ok(());
    }
    let first = accepted.lines().next().unwrap_or_default();
    Err(Failure::new(format!(
        "{}\nThis is {compiler}. {ACCEPTED} says:\n{first}\nIf the change is meant: cargo xtask kernels --accept",
        wrong.join("\n")
    ))
    .repeat("cargo xtask kernels"))
}

fn instructions(program: &str, kernel: &str, rounds: u64) -> Result<u64, Failure> {
    let rounds = rounds.to_string();
    let output = Process::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args([program, kernel, &rounds])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::new(format!("valgrind cannot start: {error}")))?;
    let text = String::from_utf8_lossy(&output.stderr);
    // "==1234== Collected : 5678"
    let collected = text
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok());
    match collected {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(Failure::new(format!(
            "valgrind did not count {kernel}:\n{text}"
        ))),
    }
}

/// Installs valgrind where that is one command and allowed; else says how.
fn ensure_valgrind() -> Result<(), Failure> {
    let is_there = || {
        Process::new("valgrind")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if is_there() {
        return Ok(());
    }
    eprintln!("kernels: valgrind is not here; trying `apt-get install valgrind`");
    for args in [&["update"][..], &["install", "-y", "valgrind"]] {
        // Whether it helped is asked below. Who is not root may be allowed to without a password.
        let is_done = Process::new("apt-get").args(args).status();
        if !is_done.is_ok_and(|status| status.success()) {
            let sudo = ["-n", "apt-get"].iter().chain(args);
            Process::new("sudo").args(sudo).status().ok();
        }
    }
    if is_there() {
        return Ok(());
    }
    Err(Failure::new(
        "instructions are counted with valgrind, which is not installed: take the package of your system \
         (https://valgrind.org)",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(tree: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([("tree".to_owned(), tree)])
    }

    #[test]
    fn more_instructions_new_kernels_and_lost_ones_fail() {
        let accepted = written(&counted(1_000), "rustc 1");
        assert!(compare(&accepted, &counted(1_050), "rustc 1").is_ok());
        assert!(compare(&accepted, &counted(900), "rustc 1").is_ok());
        assert!(compare(&accepted, &counted(1_051), "rustc 1").is_err());
        assert!(compare("", &counted(1), "rustc 1").is_err());
        assert!(compare(&accepted, &BTreeMap::new(), "rustc 1").is_err());
    }
}
