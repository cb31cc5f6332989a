use hyperfeed_testing_vectors::json;
use hyperfeed_types::hex;
use hyperfeed_v2_wire::{
    FrameKind, Handshake, KEEP_ALIVE, Message, decode_frame, encode_frame_header,
};
use serde_json::Value;

use crate::tree_of_json;

/// Every frame of every session: what it is, and that writing it again gives the same bytes.
#[test]
fn every_frame_of_every_session_is_read_and_written_again() {
    let transcripts = json("transcripts");
    let (mut frames, mut opened, mut messages, mut sealed) = (0, 0, 0, 0);
    for session in transcripts["sessions"].as_array().unwrap() {
        let encrypted = session["encrypted"].as_bool().unwrap();
        for entry in session["log"].as_array().unwrap() {
            let Some(frame) = entry["frame"].as_str() else {
                continue;
            };
            let bytes = hex::decode(frame).unwrap();
            let is = &entry["is"];
            let frame = decode_frame(&bytes).unwrap().unwrap();
            assert_eq!(frame.len(), bytes.len(), "{entry}");
            frames += 1;
            let FrameKind::Message { channel, payload } = frame.kind else {
                assert_eq!(is["keepalive"], true, "{entry}");
                assert_eq!(bytes, KEEP_ALIVE);
                continue;
            };
            assert_eq!(is["channel"], channel, "{entry}");
            let mut again = Vec::new();
            encode_frame_header(channel, payload.len(), &mut again);
            assert_eq!(again, bytes[..payload.start], "{entry}");

            let payload = &bytes[payload];
            if is["close"] == true {
                assert!(payload.is_empty(), "{entry}");
            } else if is["open"].is_object() {
                opened += 1;
                check_handshake(payload, &is["open"], encrypted);
            } else if let Some(plain) = is["plain"].as_str() {
                // Opening the box is for others; what was in it is for us.
                messages += 1;
                let plain = hex::decode(plain).unwrap();
                assert_eq!(payload.len(), plain.len() + 16, "{entry}");
                check_message(&plain, is);
            } else if encrypted {
                assert!(is["note"].is_string(), "{entry}");
                sealed += 1;
            } else {
                messages += 1;
                check_message(payload, is);
            }
        }
    }
    assert_eq!(frames, 536);
    assert!(opened > 50 && messages > 400, "{opened} {messages}");
    assert!(sealed < 5, "{sealed}");
}

fn check_handshake(payload: &[u8], open: &Value, encrypted: bool) {
    let handshake = Handshake::decode(payload).unwrap();
    assert_eq!(open["publicId"], handshake.public_id.to_string(), "{open}");
    assert_eq!(open["nonce"], hex::encode(handshake.nonce), "{open}");
    let plain = open["protocolPlain"]
        .as_str()
        .map(|text| hex::decode(text).unwrap());
    match (handshake.protocol, &plain) {
        (Some(sealed), Some(plain)) if encrypted => assert_eq!(sealed.len(), plain.len() + 16),
        (found, plain) => assert_eq!(found, plain.as_deref()),
    }
    if let Some(plain) = plain {
        let expected = tree_of_json::with_hex_objects(&open["protocol"]);
        let found = tree_of_json::decode("ProtocolHandshake", &plain).unwrap();
        assert_eq!(found, expected, "{open}");
    }
    let mut again = Vec::new();
    handshake.encode(&mut again);
    assert_eq!(again, payload, "{open}");
}

fn check_message(plain: &[u8], is: &Value) {
    let message = Message::decode_payload(plain).unwrap().unwrap();
    assert_eq!(is["type"], message.kind(), "{is}");
    let name = is["name"].as_str().unwrap();
    match message {
        Message::Have(_)
        | Message::Want(_)
        | Message::Request(_)
        | Message::Response(_)
        | Message::Cancel(_) => {
            let mut found = tree_of_json::decode(name, &plain[1..]).unwrap();
            // The transcripts leave out what is not there.
            found
                .as_object_mut()
                .unwrap()
                .retain(|_, value| !value.is_null());
            let mut expected = tree_of_json::with_hex_objects(&is["message"]);
            // Of long blocks the transcripts give the length only.
            if let Some(len) = expected["data"]["length"].as_u64() {
                let digits = found["data"]["hex"].as_str().unwrap();
                assert_eq!(digits.len() as u64, 2 * len, "{is}");
                expected["data"] = found["data"].clone();
            }
            assert_eq!(found, expected, "{is}");
        }
        Message::Pause => assert_eq!(name, "Pause"),
        Message::Resume => assert_eq!(name, "Resume"),
        Message::Extension { id, body } => {
            assert_eq!(name, format!("extension {id}"));
            assert_eq!(is["payload"].as_str().unwrap_or(""), hex::encode(body));
        }
        Message::Unknown { .. } => {
            assert!(["unknown", "ignored"].contains(&name), "{is}");
            // Its body is not kept, so it cannot be written again.
            return;
        }
    }
    let mut again = Vec::new();
    message.encode(&mut again);
    assert_eq!(again, plain, "{is}");
}
