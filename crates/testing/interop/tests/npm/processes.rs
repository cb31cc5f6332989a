//! The command itself against npm, as a person would run both: two thousand blocks from empty to 1 MiB.
//!
//! Left out unless asked for: `cargo xtask interop --processes` builds the command, names it in `HYPERFEED_BIN` and runs
//! these. They take minutes, most of them in upstream's JavaScript cryptography.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use futures::executor::block_on;
use hyperfeed::Core;
use hyperfeed_testing_interop::{Connect, FeedDigest, FeedOptions, Listen, NpmPeer, Pattern};

use crate::ours;

const SIZES: Pattern = Pattern::new(20, 1_048_576);
const BLOCKS: u32 = 2000;
const BEFORE: u32 = 1500;

#[test]
#[ignore = "needs the command: cargo xtask interop --processes"]
fn npm_downloads_two_thousand_blocks_from_the_command_that_shares_and_goes_on_appending() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let key = text(&store, ["create", "--alias", "log"]);
    // A file a block, in the order of their names.
    let files: Vec<_> = (0..BEFORE)
        .map(|index| {
            let path = dir.path().join(format!("{index:04}"));
            fs::write(&path, SIZES.block(index)).unwrap();
            path
        })
        .collect();
    for files in files.chunks(500) {
        let mut append = hyperfeed(&store);
        append.args(["append", "log", "--whole"]).args(files);
        assert!(append.stdin(Stdio::null()).status().unwrap().success());
    }
    let line = |index: u32| format!("line {index} {}", "x".repeat(index as usize % 1500));
    let expected = FeedDigest::of(
        SIZES
            .blocks(0..BEFORE)
            .chain((BEFORE..BLOCKS).map(|index| line(index).into_bytes())),
    );

    let mut share = Running::start(hyperfeed(&store).args([
        "--json",
        "share",
        "log",
        "--listen",
        "127.0.0.1:0",
        "--stdin",
        "log",
    ]));
    let address = share.wait(|event| event["event"] == "listening")["address"].to_string();
    let port = address
        .trim_matches('"')
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut npm = patient_npm();
    npm.open("copy", key.trim(), FeedOptions::default())
        .unwrap();
    npm.connect(&Connect::to(port).feeds(["copy"]).timeout(TIMEOUT))
        .unwrap();
    for index in BEFORE..BLOCKS {
        // In step with npm, so that appending goes on for as long as downloading does.
        npm.wait_blocks("copy", u64::from(index - BEFORE) * 3)
            .unwrap();
        share.say(&line(index));
    }
    npm.wait_blocks("copy", u64::from(BLOCKS)).unwrap();
    assert_eq!(npm.digest_all("copy").unwrap(), expected);
    assert!(expected.bytes > 10_000_000, "{expected:?}");
    ours::assert_well(&mut npm);
}

