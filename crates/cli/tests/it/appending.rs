//! Somebody writes a feed and reads it back.

use crate::machine::{Machine, noise};

#[test]
fn what_is_appended_comes_back_whole_and_block_by_block() {
    let machine = Machine::new();
    let key = machine.create("notes");
    assert_eq!(key.len(), 64, "{key}");
    machine.file("first", "0123456789");
    machine.file("second", "abcdef");

    let text = machine.run(["append", "notes", "first", "second", "--chunk", "4"]);
    assert_eq!(text, "blocks 0..5, length 5, 16 bytes\n");
    assert_eq!(machine.run(["cat", "notes"]), "0123456789abcdef");
    assert_eq!(
        machine.run(["get", "notes", "2"]),
        "89",
        "a file ends its last block"
    );
    assert_eq!(
        machine.run(["cat", "notes", "--start", "1", "--end", "4"]),
        "456789abcd"
    );
    assert_eq!(
        machine.run(["cat", "notes", "--start", "3", "--end", "99"]),
        "abcdef"
    );
    assert_eq!(machine.run(["cat", "notes", "--end", "0"]), "");
    let said = machine.fails(["get", "notes", "5"]);
    assert!(said.contains("there is no block 5"), "{said}");
}

#[test]
fn lines_become_blocks_without_their_ends() {
    let machine = Machine::new();
    machine.create("notes");
    let mut append = machine.hyperfeed(["append", "notes", "--lines"]);
    append
        .write_stdin("one\r\n\nthree\nno end")
        .assert()
        .success();
    let blocks: Vec<String> = (0..4)
        .map(|index| machine.run(["get", "notes", &index.to_string()]))
        .collect();
    assert_eq!(blocks, ["one", "", "three", "no end"]);
}

#[test]
fn whole_files_become_blocks() {
    let machine = Machine::new();
    machine.create("notes");
    let large = noise(100_000);
    machine.file("large", &large);
    machine.file("empty", "");
    let told = machine.json(["append", "notes", "--whole", "large", "empty"]);
    assert_eq!(told[0]["end"], 2);
    assert_eq!(machine.bytes(["get", "notes", "0"]), large);
    assert_eq!(machine.run(["get", "notes", "1"]), "");
}

#[test]
fn files_and_stdin_can_be_mixed() {
    let machine = Machine::new();
    machine.create("notes");
    machine.file("before", "before ");
    machine.file("after", " after");
    let mut append = machine.hyperfeed(["append", "notes", "before", "-", "after"]);
    append.write_stdin("between").assert().success();
    assert_eq!(machine.run(["cat", "notes"]), "before between after");
}

#[test]
fn a_file_is_cut_into_blocks_of_64_kib_unless_told_otherwise() {
    let machine = Machine::new();
    machine.create("notes");
    let bytes = noise((64 << 10) * 3 + 1);
    machine.file("file", &bytes);
    machine.run(["append", "notes", "file"]);
    assert_eq!(machine.bytes(["get", "notes", "2"]).len(), 64 << 10);
    assert_eq!(machine.bytes(["get", "notes", "3"]).len(), 1);
    assert_eq!(machine.bytes(["cat", "notes"]), bytes);
}

#[test]
fn nothing_to_append_is_no_error() {
    let machine = Machine::new();
    machine.create("notes");
    let text = machine.run(["append", "notes"]);
    assert_eq!(text, "nothing to append; length 0\n");
}

#[test]
fn a_secret_key_moves_only_when_it_is_asked_for() {
    let (old, new) = (Machine::new(), Machine::new());
    let key = old.create("notes");
    let said = old.fails(["export", "notes"]);
    assert!(said.contains("--secret"), "{said}");
    let secret = old.run(["export", "notes", "--secret"]);

    let mut import = new.hyperfeed(["import", "--alias", "moved"]);
    import
        .write_stdin(secret)
        .assert()
        .success()
        .stdout(format!("{key}\n"));
    assert_eq!(new.json(["info", "moved"])[0]["writable"], true);

    let nonsense = new.hyperfeed(["import"]).write_stdin("abcd").assert();
    nonsense.code(1).stdout("");
}

#[test]
fn a_feed_of_ones_own_is_removed_only_by_force() {
    let machine = Machine::new();
    machine.create("notes");
    let said = machine.fails(["remove", "notes"]);
    assert!(said.contains("--force"), "{said}");
    machine.run(["remove", "notes", "--force"]);
    assert_eq!(machine.run(["list"]), "");
}
