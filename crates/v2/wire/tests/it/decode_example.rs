#[path = "../../examples/decode.rs"]
#[expect(dead_code, reason = "the example's main function")]
mod decode;

use hyperfeed_testing_vectors::json;

#[test]
fn the_sample_capture_prints_as_recorded() {
    let capture = include_str!("../../examples/three-blocks.capture");
    let output = decode::print(capture, None).unwrap();
    assert_eq!(output, include_str!("../../examples/three-blocks.txt"));
}

#[test]
fn every_session_of_the_transcripts_can_be_printed() {
    let transcripts = json("transcripts");
    let text = TRANSCRIPTS;
    for session in transcripts["sessions"].as_array().unwrap() {
        let name = session["name"].as_str().unwrap();
        let log = session["log"].as_array().unwrap();
        let frames = log
            .iter()
            .filter(|entry| entry["frame"].is_string())
            .count();
        // One side of this session sends plain messages although its handshake is encrypted.
        let output =
            decode::print(text, Some(name)).unwrap_or_else(|text| panic!("{name}: {text}"));
        assert_eq!(output.lines().count(), frames, "{name}\n{output}");
        let sealed = output.contains("sealed, ");
        assert_eq!(sealed, session["encrypted"] == true, "{name}\n{output}");
    }
    assert!(decode::print(text, Some("no such session")).is_err());
}

#[test]
fn what_is_no_capture_is_refused_with_the_line() {
    for (text, line) in [
        ("a 0", 1),
        ("# x\n\nc 00", 3),
        ("a 00\nb zz", 2),
        ("nonsense", 1),
    ] {
        let problem = decode::print(text, None).unwrap_err();
        assert!(problem.starts_with(&format!("line {line}:")), "{problem}");
    }
    let cut = decode::print("b 0500\n", None).unwrap();
    assert_eq!(cut, "b  2 bytes of a frame cut off\n");
}

const TRANSCRIPTS: &str = include_str!("../../../../testing/vectors/gen2/transcripts.json");
