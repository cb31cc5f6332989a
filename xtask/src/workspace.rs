//! What the workspace holds: its root, its packages, its tracked files.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::Command;
use crate::step::Failure;

/// A package of the workspace and its direct dependencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// An arrow from one package to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// Where in a manifest a dependency stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[dependencies]` and `[build-dependencies]`.
    Normal,
    /// `[dev-dependencies]`.
    Dev,
}

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable when it runs us; the built-in value serves a binary run by hand.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask
        .parent()
        .map_or_else(|| xtask.clone(), Path::to_path_buf)
}

/// All packages of the workspace, with every direct dependency.
pub(crate) fn packages() -> Result<Vec<Package>, Failure> {
    list(&metadata()?["packages"]).iter().map(package).collect()
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> Result<PathBuf, Failure> {
    let metadata = metadata()?;
    let folder = metadata["target_directory"].as_str();
    folder
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new("cargo metadata names no target directory"))
}

/// Paths of the files under version control, relative to the root, with `/` between folders.
pub(crate) fn tracked_files() -> Result<Vec<String>, Failure> {
    let text = Command::new("git", ["ls-files", "-z"]).read()?;
    let root = root();
    let there = |path: &&str| !path.is_empty() && root.join(path).is_file();
    Ok(text.split('\0').filter(there).map(str::to_owned).collect())
}

fn metadata() -> Result<Value, Failure> {
    let text = Command::cargo(["metadata", "--no-deps", "--format-version", "1"]).read()?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))
}

fn package(value: &Value) -> Result<Package, Failure> {
    let dependencies = list(&value["dependencies"])
        .iter()
        .map(|dependency| {
            let kind = if dependency["kind"] == "dev" {
                Kind::Dev
            } else {
                Kind::Normal
            };
            Ok(Dependency {
                name: name(dependency)?,
                kind,
            })
        })
        .collect::<Result<_, Failure>>()?;
    Ok(Package {
        name: name(value)?,
        dependencies,
    })
}

fn name(value: &Value) -> Result<String, Failure> {
    match value["name"].as_str() {
        Some(name) => Ok(name.to_owned()),
        None => Err(Failure::new(
            "cargo metadata lists something without a name",
        )),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
