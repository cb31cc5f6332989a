//! Proof that the crates of the lower layers need no std.
//!
//! Best: a target that has none, `thumbv7em-none-eabi`, which rustup fetches once (30 MB). Where
//! that cannot be had, the host's own target with a sysroot that holds `core` and `alloc` alone:
//! anything in the dependency tree that asks for std then fails to compile as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::command::Command;
use crate::rules::RULES;
use crate::step::Failure;
use crate::workspace;

const BARE_METAL: &str = "thumbv7em-none-eabi";

/// How long rustup may take to fetch the target before we go on without.
const FETCH_PATIENCE: Duration = Duration::from_secs(120);

/// Which proof to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A target without std if it can be had, else the host.
    BareMetal,
    /// The host, with a sysroot without std.
    Host,
}

/// Builds every no_std crate, each with its own features only.
pub(crate) fn run(target: Target) -> Result<(), Failure> {
    if target == Target::BareMetal && has_bare_metal() {
        eprintln!("no-std: building for {BARE_METAL}, which has no std");
        return each_crate(|name| Command::cargo(["build", "-p", name, "--target", BARE_METAL]));
    }
    let host = host()?;
    let sysroot = sysroot_without_std(&host)?;
    eprintln!("no-std: building for {host} against a sysroot of core and alloc alone");
    // Given with `--target`, the flags reach our crates and not build scripts or proc macros.
    let flags = [
        format!("--sysroot={}", sysroot.display()),
        "--cfg".to_owned(),
        "poly1305_backend=\"soft\"".to_owned(),
    ];
    each_crate(|name| {
        Command::cargo(["build", "-p", name, "--target", &host])
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
    })
    .map_err(|failure| failure.repeat("cargo xtask no-std --host"))
}

fn each_crate(build: impl Fn(&str) -> Command) -> Result<(), Failure> {
    // One by one: together, one crate's features would hide what another lacks.
    RULES
        .iter()
        .filter(|rule| rule.no_std)
        .try_for_each(|rule| build(rule.name).run())
}

/// Whether the target is there, or rustup could fetch it in time.
fn has_bare_metal() -> bool {
    let has =
        || target_libdir(BARE_METAL).is_ok_and(|folder| !libraries(&folder, "core").is_empty());
    if has() {
        return true;
    }
    eprintln!(
        "no-std: asking rustup for {BARE_METAL} (at most {} s)",
        FETCH_PATIENCE.as_secs()
    );
    if !runs_within("rustup", &["target", "add", BARE_METAL], FETCH_PATIENCE) {
        eprintln!("no-std: rustup could not provide it");
    }
    has()
}

fn runs_within(program: &str, args: &[&str], patience: Duration) -> bool {
    let command = std::process::Command::new(program)
        .args(args)
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .spawn();
    let Ok(mut child) = command else { return false };
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < patience => std::thread::sleep(Duration::from_millis(50)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

/// A folder that looks like a sysroot to the compiler, but holds no std.
fn sysroot_without_std(host: &str) -> Result<PathBuf, Failure> {
    let from = target_libdir(host)?;
    let version = Command::new("rustc", ["--version"]).read()?;
    let name: String = version
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect();
    let sysroot = workspace::target_dir()?.join("no-std").join(name);
    let into = sysroot.join("lib/rustlib").join(host).join("lib");
    fs::create_dir_all(&into).map_err(|error| cannot("create", &into, &error))?;
    for name in [
        "core",
        "alloc",
        "compiler_builtins",
        "rustc_std_workspace_core",
    ] {
        for library in libraries(&from, name) {
            let Some(file) = library.file_name() else {
                continue;
            };
            let copy = into.join(file);
            if !copy.exists() {
                fs::copy(&library, &copy).map_err(|error| cannot("copy", &library, &error))?;
            }
        }
    }
    Ok(sysroot)
}

/// `libNAME-<hash>.rlib`, and `.rmeta` where compilers keep the metadata apart.
fn libraries(folder: &Path, name: &str) -> Vec<PathBuf> {
    let prefix = format!("lib{name}-");
    let is_wanted = |path: &PathBuf| {
        let extension = path
            .extension()
            .is_some_and(|end| end == "rlib" || end == "rmeta");
        extension
            && path
                .file_name()
                .is_some_and(|file| file.to_string_lossy().starts_with(&prefix))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(is_wanted)
        .collect()
}

fn target_libdir(target: &str) -> Result<PathBuf, Failure> {
    let text = Command::new("rustc", ["--print", "target-libdir", "--target", target]).read()?;
    Ok(PathBuf::from(text.trim()))
}

fn host() -> Result<String, Failure> {
    let text = Command::new("rustc", ["-vV"]).read()?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::new("`rustc -vV` names no host"))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {what} {}: {error}", path.display()))
}
