//! Somebody shares, somebody else clones, over loopback.

use crate::machine::{Machine, complaint, noise};
use std::fs;

#[test]
fn a_clone_in_a_plain_file_is_the_file() {
    let (writer, reader) = (Machine::new(), Machine::new());
    let bytes = noise(1_000_003);
    writer.file("original", &bytes);
    let key = writer.create("film");
    writer.run(["append", "film", "original"]);
    let (_sharing, address) = writer.share(&["film"]);

    let told = reader.json(["clone", &key, &address, "--to", "copy", "--alias", "mine"]);
    let done = told.last().unwrap();
    assert_eq!(done["event"], "done");
    assert_eq!(done["fetched"], 16);
    assert_eq!(done["bytes"], 1_000_003);
    assert_eq!(fs::read(reader.path("copy")).unwrap(), bytes);
    // The bytes are there once: the store has none of its own.
    assert_eq!(reader.bytes(["cat", "mine"]), bytes);
    assert!(size(&reader.store().join("blocks")) < 1000);

    let again = reader.json(["clone", "mine", &address, "--to", "copy"]);
    assert_eq!(again.last().unwrap()["fetched"], 0);
    fs::remove_file(reader.path("copy")).unwrap();
    let said = reader.fails(["cat", "mine"]);
    assert!(said.contains("outside of the store"), "{said}");
    assert!(!reader.path("copy").exists());
}

#[test]
fn a_file_that_is_there_already_is_not_overwritten() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("original", "0123456789");
    let key = writer.create("film");
    writer.run(["append", "film", "original", "--chunk", "4"]);
    let (_sharing, address) = writer.share(&["film"]);

    reader.file("letter", "dear Ada");
    let said = reader.fails(["clone", &key, &address, "--to", "letter"]);
    assert!(said.contains("is there already"), "{said}");
    reader.run(["clone", &key, &address]);
    let said = reader.fails(["clone", &key, &address, "--to", "letter"]);
    assert!(said.contains("is there already"), "{said}");
    assert_eq!(
        fs::read_to_string(reader.path("letter")).unwrap(),
        "dear Ada"
    );

    // The beginning of a copy is completed, in the middle of a block too; a whole one is left alone.
    for start in ["", "01", "0123", "0123456789"] {
        reader.file("begun", start);
        reader.run(["clone", &key, &address, "--to", "begun"]);
        assert_eq!(
            fs::read_to_string(reader.path("begun")).unwrap(),
            "0123456789"
        );
    }
}

#[test]
fn a_range_is_fetched_and_no_more() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("original", "0123456789");
    let key = writer.create("film");
    writer.run(["append", "film", "original", "--chunk", "1"]);
    let (_sharing, address) = writer.share(&["film"]);

    let range = ["--start", "3", "--end", "6", "--to", "part"];
    reader.run([&["clone", key.as_str(), &address], range.as_slice()].concat());
    assert_eq!(reader.held(&key), 3);
    assert_eq!(fs::read_to_string(reader.path("part")).unwrap(), "345");
    assert_eq!(
        reader.run(["cat", &key, "--start", "3", "--end", "6"]),
        "345"
    );
    let said = reader.fails(["cat", &key]);
    assert!(said.contains("block 0 is not held here"), "{said}");
    let info = reader.json(["info", &key]);
    assert_eq!(info[0]["missing"], serde_json::json!([[0, 3], [6, 10]]));

    // An end past the last block is taken back to it.
    reader.run(["clone", &key, &address, "--start", "8", "--end", "100"]);
    assert_eq!(reader.held(&key), 5);
    reader.run(["clone", &key, &address]);
    assert_eq!(reader.run(["cat", &key]), "0123456789");
}

#[test]
fn two_feeds_are_shared_at_once_and_all_that_are_named_by_none() {
    let writer = Machine::new();
    let mut keys = Vec::new();
    for name in ["one", "two", "three"] {
        writer.file(name, name);
        keys.push(writer.create(name));
        writer.run(["append", name, name]);
    }
    let reader = Machine::new();
    let (sharing, address) = writer.share(&["one", "two"]);
    for (key, content) in [(&keys[0], "one"), (&keys[1], "two")] {
        reader.run(["clone", key, &address]);
        assert_eq!(reader.run(["cat", key]), content);
    }
    let said = reader.fails(["clone", &keys[2], &address, "--timeout", "1s"]);
    assert!(said.contains("another feed"), "{said}");
    sharing.kill();

    let (_sharing, address) = writer.share(&[]);
    reader.run(["clone", &keys[2], &address]);
    assert_eq!(reader.run(["cat", &keys[2]]), "three");
}

