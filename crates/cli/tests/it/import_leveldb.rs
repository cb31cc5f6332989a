//! Feeds of npm hypercore 2.3.0 are brought along. `tests/fixtures/leveldb` was written by it; see
//! `crates/testing/interop/README.md`.

use crate::machine::Machine;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/leveldb")
}

/// What npm put into the fixture.
fn written() -> Vec<Value> {
    let text = fs::read_to_string(fixture().with_extension("json")).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    written.as_array().unwrap().clone()
}

fn named(name: &str) -> Value {
    let mut written = written().into_iter();
    written.find(|feed| feed["name"] == name).unwrap()
}

fn block(name: &str, index: u64) -> String {
    format!("{name} {index} ").repeat((index % 7).try_into().unwrap())
}

fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Imports the fixture, part of which is damaged, and gives what was said.
fn import(machine: &Machine) -> (Vec<Value>, String) {
    let before = files(&fixture());
    let dir = fixture();
    let mut command = machine.hyperfeed(["import-leveldb", dir.to_str().unwrap(), "--json"]);
    let output = command.assert().code(1).get_output().clone();
    assert!(files(&fixture()) == before, "the directory was written to");
    let told = String::from_utf8(output.stdout).unwrap();
    let told = told.lines().map(|line| serde_json::from_str(line).unwrap());
    (told.collect(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn feeds_of_npm_are_imported_as_far_as_they_verify() {
    let machine = Machine::new();
    let (told, said) = import(&machine);
    assert!(
        said.contains("3 of 8 feeds could not be imported whole"),
        "{said}"
    );
    for feed in written() {
        let name = feed["name"].as_str().unwrap();
        let told = told.iter().find(|told| told["key"] == feed["key"]).unwrap();
        assert_eq!(told["feed"], feed["publicId"], "{name}");
        let key = feed["key"].as_str().unwrap();
        if feed["skipped"] == true {
            assert_eq!(told["skipped"], "nothing of it verifies");
            machine.fails(["info", key]);
            continue;
        }
        assert_eq!(told["imported"], feed["blocks"], "{name}");
        assert_eq!(told["writable"], feed["secret"], "{name}");
        let info = &machine.json(["info", key])[0];
        assert_eq!(info["length"], feed["length"], "{name}");
        assert_eq!(info["held_blocks"], feed["blocks"], "{name}");
        if info["length"] != 0 {
            assert_eq!(info["kind"], feed["kind"], "{name}");
        }
        let every: Vec<Value> = (0..feed["length"].as_u64().unwrap())
            .map(Value::from)
            .collect();
        let held = feed["held"].as_array().unwrap_or(&every);
        for index in held.iter().map(|index| index.as_u64().unwrap()) {
            if (name, index) == ("damaged", 5) {
                continue;
            }
            let found = machine.run(["get", key, &index.to_string()]);
            assert_eq!(found, block(name, index), "{name} {index}");
        }
    }
    machine.run(["verify"]);
}

#[test]
fn an_own_feed_goes_on_where_npm_stopped() {
    let machine = Machine::new();
    import(&machine);
    for (name, length) in [("own", 40), ("crashed", 12), ("empty", 0)] {
        let key = named(name)["key"].as_str().unwrap().to_owned();
        let file = machine.file("more", "more");
        let told = &machine.json(["append", &key, file.to_str().unwrap()])[0];
        assert_eq!(told["length"], length + 1, "{name}: {told}");
    }
    // Again: nothing is imported twice, and nothing is taken back.
    let (told, _) = import(&machine);
    assert!(
        told.iter()
            .all(|feed| feed["imported"].as_u64().unwrap_or(0) == 0)
    );
    machine.run(["verify"]);
}

#[test]
fn an_own_feed_that_lost_signed_blocks_takes_no_new_ones() {
    let machine = Machine::new();
    let (_, said) = import(&machine);
    for (name, signed) in [("lost", 12), ("damaged", 8)] {
        let key = named(name)["key"].as_str().unwrap().to_owned();
        let told = format!("{key}: {signed} blocks were signed; nothing can be appended");
        assert!(said.contains(&told), "{said}");
        for _ in 0..2 {
            let file = machine.file("more", "more");
            let refused = machine.fails(["append", &key, file.to_str().unwrap()]);
            assert!(
                refused.contains(&format!("{signed} blocks were signed")),
                "{refused}"
            );
        }
    }
}

#[test]
fn a_directory_that_is_no_leveldb_is_refused() {
    let machine = Machine::new();
    let said = machine.fails(["import-leveldb", "."]);
    assert!(said.contains("no file CURRENT"), "{said}");
    assert!(!machine.store().exists(), "no store is made for nothing");
}

/// LevelDB locks its directory so; the test stands for the npm program, the command is another process.
#[cfg(unix)]
#[test]
fn a_directory_that_npm_has_open_is_refused_until_it_is_closed() {
    use rustix::fs::{FlockOperation, fcntl_lock};

    let machine = Machine::new();
    let dir = machine.path("npm");
    fs::create_dir(&dir).unwrap();
    for (path, bytes) in files(&fixture()) {
        fs::write(dir.join(path.file_name().unwrap()), bytes).unwrap();
    }
    let lock = fs::File::create(dir.join("LOCK")).unwrap();
    fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let said = machine.fails(["import-leveldb", "npm"]);
    assert!(said.contains("is open in another program"), "{said}");
    assert!(!machine.store().exists(), "no store is made for nothing");
    drop(lock);
    let command = &mut machine.hyperfeed(["import-leveldb", "npm", "--json"]);
    let output = command.assert().code(1).get_output().clone();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.lines().count(), written().len());
}
