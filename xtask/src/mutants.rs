//! Known mistakes, put into a copy of the code one at a time: the simulation must catch each.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::command::Command;
use crate::step::Failure;
use crate::workspace;

/// One mistake, as `mutants.txt` describes it.
#[derive(Debug, PartialEq, Eq)]
struct Mutant<'a> {
    name: &'a str,
    what: &'a str,
    file: &'a str,
    before: &'a str,
    after: &'a str,
}

/// Tries the named mistakes, or all. Prints a row for each: name, sessions it took, what was broken.
pub(crate) fn run(names: &[&str]) -> Result<(), Failure> {
    let list = workspace::root().join(LIST);
    let text =
        fs::read_to_string(&list).map_err(|error| Failure::new(format!("{LIST}: {error}")))?;
    let all = parse(&text)?;
    if let Some(unknown) = names
        .iter()
        .find(|name| all.iter().all(|mutant| mutant.name != **name))
    {
        return Err(Failure::new(format!("{LIST} has no {unknown}")));
    }
    let copy = copied()?;
    let mut missed = Vec::new();
    for mutant in all
        .iter()
        .filter(|mutant| names.is_empty() || names.contains(&mutant.name))
    {
        let began = Instant::now();
        let caught = try_one(&copy, mutant)?;
        let row = caught.as_deref().unwrap_or("NOT CAUGHT");
        println!(
            "{:<24} {row}  ({:.0} s)",
            mutant.name,
            began.elapsed().as_secs_f64()
        );
        if caught.is_none() {
            missed.push(mutant.name);
        }
    }
    if missed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the simulation does not catch: {}",
        missed.join(", ")
    )))
}

/// How many sessions it took and what was broken; `None` if all of them passed.
fn try_one(copy: &Path, mutant: &Mutant<'_>) -> Result<Option<String>, Failure> {
    let path = copy.join(mutant.file);
    let wrong = |why: &str| Failure::new(format!("mutant {}: {}: {why}", mutant.name, mutant.file));
    let code = fs::read_to_string(&path).map_err(|error| wrong(&error.to_string()))?;
    if code.matches(mutant.before).count() != 1 {
        return Err(wrong(
            "the text to replace does not stand there exactly once",
        ));
    }
    let broken = code.replacen(mutant.before, mutant.after, 1);
    fs::write(&path, broken).map_err(|error| wrong(&error.to_string()))?;
    let outcome = simulate(copy);
    fs::write(&path, code).map_err(|error| wrong(&error.to_string()))?;
    outcome.map_err(|failure| wrong(&failure.to_string()))
}

fn simulate(copy: &Path) -> Result<Option<String>, Failure> {
    let target = workspace::target_dir()?.join("mutants/target");
    let args = [
        "build",
        "-q",
        "--release",
        "-p",
        "hyperfeed-testing-sim",
        "--target-dir",
    ];
    let target_arg = target.display().to_string();
    Command::cargo(args.into_iter().chain([target_arg.as_str()]))
        .dir(copy)
        // Mistakes may leave something unused; and each is built once, to run for seconds.
        .env("RUSTFLAGS", "--cap-lints allow")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_INCREMENTAL", "true")
        .run()?;
    let program = target.join("release/hyperfeed-sim").display().to_string();
    let (held, said) = Command::new(&program, ["--stop", "--seeds", SEEDS]).listen()?;
    if held {
        return Ok(None);
    }
    let line = said
        .lines()
        .find(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    line.map(|line| Some(line.to_owned()))
        .ok_or_else(|| Failure::new("the simulator broke off"))
}

/// All tracked files in a folder of their own. Files that are the same stay untouched: cargo goes by their time.
fn copied() -> Result<PathBuf, Failure> {
    let (root, copy) = (
        workspace::root(),
        workspace::target_dir()?.join("mutants/source"),
    );
    for file in workspace::tracked_files()? {
        let wrong = |error: std::io::Error| Failure::new(format!("{file}: {error}"));
        let (from, to) = (root.join(&file), copy.join(&file));
        let content = fs::read(from).map_err(wrong)?;
        if fs::read(&to).is_ok_and(|old| old == content) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(wrong)?;
        }
        fs::write(to, content).map_err(wrong)?;
    }
    Ok(copy)
}

fn parse(text: &str) -> Result<Vec<Mutant<'_>>, Failure> {
    let entries = text.split("\n## ").skip(1);
    let parsed = entries.map(|entry| {
        let (head, rest) = entry.split_once("\n--- before\n")?;
        let (before, rest) = rest.split_once("--- after\n")?;
        let (after, _) = rest.split_once("--- end")?;
        let mut lines = head.lines();
        let (name, what) = (lines.next()?, lines.next()?);
        let file = lines.next()?.strip_prefix("file ")?;
        Some(Mutant {
            name,
            what,
            file,
            before,
            after,
        })
    });
    let parsed: Option<Vec<_>> = parsed.collect();
    parsed.ok_or_else(|| Failure::new(format!("{LIST}: an entry is not complete")))
}

const LIST: &str = "crates/testing/sim/mutants.txt";
/// Sessions in which a mistake has to show.
const SEEDS: &str = "10000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_names_text_that_stands_in_its_file_exactly_once() {
        let root = workspace::root();
        let text = fs::read_to_string(root.join(LIST)).expect("it is there");
        let all = parse(&text).expect("it can be read");
        assert!(all.len() >= 15);
        for mutant in all {
            let code = fs::read_to_string(root.join(mutant.file)).expect("it is there");
            assert_eq!(
                code.matches(mutant.before).count(),
                1,
                "{}: {}",
                mutant.name,
                mutant.what
            );
            assert_ne!(mutant.before, mutant.after);
        }
    }
}
