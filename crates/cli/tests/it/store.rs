//! The store moves to another database.

use crate::machine::Machine;
use std::fs;

#[test]
fn a_store_moves_between_databases_with_all_feeds() {
    let machine = Machine::new();
    let key = machine.create("log");
    machine.file("file", "one\ntwo\nthree\n");
    machine.run(["append", "log", "file", "--lines"]);
    machine.run(["create", "--static", "--alias", "album"]);
    let list = machine.run(["list"]);

    for (to, other) in [("redb", "sled"), ("sled", "redb")] {
        let told = &machine.json(["store", "migrate", "--to", to])[0];
        assert_eq!(told["from"], other);
        assert_eq!(told["moved"], true);
        assert_eq!(machine.store().join("meta.redb").exists(), to == "redb");
        assert_eq!(machine.store().join("sled").exists(), to == "sled");
        assert_eq!(machine.run(["list"]), list);
        assert_eq!(machine.run(["cat", &key]).replace('\n', ""), "onetwothree");
        machine.run(["verify"]);
        let said = machine.run(["store", "migrate", "--to", to]);
        assert!(said.contains("already"), "{said}");
    }
    machine.run(["append", "log", "file", "--lines"]);
    assert_eq!(machine.held("log"), 6);
}

#[test]
fn a_store_that_cannot_move_stays_as_it_is() {
    let machine = Machine::new();
    let said = machine.fails(["store", "migrate", "--to", "redb"]);
    assert!(said.contains("there is no store"), "{said}");
    assert!(!machine.store().exists());

    machine.create("log");
    let (running, _) = machine.share(&["log"]);
    let said = machine.fails(["store", "migrate", "--to", "redb"]);
    assert!(said.contains("held open by process"), "{said}");
    drop(running);

    let in_the_way = machine.store().join("meta.redb");
    fs::write(&in_the_way, "mine").unwrap();
    let said = machine.fails(["store", "migrate", "--to", "redb"]);
    assert!(said.contains("move it away"), "{said}");
    assert_eq!(fs::read_to_string(in_the_way).unwrap(), "mine");
    assert!(machine.run(["list"]).contains("log"));
}