#[test]
fn peers_that_do_not_encrypt_find_each_other() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("original", "in clear");
    let key = writer.create("film");
    writer.run(["append", "film", "original"]);
    let (_sharing, address) = writer.share(&["--unencrypted"]);
    reader.run(["clone", &key, &address, "--unencrypted"]);
    assert_eq!(reader.run(["cat", &key]), "in clear");
    let said = Machine::new().fails(["clone", &key, &address]);
    assert!(said.contains("--unencrypted"), "{said}");
}

#[test]
fn sharing_ends_after_the_upload_when_it_is_asked_to() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("original", noise(300_000));
    let key = writer.create("film");
    writer.run(["append", "film", "original"]);
    let (sharing, address) = writer.share(&["film", "--exit-after-upload"]);
    reader.run(["clone", &key, &address]);
    let (status, said) = sharing.end();
    assert!(status.success(), "{said}");
    assert_eq!(
        reader.run(["verify"]),
        format!("{key}: 5 blocks, 300000 bytes, all sound\n")
    );
}

#[test]
fn lines_typed_into_a_share_arrive_at_a_live_clone() {
    let (writer, reader) = (Machine::new(), Machine::new());
    let key = writer.create("chat");
    let (mut sharing, address) = writer.share(&["chat", "--stdin", "chat"]);
    let cloning = reader.start(&["clone", &key, &address, "--live", "--to", "copy", "--json"]);
    cloning.wait_for("\"done\"");
    for (number, line) in ["hello", "world"].iter().enumerate() {
        sharing.type_line(line);
        cloning.wait_for(&format!("\"length\":{}", number + 1));
    }
    cloning.kill();
    sharing.kill();
    assert_eq!(reader.run(["cat", &key]), "helloworld");
    assert_eq!(
        fs::read_to_string(reader.path("copy")).unwrap(),
        "helloworld"
    );
    assert_eq!(writer.run(["cat", "chat"]), "helloworld");
}

#[test]
fn a_live_clone_goes_on_after_the_other_side_was_away() {
    let (writer, reader) = (Machine::new(), Machine::new());
    let key = writer.create("chat");
    let (mut sharing, address) = writer.share(&["chat", "--stdin", "chat"]);
    let cloning = reader.start(&["clone", &key, &address, "--live", "--json"]);
    cloning.wait_for("\"done\"");
    sharing.kill();

    sharing = writer.start(&["share", "chat", "--stdin", "chat", "--listen", &address]);
    sharing.wait_for("listening on ");
    sharing.type_line("again");
    cloning.wait_for("\"length\":1");
}

#[test]
fn cat_fetches_what_it_shows() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("original", "0123456789");
    let key = writer.create("film");
    writer.run(["append", "film", "original", "--chunk", "1"]);
    let (_sharing, address) = writer.share(&["film"]);
    reader.run(["clone", &key, &address, "--end", "1"]);
    assert_eq!(
        reader.run([
            "cat", &key, "--start", "4", "--end", "7", "--peer", &address
        ]),
        "456"
    );
    assert_eq!(reader.held(&key), 4);
    let output = reader
        .hyperfeed(["cat", &key, "--peer", "127.0.0.1:1"])
        .assert()
        .code(1);
    let said = complaint(output.get_output());
    assert!(said.contains("cannot connect"), "{said}");
}

#[test]
fn sync_goes_both_ways_on_one_connection() {
    let (left, right) = (Machine::new(), Machine::new());
    left.file("file", "from the left");
    right.file("file", "from the right");
    let (lefts, rights) = (left.create("mine"), right.create("mine"));
    left.run(["append", "mine", "file"]);
    right.run(["append", "mine", "file"]);
    // The right has a place for the left's feed before it is asked to take it.
    let (sharing, address) = left.share(&[]);
    right.run(["clone", &lefts, &address]);
    sharing.kill();
    let mut more = left.hyperfeed(["append", "mine"]);
    more.write_stdin(", and more").assert().success();

    let (sharing, address) = right.share(&[]);
    left.run(["sync", "mine", &rights, &address]);
    sharing.kill();
    assert_eq!(left.run(["cat", &rights]), "from the right");
    assert_eq!(right.run(["cat", &lefts]), "from the left, and more");
}

fn size(dir: &std::path::Path) -> u64 {
    let entries =
        fs::read_dir(dir).map_or(Vec::new(), |entries| entries.map(Result::unwrap).collect());
    entries
        .iter()
        .map(|entry| entry.metadata().unwrap().len())
        .sum()
}
