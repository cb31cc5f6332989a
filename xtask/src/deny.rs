//! What may enter the dependency tree: `deny.toml`, checked by cargo-deny.

use crate::command::Command;
use crate::step::Failure;
use crate::workspace;

/// Bans, licences and sources; installs the tool when it is missing. With `advisories` those, too: they come from a
/// database that is fetched from the network.
pub(crate) fn run(advisories: bool) -> Result<(), Failure> {
    let root = workspace::target_dir()?.join("tools");
    let program = root
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    let program = program.display().to_string();
    let version = Command::new(&program, ["--version"]);
    let installed =
        std::path::Path::new(&program).is_file() && version.read()?.trim().ends_with(VERSION);
    if !installed {
        eprintln!(
            "    cargo-deny {VERSION} is built once, which takes minutes, and kept in {}",
            root.display()
        );
        let root = root.display().to_string();
        let args = [
            "install",
            "-q",
            "--locked",
            "cargo-deny",
            "--version",
            VERSION,
            "--force",
            "--root",
            &root,
        ];
        Command::cargo(args).run()?;
    }
    let checks = [
        "--all-features",
        "check",
        "--hide-inclusion-graph",
        "--allow",
        "duplicate",
        "bans",
        "licenses",
        "sources",
    ];
    let advisories = advisories.then_some("advisories");
    Command::new(&program, checks.into_iter().chain(advisories)).run()
}

const VERSION: &str = "0.20.2";
