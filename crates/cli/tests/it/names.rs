//! A feed has many names.

use crate::machine::Machine;

#[test]
fn a_feed_is_found_by_key_public_id_prefix_and_alias() {
    let machine = Machine::new();
    let created = &machine.json(["create", "--alias", "notes"])[0];
    let key = created["key"].as_str().unwrap();
    let id = created["id"].as_str().unwrap();
    machine.create("others");
    machine.file("file", "hello");
    machine.run(["append", "notes", "file"]);
    let upper = key.to_uppercase();
    for name in [
        "notes",
        key,
        id,
        &key[..6],
        &id[..6],
        &key[..20],
        &upper[..12],
    ] {
        assert_eq!(machine.run(["cat", name]), "hello", "{name}");
    }
}

#[test]
fn names_that_name_nothing_are_refused_with_a_way_out() {
    let machine = Machine::new();
    let key = machine.create("notes");
    let absent = "0".repeat(64);
    for name in ["note", &key[..5], &absent] {
        let said = machine.fails(["cat", name]);
        assert!(said.contains("no feed of this store"), "{said}");
        assert!(said.contains("hyperfeed list"), "{said}");
    }
}

#[test]
fn an_alias_comes_before_a_prefix() {
    let machine = Machine::new();
    let key = machine.create("notes");
    let other = machine.create("other");
    machine.run(["alias", "other", &key[..8]]);
    assert_eq!(machine.json(["info", &key[..8]])[0]["key"], *other);
    assert_eq!(machine.json(["info", &key[..9]])[0]["key"], *key);
}

#[test]
fn a_prefix_of_two_feeds_is_refused() {
    let machine = Machine::new();
    for secret in TWINS {
        machine
            .hyperfeed(["import"])
            .write_stdin(secret)
            .assert()
            .success();
    }
    let listed = machine.json(["list"]);
    let key = |at: usize| listed[at]["key"].as_str().unwrap().to_owned();
    let (one, two) = (key(0), key(1));
    assert_eq!(one[..6], two[..6]);
    let said = machine.fails(["info", &one[..6]]);
    assert!(
        said.contains("names 2 feeds") && said.contains("more digits"),
        "{said}"
    );
    assert_eq!(machine.json(["info", &one[..16]])[0]["key"], *one);
}

#[test]
fn aliases_are_given_moved_and_taken_away() {
    let machine = Machine::new();
    machine.create("notes");
    let other = machine.create("other");
    let said = machine.fails(["alias", &other, "notes"]);
    assert!(said.contains("notes"), "{said}");
    machine.run(["alias", "notes"]);
    machine.run(["alias", "other", "notes"]);
    assert_eq!(machine.json(["info", "notes"])[0]["key"], *other);
    machine.fails(["info", "other"]);
    machine.fails(["create", "--alias", "notes"]);
}

/// Secret keys of two feeds whose keys begin with the same six digits; found by trying.
const TWINS: [&str; 2] = [
    concat!(
        "000000000000000000000000000000000000000000000000000000000000033b",
        "e7a0b06a2aaf47c71952eb52f4faf1786eb83d815d9169c567afa1f956061db4"
    ),
    concat!(
        "000000000000000000000000000000000000000000000000000000000000060b",
        "e7a0b0a6039dc4e8777b91ca0afe3e2e19af49985ee30a1ed27206e6e2063481"
    ),
];
