//! A store that was damaged by hand: told exactly, and repaired without losing what cannot be had again.

use crate::machine::{Machine, complaint, noise};
use std::fs;
use std::path::PathBuf;

/// The one file of blocks of a store.
fn blocks(machine: &Machine) -> PathBuf {
    let entries = fs::read_dir(machine.store().join("blocks")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Changes one byte of block 7, zeroes block 20, and cuts off the last half block. Blocks have 1000 bytes.
fn damage(machine: &Machine) {
    let file = blocks(machine);
    let mut bytes = fs::read(&file).unwrap();
    bytes[7_123] ^= 1;
    bytes[20_000..21_000].fill(0);
    bytes.truncate(bytes.len() - 500);
    fs::write(file, bytes).unwrap();
}

/// A writer with 50 blocks, and a copy of them elsewhere.
fn written_and_cloned() -> (Machine, Machine, String, Vec<u8>) {
    let (writer, reader) = (Machine::new(), Machine::new());
    let key = writer.create("film");
    let bytes = noise(50_000);
    writer.file("original", &bytes);
    writer.run(["append", "film", "original", "--chunk", "1000"]);
    let (_sharing, address) = writer.share(&[]);
    reader.run(["clone", &key, &address, "--alias", "copy"]);
    (writer, reader, key, bytes)
}

#[test]
fn a_damaged_copy_is_told_exactly_and_healed_by_a_peer() {
    let (writer, reader, _, bytes) = written_and_cloned();
    damage(&reader);
    let assert = reader.hyperfeed(["verify"]).assert().code(1);
    let told = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    for part in [
        "copy: 3 of 50 blocks are damaged: 7, 20, 49",
        "block 7 has another hash",
        "block 20 has another hash",
        "block 49 cannot be read",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let said = complaint(assert.get_output());
    assert!(said.contains("--repair"), "{said}");

    let (_sharing, address) = writer.share(&[]);
    let told = reader.json(["verify", "copy", "--repair", "--peer", &address]);
    assert_eq!(told[0]["dropped"], serde_json::json!([7, 20, 49]));
    assert_eq!(told[0]["fetched"], 3);
    assert_eq!(told[0]["left"], serde_json::json!([]));
    assert!(
        reader
            .run(["verify"])
            .contains("50 blocks, 50000 bytes, all sound")
    );
    assert!(reader.bytes(["cat", "copy"]) == bytes);
}

#[test]
fn a_repair_without_peers_says_what_is_missing_and_a_clone_goes_on() {
    let (writer, reader, key, bytes) = written_and_cloned();
    damage(&reader);
    let assert = reader.hyperfeed(["verify", "--repair"]).assert().code(1);
    let said = complaint(assert.get_output());
    assert!(said.contains("3 blocks are missing now"), "{said}");
    assert_eq!(reader.held("copy"), 47);
    assert!(reader.run(["verify"]).contains("all sound"));

    let (_sharing, address) = writer.share(&[]);
    let told = reader.json(["clone", &key, &address]);
    assert_eq!(told.last().unwrap()["fetched"], 3);
    assert!(reader.bytes(["cat", "copy"]) == bytes);
}

#[test]
fn the_only_copy_is_kept_unless_it_is_asked_for() {
    let (writer, reader, _, bytes) = written_and_cloned();
    damage(&writer);
    let assert = writer.hyperfeed(["verify", "--repair"]).assert().code(1);
    let said = complaint(assert.get_output());
    assert!(
        said.contains("blocks 7, 20, 49 are damaged and were kept"),
        "{said}"
    );
    assert!(said.contains("--drop-only-copy"), "{said}");
    assert_eq!(writer.held("film"), 50);

    let (_sharing, address) = reader.share(&[]);
    let command = ["verify", "--repair", "--drop-only-copy", "--peer", &address];
    assert_eq!(writer.json(command)[0]["fetched"], 3);
    assert!(writer.bytes(["cat", "film"]) == bytes);
    writer.run(["append", "film", "original", "--chunk", "1000"]);
    assert!(
        writer
            .run(["verify"])
            .contains("100 blocks, 100000 bytes, all sound")
    );
}

#[test]
fn a_peer_that_lacks_the_blocks_too_is_not_waited_for_without_end() {
    let (writer, reader, key, _) = written_and_cloned();
    damage(&writer);
    let command = ["verify", "--repair", "--drop-only-copy"];
    let said = complaint(writer.hyperfeed(command).assert().code(1).get_output());
    assert!(said.contains("nothing can be appended"), "{said}");
    writer.fails(["append", "film", "original"]);

    damage(&reader);
    let (_sharing, address) = writer.share(&[]);
    let command = [
        "verify",
        &key,
        "--repair",
        "--timeout",
        "1s",
        "--peer",
        &address,
    ];
    let said = complaint(reader.hyperfeed(command).assert().code(1).get_output());
    assert!(said.contains("no peer has sent a block"), "{said}");
    assert_eq!(reader.held("copy"), 47);
}
