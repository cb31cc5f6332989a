//! Data goes to stdout, words go to stderr, and `--json` is for programs.

use crate::machine::{Machine, binary};
use std::io::Read;
use std::process::{Command, Stdio};

#[test]
fn results_are_objects_with_json() {
    let machine = Machine::new();
    let created = machine.json(["create", "--alias", "notes"]);
    assert_eq!(created[0]["kind"], "live");
    assert_eq!(created[0]["alias"], "notes");
    machine.file("file", "hello");
    let appended = machine.json(["append", "notes", "file"]);
    assert_eq!(appended[0]["start"], 0);
    assert_eq!(appended[0]["end"], 1);
    assert_eq!(appended[0]["byte_length"], 5);

    let listed = machine.json(["list"]);
    assert_eq!(listed.len(), 1);
    for field in ["key", "id", "kind", "alias"] {
        assert_eq!(listed[0][field], created[0][field], "{field}");
    }
    let info = &machine.json(["info", "notes"])[0];
    assert_eq!(info["length"], 1);
    assert_eq!(info["held_bytes"], 5);
    assert_eq!(info["missing"], serde_json::json!([]));
    assert_eq!(
        machine.json(["verify"])[0]["corrupt"],
        serde_json::json!([])
    );
}

#[test]
fn a_failure_is_an_object_on_stderr_with_json() {
    let machine = Machine::new();
    let assert = machine.hyperfeed(["--json", "cat", "nothing"]).assert();
    let output = assert.code(1).stdout("").get_output().clone();
    let object: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(object["error"].as_str().unwrap().contains("nothing"));
    assert!(object["hint"].as_str().unwrap().contains("hyperfeed list"));
}

#[test]
fn words_for_people_are_on_stderr_and_quiet_takes_them_away() {
    let machine = Machine::new();
    let told = machine.hyperfeed(["list"]).assert().success().stdout("");
    let words = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert!(words.contains("no feeds"), "{words}");
    machine
        .hyperfeed(["list", "--quiet"])
        .assert()
        .success()
        .stdout("")
        .stderr("");
}

#[test]
fn info_tells_what_there_is_to_know() {
    let machine = Machine::new();
    let key = machine.create("notes");
    machine.file("file", "hello");
    machine.run(["append", "notes", "file"]);
    let text = machine.run(["info", "notes", "--map"]);
    for part in [
        &key,
        "live, own",
        "1 blocks",
        "5 bytes",
        "missing    none",
        "notes",
        "█",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(machine.run(["list"]).contains(&key));
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let machine = Machine::new();
    machine.create("notes");
    machine.file("file", vec![b'x'; 3 << 20]);
    machine.run(["append", "notes", "file"]);
    let mut cat = Command::new(binary())
        .args(["--store", "store", "cat", "notes"])
        .current_dir(machine.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 10];
    let mut stdout = cat.stdout.take().unwrap();
    stdout.read_exact(&mut start).unwrap();
    drop(stdout);
    let output = cat.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn nothing_is_drawn_where_nobody_looks() {
    let writer = Machine::new();
    let key = writer.create("notes");
    writer.file("file", vec![b'x'; 20 << 20]);
    let append = writer.hyperfeed(["append", "notes", "file"]).assert();
    append.success().stderr("");
    let (_sharing, address) = writer.share(&[]);
    let reader = Machine::new();
    let clone = reader.hyperfeed(["clone", &key, &address]).assert();
    let words = String::from_utf8(clone.success().get_output().stderr.clone()).unwrap();
    assert_eq!(words.lines().count(), 1, "{words:?}");
    assert!(!words.contains(['\r', '\u{1b}']), "{words:?}");
}

#[test]
fn the_store_can_be_named_by_the_environment() {
    let machine = Machine::new();
    let key = machine.create("notes");
    let mut command = assert_cmd::Command::new(binary());
    command.env("HYPERFEED_STORE", machine.store());
    let listed = command.args(["list", "--json"]).assert().success();
    assert!(String::from_utf8_lossy(&listed.get_output().stdout).contains(&key));
}

#[test]
fn manual_and_completions_need_no_store() {
    let machine = Machine::new();
    assert!(machine.run(["man"]).contains("hyperfeed"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            machine.run(["completions", shell]).contains("clone"),
            "{shell}"
        );
    }
    assert!(!machine.store().exists());
}