#[test]
#[ignore = "needs the command: cargo xtask interop --processes"]
fn the_command_clones_two_thousand_blocks_from_npm_that_goes_on_appending() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let copy = dir.path().join("copy");
    let mut npm = patient_npm();
    let key = npm.create_live("log").unwrap().key;
    npm.append_pattern("log", SIZES, 0, BEFORE).unwrap();
    let port = npm
        .listen(&Listen::feeds(["log"]).timeout(TIMEOUT))
        .unwrap();
    let address = format!("127.0.0.1:{port}");
    let mut clone = Running::start(
        hyperfeed(&store)
            .args(["--json", "clone", &key, &address, "--live", "--to"])
            .arg(&copy),
    );
    for index in (BEFORE..BLOCKS).step_by(20) {
        npm.append_pattern("log", SIZES, index, 20).unwrap();
    }
    clone.wait(|event| {
        let whole = event["held"].as_u64().or_else(|| event["length"].as_u64());
        whole == Some(u64::from(BLOCKS))
    });
    drop(clone);
    // Whole already, so this only looks; it ends by itself and leaves the store closed.
    let said = text(
        &store,
        [
            "--json",
            "clone",
            &key,
            &address,
            "--to",
            copy.to_str().unwrap(),
        ],
    );
    let done: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&done["event"], &done["fetched"]),
        (&"done".into(), &0.into())
    );

    let plain: Vec<u8> = SIZES.blocks(0..BLOCKS).flatten().collect();
    assert!(
        fs::read(&copy).unwrap() == plain,
        "the file is not the blocks one after the other"
    );
    assert!(
        output(&store, ["cat", &key]) == plain,
        "`cat` gives other bytes"
    );
    // And where one block ends and the next begins.
    let digest = block_on(async {
        let file = hyperfeed::FileStore::open(&copy, false).unwrap();
        let core = Core::open(&store).await.unwrap();
        let options = hyperfeed::FeedOptions::new().external(file);
        let feed = core
            .open_feed_with(&key.parse().unwrap(), options)
            .await
            .unwrap();
        ours::digest(&feed).await
    });
    assert_eq!(digest, FeedDigest::of(SIZES.blocks(0..BLOCKS)));
    assert!(digest.bytes > 10_000_000, "{digest:?}");
    ours::assert_well(&mut npm);
}

/// The fixture of the command's own tests is one table and a log; this is several compressed tables and logs.
#[test]
#[ignore = "needs the command: cargo xtask interop --processes"]
fn the_command_imports_a_directory_of_many_tables_that_npm_wrote() {
    const BLOCKS: usize = 3000;
    const WORDS: usize = 800;
    let dir = tempfile::tempdir().unwrap();
    let (store, npm) = (dir.path().join("store"), dir.path().join("npm"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/leveldb.js");
    let mut node = Command::new("node");
    node.arg(script).arg(&npm);
    node.args([BLOCKS.to_string(), WORDS.to_string()]);
    assert!(node.stdin(Stdio::null()).status().unwrap().success());
    let names = fs::read_dir(&npm).unwrap().map(|file| file.unwrap().path());
    let tables = names.filter(|name| name.extension() == Some(OsStr::new("ldb")));
    assert!(tables.count() > 2, "too few tables to show anything");

    let said = text(&store, ["--json", "import-leveldb", npm.to_str().unwrap()]);
    let told: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(told["imported"], BLOCKS, "{told}");
    let key = told["key"].as_str().unwrap();
    let expected: String = (0..BLOCKS)
        .map(|index| format!("long {index} ").repeat(WORDS + index % 7))
        .collect();
    assert!(output(&store, ["cat", key]) == expected.into_bytes());
}

fn patient_npm() -> NpmPeer {
    let mut npm = NpmPeer::spawn().unwrap();
    npm.set_timeout(Duration::from_secs(600));
    npm.quiet().unwrap();
    npm
}

fn hyperfeed(store: &Path) -> Command {
    let binary = std::env::var_os("HYPERFEED_BIN")
        .expect("HYPERFEED_BIN names the command; `cargo xtask interop --processes` sets it");
    let mut command = Command::new(binary);
    command.arg("--store").arg(store);
    command
}

fn output<S: AsRef<OsStr>>(store: &Path, args: impl IntoIterator<Item = S>) -> Vec<u8> {
    let output = hyperfeed(store)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn text<S: AsRef<OsStr>>(store: &Path, args: impl IntoIterator<Item = S>) -> String {
    String::from_utf8(output(store, args)).unwrap()
}

/// A command that goes on until it is dropped.
struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The first event that matches.
    fn wait(&mut self, matches: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        for line in self.lines.by_ref() {
            let event = serde_json::from_str(&line.unwrap()).unwrap();
            if matches(&event) {
                return event;
            }
        }
        panic!("the command ended without the event that was waited for");
    }

    fn say(&mut self, line: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Upstream signs and verifies for longer than its own timeout when many blocks come at once.
const TIMEOUT: Duration = Duration::from_secs(60);
