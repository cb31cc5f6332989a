//! Peers that are none, or have something else.

use crate::machine::{Machine, complaint};
use crate::proxy;
use std::net::TcpListener;

fn any_key() -> String {
    Machine::new().create("somewhere")
}

#[test]
fn a_wrong_key_is_told_and_the_right_one_works_afterwards() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("original", "right");
    let key = writer.create("film");
    writer.run(["append", "film", "original"]);
    let (_sharing, address) = writer.share(&[]);
    let said = reader.fails(["clone", &any_key(), &address, "--timeout", "1s"]);
    assert!(said.contains("did not open this feed within 1s"), "{said}");
    assert!(said.contains("check the key"), "{said}");
    let said = reader.fails(["clone", &any_key(), &address, "--live", "--timeout", "1s"]);
    assert!(said.contains("did not open this feed within 1s"), "{said}");
    for nonsense in ["", "abc", &"x".repeat(64), &key[..63]] {
        let said = reader.fails(["clone", nonsense, &address]);
        assert!(said.contains("not a feed key"), "{said}");
    }
    reader.run(["clone", &key, &address]);
    assert_eq!(reader.run(["cat", &key]), "right");
}

#[test]
fn a_web_server_is_no_peer() {
    let address = proxy::answers(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    let said = Machine::new().fails(["clone", &any_key(), &address, "--timeout", "1s"]);
    assert!(said.contains(&address), "{said}");
    assert!(said.contains("hint: "), "{said}");
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let address = proxy::answers(b"");
    let said = Machine::new().fails(["clone", &any_key(), &address, "--timeout", "1s"]);
    assert!(said.contains("did not open this feed within 1s"), "{said}");
}

#[test]
fn a_port_nobody_listens_on_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let said = Machine::new().fails(["clone", &any_key(), &address]);
    assert!(said.contains("cannot connect"), "{said}");
    assert!(said.contains(&address), "{said}");
    let said = Machine::new().fails(["clone", &any_key(), "no.such.host.invalid:3282"]);
    assert!(said.contains("no.such.host.invalid"), "{said}");
}

#[test]
fn one_good_peer_is_enough() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("original", "content");
    let key = writer.create("film");
    writer.run(["append", "film", "original"]);
    let (_sharing, good) = writer.share(&[]);
    let web = proxy::answers(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    reader.run(["clone", &key, "127.0.0.1:1", &web, &good]);
    assert_eq!(reader.run(["cat", &key]), "content");
}

#[test]
fn a_stranger_that_talks_nonsense_does_not_disturb_a_share() {
    let (writer, reader) = (Machine::new(), Machine::new());
    writer.file("original", "content");
    let key = writer.create("film");
    writer.run(["append", "film", "original"]);
    let (sharing, address) = writer.share(&[]);
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4096], &[0; 4096]] {
        use std::io::Write;
        let mut stranger = std::net::TcpStream::connect(&address).unwrap();
        // Refused in the middle is fine as well.
        stranger.write_all(nonsense).ok();
        drop(stranger);
        sharing.wait_for(" left");
    }
    reader.run(["clone", &key, &address]);
    assert_eq!(reader.run(["cat", &key]), "content");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let machine = Machine::new();
    machine.create("film");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = machine
        .hyperfeed(["share", "--listen", &address])
        .assert()
        .code(1)
        .stdout("");
    let said = complaint(output.get_output());
    assert!(said.contains("--listen"), "{said}");
}
