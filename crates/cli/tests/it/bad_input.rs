//! Input that cannot be appended changes nothing.

use crate::machine::Machine;

/// One byte more than a block can have.
const TOO_MUCH: usize = 5 * 1024 * 1024 - 8 * 1024 + 1;

#[test]
fn files_that_cannot_be_read_change_nothing() {
    let machine = Machine::new();
    machine.create("film");
    machine.file("good", "good");
    std::fs::create_dir(machine.path("directory")).unwrap();
    for (bad, why) in [("absent", "absent"), ("directory", "is a directory")] {
        let said = machine.fails(["append", "film", "good", bad]);
        assert!(said.contains(bad) && said.contains(why), "{said}");
    }
    assert_eq!(machine.json(["info", "film"])[0]["length"], 0);
    machine.run(["append", "film", "good"]);
    assert_eq!(machine.run(["cat", "film"]), "good");
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_changes_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    machine.create("film");
    let secret = machine.file("secret", "secret");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&secret).is_ok() {
        // Root may read everything; there is nothing to see then.
        return;
    }
    let said = machine.fails(["append", "film", "secret"]);
    assert!(said.contains("secret") && said.contains("denied"), "{said}");
}

#[test]
fn a_block_over_the_frame_limit_is_refused_before_anything_is_appended() {
    let machine = Machine::new();
    machine.create("film");
    machine.file("good", "good");
    machine.file("large", vec![b'x'; TOO_MUCH]);
    let said = machine.fails(["append", "film", "--whole", "good", "large"]);
    assert!(said.contains("large: larger than a block can be"), "{said}");
    let said = machine.fails(["append", "film", "--lines", "large"]);
    assert!(
        said.contains("line 1 is longer than a block can be"),
        "{said}"
    );
    let mut stdin = machine.hyperfeed(["append", "film", "--whole", "-"]);
    stdin
        .write_stdin(vec![b'x'; TOO_MUCH])
        .assert()
        .code(1)
        .stdout("");
    assert_eq!(machine.json(["info", "film"])[0]["length"], 0);
}

#[test]
fn the_largest_block_goes_over_the_wire() {
    let (writer, reader) = (Machine::new(), Machine::new());
    let key = writer.create("film");
    let largest = crate::machine::noise(TOO_MUCH - 1);
    writer.file("largest", &largest);
    writer.run(["append", "film", "--whole", "largest"]);
    let (_sharing, address) = writer.share(&[]);
    reader.run(["clone", &key, &address]);
    assert!(reader.bytes(["get", &key, "0"]) == largest);
}

#[test]
fn a_feed_of_somebody_else_cannot_be_appended_to() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("file", "content");
    let key = writer.create("film");
    writer.run(["append", "film", "file"]);
    let (_sharing, address) = writer.share(&[]);
    reader.run(["clone", &key, &address]);
    reader.file("file", "mine");
    let said = reader.fails(["append", &key, "file"]);
    assert!(said.contains("somebody else's"), "{said}");
}

#[test]
fn a_store_in_use_is_told_and_left_alone() {
    let machine = Machine::new();
    machine.create("film");
    machine.file("file", "content");
    let (sharing, _) = machine.share(&[]);
    for command in [&["list"][..], &["append", "film", "file"], &["cat", "film"]] {
        let said = machine.fails(command);
        assert!(said.contains("in use"), "{said}");
        assert!(said.contains("--store"), "{said}");
    }
    sharing.kill();
    machine.run(["append", "film", "file"]);
    assert_eq!(machine.run(["cat", "film"]), "content");
}

#[test]
fn a_store_that_is_no_directory_is_told() {
    let machine = Machine::new();
    machine.file("store", "a file");
    let said = machine.fails(["list"]);
    assert!(said.contains("cannot open the store"), "{said}");
    let said = machine.fails(["create"]);
    assert!(said.contains("store"), "{said}");
}

#[test]
fn damage_on_disk_is_found() {
    let machine = Machine::new();
    machine.create("film");
    machine.create("sound");
    machine.file("file", "0123456789");
    machine.run(["append", "film", "file", "--chunk", "5"]);
    machine.run(["append", "sound", "file"]);
    let blocks = machine.store().join("blocks");
    let mut files: Vec<_> = std::fs::read_dir(&blocks)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    std::fs::write(&files[0], "01234!6789").unwrap();

    let assert = machine.hyperfeed(["verify"]).assert().code(1);
    let report = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(
        report.contains("film: 1 of 2 blocks are damaged: 1"),
        "{report}"
    );
    assert!(
        report.contains("sound: 1 blocks, 10 bytes, all sound"),
        "{report}"
    );
    assert_eq!(machine.run(["get", "film", "0"]), "01234");
    machine.fails(["get", "film", "1"]);
}
