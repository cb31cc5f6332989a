//! A static feed is named by what is in it, once it is sealed.

use crate::machine::Machine;

#[test]
fn a_static_feed_is_sealed_shared_and_cloned() {
    let writer = Machine::new();
    let created = &writer.json(["create", "--static", "--alias", "album"])[0];
    assert_eq!(created["key"], serde_json::Value::Null);
    writer.file("file", "first second third");
    writer.run(["append", "album", "file", "--chunk", "6"]);

    let said = writer.fails(["share", "album", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("finalize"), "{said}");

    let key = writer.run(["finalize", "album"]).trim().to_owned();
    assert_eq!(key.len(), 64, "{key}");
    assert_eq!(writer.run(["cat", &key]), "first second third");
    let said = writer.fails(["append", "album", "file"]);
    assert!(said.contains("sealed"), "{said}");

    let (_sharing, address) = writer.share(&["album"]);
    let reader = Machine::new();
    reader.run(["clone", &key, &address]);
    assert_eq!(reader.run(["cat", &key]), "first second third");
    let info = &reader.json(["info", &key])[0];
    assert_eq!(info["kind"], "static");
    assert_eq!(info["writable"], false);
}

#[test]
fn the_same_content_has_the_same_key() {
    let keys = ["a", "b"].map(|alias| {
        let machine = Machine::new();
        machine.run(["create", "--static", "--alias", alias]);
        let mut append = machine.hyperfeed(["append", alias, "--lines"]);
        append.write_stdin("one\ntwo\nthree\n").assert().success();
        machine.run(["finalize", alias])
    });
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn an_empty_static_feed_cannot_be_sealed() {
    let machine = Machine::new();
    machine.run(["create", "--static", "--alias", "album"]);
    let said = machine.fails(["finalize", "album"]);
    assert!(said.contains("append at least one block"), "{said}");
}
