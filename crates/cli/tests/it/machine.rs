//! A store in a directory of its own, and the command on it.

use crate::running::Running;
use assert_cmd::Command;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;

/// Somebody's computer: a store and a directory for files.
#[derive(Debug)]
pub(crate) struct Machine {
    dir: TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Makes a file.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The command on this store, in the directory of the files.
    pub(crate) fn hyperfeed<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(binary());
        command
            .env_remove("HYPERFEED_STORE")
            .current_dir(self.dir.path())
            .args(["--store", "store"])
            .args(args)
            .timeout(PATIENCE);
        command
    }

    /// Runs the command, which must succeed; gives its stdout.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        String::from_utf8(self.bytes(args)).unwrap()
    }

    /// As `run`, for blocks.
    pub(crate) fn bytes<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Vec<u8> {
        self.hyperfeed(args)
            .assert()
            .success()
            .get_output()
            .stdout
            .clone()
    }

    /// Runs the command with `--json`, which must succeed; gives the objects of its stdout.
    pub(crate) fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Vec<Value> {
        let output = self.hyperfeed(args).arg("--json").assert().success();
        let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Runs the command, which must fail with exit code 1 and say nothing on stdout; gives its stderr.
    pub(crate) fn fails<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let assert = self.hyperfeed(args).assert().code(1).stdout("");
        complaint(assert.get_output())
    }

    /// Starts the command and leaves it running.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = std::process::Command::new(binary());
        command
            .env_remove("HYPERFEED_STORE")
            .current_dir(self.dir.path())
            .args(["--store", "store"])
            .args(args);
        Running::start(command)
    }

    /// A new live feed with an alias; gives its key.
    pub(crate) fn create(&self, alias: &str) -> String {
        self.run(["create", "--alias", alias]).trim().to_owned()
    }

    /// Shares with some more arguments, on a free port; gives the address too.
    pub(crate) fn share(&self, args: &[&str]) -> (Running, String) {
        let listen = ["share", "--listen", "127.0.0.1:0"];
        let running = self.start(&[&listen, args].concat());
        let address = running.wait_for("listening on ");
        (running, address)
    }

    /// Blocks held of a feed.
    pub(crate) fn held(&self, feed: &str) -> u64 {
        self.json(["info", feed])[0]["held_blocks"]
            .as_u64()
            .unwrap()
    }
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_hyperfeed"))
}

/// What a command that failed said. It must begin with the error, and have nothing of a panic.
pub(crate) fn complaint(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(
        text.lines().any(|line| line.starts_with("error: ")),
        "{text}"
    );
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// Bytes that repeat nowhere near, and are the same each time.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// How long a command may take; far more than it needs on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
