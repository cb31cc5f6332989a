#[path = "../../examples/decrypt.rs"]
#[expect(dead_code, reason = "the example's main function")]
mod decrypt;

use hyperfeed_types::hex;

use crate::session::{Session, Side};

const CAPTURE: &str = include_str!("../../examples/three-blocks.capture");
const KEY: &str = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

#[test]
fn the_sample_capture_prints_as_recorded() {
    let output = decrypt::print(CAPTURE, &[KEY.into()], false).unwrap();
    assert_eq!(output, include_str!("../../examples/three-blocks.txt"));
}

#[test]
fn every_session_can_be_printed_with_a_line_for_each_message() {
    for session in Session::all() {
        let mut capture = String::new();
        for frame in &session.frames {
            let from = if frame.from == Side::A { "a" } else { "b" };
            capture += &format!("{from} {}\n", hex::encode(&frame.bytes));
        }
        let keys: Vec<String> = session
            .feeds
            .iter()
            .map(|(_, key)| key.to_string())
            .collect();
        let output = decrypt::print(&capture, &keys, !session.encrypted);
        if session.name.starts_with("one side encrypts") {
            assert!(output.is_err());
            continue;
        }
        let messages = session
            .frames
            .iter()
            .filter(|frame| frame.is["type"].as_u64() < Some(10));
        let messages = messages.filter(|frame| !frame.is["type"].is_null()).count();
        let output = output.unwrap();
        let lines = output.lines().filter(|line| line.get(11..13) == Some("  "));
        assert_eq!(lines.count(), messages, "{}\n{output}", session.name);
    }
}

#[test]
fn without_the_key_the_handshakes_are_shown() {
    let output = decrypt::print(CAPTURE, &[], false).unwrap();
    assert_eq!(output.lines().count(), 2);
    assert!(
        output
            .lines()
            .all(|line| line.ends_with(", whose key is not given"))
    );
}

#[test]
fn what_is_no_capture_is_refused_with_the_line() {
    for (text, line) in [
        ("a 0", 1),
        ("# x\n\nc 00", 3),
        ("a 00\nb zz", 2),
        ("nonsense", 1),
    ] {
        let problem = decrypt::print(text, &[], false).unwrap_err();
        assert!(problem.starts_with(&format!("line {line}:")), "{problem}");
    }
    let problem = decrypt::print("", &["12".into()], false).unwrap_err();
    assert!(problem.starts_with("key 12: "), "{problem}");
    let cut = decrypt::print("b 0500\n", &[], false).unwrap();
    assert_eq!(cut, "b  2 bytes of a frame cut off\n");
}

#[test]
fn the_key_of_another_feed_is_told() {
    let problem = decrypt::print(CAPTURE, &["12".repeat(32)], false).unwrap_err();
    assert!(problem.contains("whose key is not given"), "{problem}");
    assert!(problem.ends_with("none of the keys given is of a feed that is opened here"));
}
