//! The targets of `crates/testing/fuzz` under libFuzzer, which lets coverage guide it.

use std::fs;
use std::path::Path;

use crate::command::Command;
use crate::step::Failure;
use crate::workspace;

/// Runs the named targets, or all, each for some seconds; prints how many inputs were tried.
pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let (mut names, mut seconds) = (Vec::new(), 30);
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        match *option {
            "--seconds" => {
                let number = rest.next().and_then(|text| text.parse::<u32>().ok());
                seconds = number.ok_or_else(|| Failure::new("--seconds wants a number"))?;
            }
            name if name.starts_with('-') => {
                return Err(Failure::new(format!("fuzz knows no option {name}")));
            }
            name => names.push(name.to_owned()),
        }
    }
    let fuzzer = build()?;
    if names.is_empty() {
        // libFuzzer warns of sanitizers that are not there, which is as it should be.
        let (_, said) = Command::new(&fuzzer, [""; 0]).listen()?;
        let all = said.lines().filter_map(|line| line.strip_prefix("target "));
        names = all.map(str::to_owned).collect();
    }
    let mut failed = Vec::new();
    for name in &names {
        if !fuzz(&fuzzer, name, seconds)? {
            failed.push(name.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "found something: {}",
        failed.join(", ")
    )))
}

/// Builds the front end with instrumentation; gives the path of the program.
///
/// The instrumentation is a pass of LLVM that every toolchain has; nightly is needed for sanitizers of memory only, and
/// nothing here is unsafe.
fn build() -> Result<String, Failure> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    Command::new(&compiler, ["--version"]).read().map_err(|_| {
        Failure::new(format!(
            "libFuzzer is written in C++ and {compiler:?} cannot be run: install g++ or clang, or name a compiler in CXX"
        ))
    })?;
    let host = host()?;
    let target_dir = workspace::target_dir()?.join("fuzz");
    let args = [
        "build",
        "-q",
        "--release",
        "--manifest-path",
        "crates/testing/fuzz/coverage/Cargo.toml",
        // With a target named, flags do not reach build scripts and macros.
        "--target",
        &host,
        "--target-dir",
    ];
    Command::cargo(
        args.map(str::to_owned)
            .into_iter()
            .chain([shown(&target_dir)]),
    )
    .env("RUSTFLAGS", INSTRUMENTED)
    .run()?;
    let program = target_dir
        .join(host)
        .join("release/hyperfeed-testing-fuzz-coverage");
    Ok(shown(&program))
}

/// Whether the target held.
fn fuzz(fuzzer: &str, name: &str, seconds: u32) -> Result<bool, Failure> {
    let corpus = workspace::target_dir()?.join("fuzz/corpus").join(name);
    let folder = |path: &Path| {
        fs::create_dir_all(path)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    };
    folder(&corpus)?;
    let args = vec![
        format!("-max_total_time={seconds}"),
        format!(
            "-artifact_prefix={}/{name}-",
            shown(&workspace::target_dir()?.join("fuzz"))
        ),
        "-print_final_stats=1".to_owned(),
        "-max_len=4096".to_owned(),
        "-timeout=20".to_owned(),
        "-rss_limit_mb=3000".to_owned(),
        shown(&corpus),
    ];
    let command = Command::new(fuzzer, args)
        .env("FUZZ_TARGET", name)
        .env("FUZZ_SEEDS", shown(&corpus));
    let (held, said) = command.listen()?;
    let number = |what: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(what));
        line.map_or("?", str::trim).to_owned()
    };
    let tried = number("stat::number_of_executed_units:");
    let covered = said
        .rsplit("cov: ")
        .next()
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or("?");
    println!("{name:<16} {tried:>10} inputs in {seconds} s, {covered:>6} places covered");
    if !held {
        let tail: Vec<&str> = said.lines().rev().take(60).collect();
        tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        eprintln!(
            "{name}: mend it, and keep the input (Base64 above, and in a file) as hex in crates/testing/fuzz/findings/{name}.txt"
        );
    }
    Ok(held)
}

/// What rustc calls this machine.
fn host() -> Result<String, Failure> {
    let version = Command::new("rustc", ["-vV"]).read()?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc -vV names no host"))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";
