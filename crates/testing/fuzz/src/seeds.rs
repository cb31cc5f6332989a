//! Inputs to start from: what npm wrote, where there is any.

use crate::mutator::Mutator;
use hyperfeed_testing_vectors::{hex, json};
use serde_json::Value;

/// Nothing to start from: bytes that are read as a script, and noise is one.
pub(crate) fn noise() -> Vec<Vec<u8>> {
    let mut draws = Mutator::new(0x5eed);
    let lengths = [0, 1, 4, 16, 40, 100, 300];
    let noise = |len| (0..len).map(|_| draws.draw() as u8).collect();
    lengths.into_iter().map(noise).collect()
}

pub(crate) fn arguments() -> Vec<Vec<u8>> {
    let texts = [
        "127.0.0.1:3282",
        "[::1]:0",
        "example.org:65535",
        "500ms",
        "5s",
        "2m",
        "7",
        "64KiB",
        "1.5M",
        "4096",
        "8 MB",
        "",
        "18446744073709551615",
        "99999999999999999999s",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

pub(crate) fn batches() -> Vec<Vec<u8>> {
    let mut batch = hyperfeed_storage::Batch::new();
    let mut found = vec![batch.encoded().to_vec()];
    for at in 0..4_u8 {
        batch.put(&[b'k', at], &vec![at; usize::from(at) * 90]);
        batch.delete(&[at; 3]);
        found.push(batch.encoded().to_vec());
    }
    found
}

pub(crate) fn coded_bitmaps() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let vectors = json("bitfield-rle");
    for list in ["encode", "decode"] {
        for coded in strings(&vectors[list], "encoded") {
            // Room for 2^51 bits, then the bits.
            found.push([&[12][..], &[0xff; 8], &coded].concat());
        }
    }
    found
}

pub(crate) fn frames() -> Vec<Vec<u8>> {
    sessions_of_npm()
        .into_iter()
        .flat_map(|session| session.into_iter().take(6))
        .collect()
}

/// The bytes of one side of a session, in pieces of any size.
pub(crate) fn streams() -> Vec<Vec<u8>> {
    let streams = sessions_of_npm().into_iter().map(|frames| {
        let mut stream = vec![(frames.len() % 2) as u8, 13];
        stream.extend(frames.concat());
        stream
    });
    streams.collect()
}

/// Scripts for a peer with the key: open, be opened, say what npm once said.
pub(crate) fn sessions() -> Vec<Vec<u8>> {
    let bodies = messages();
    let scripts = bodies.chunks(6).map(|some| {
        let mut script = vec![1, 20, 1, 0, 0, 0, 0, 1];
        for body in some.iter().filter(|body| body.len() < 250) {
            script.extend([5, body[0], (body.len() - 1) as u8]);
            script.extend(&body[1..]);
        }
        script
    });
    scripts.collect()
}

/// Scripts for a node: messages to both of its feeds, turns and time in between, now and then a true answer.
pub(crate) fn exchanges() -> Vec<Vec<u8>> {
    let bodies = messages();
    let mut found = noise();
    for (at, some) in bodies.chunks(5).enumerate() {
        let mut script = Vec::new();
        for (number, body) in some.iter().filter(|body| body.len() < 250).enumerate() {
            let slot = if number % 2 == 0 { 0x80 } else { 0 };
            script.extend([12 | slot, body[0], (body.len() - 1) as u8]);
            script.extend(&body[1..]);
            script.extend([1, 7 | 0x80, at as u8 * 3, 1, 0, 2, 0, 2, 8, 8, 0, 20]);
        }
        found.push(script);
    }
    found
}

/// Messages of npm's sessions and of its encoder, behind the byte of their type.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let kinds = [
        ("Have", 0_u8),
        ("Want", 1),
        ("Request", 2),
        ("Response", 3),
        ("Cancel", 4),
    ];
    for (name, kind) in kinds {
        found.extend(
            protobuf(name)
                .into_iter()
                .map(|body| [&[kind][..], &body].concat()),
        );
    }
    found.extend([vec![5], vec![6], vec![64, 1, 2], vec![9, 9]]);
    for session in list(&json("transcripts")["sessions"]) {
        let plain = list(&session["log"])
            .iter()
            .filter_map(|entry| entry["is"]["plain"].as_str());
        found.extend(plain.map(hex).filter(|plain| !plain.is_empty()));
    }
    found.sort();
    found.dedup();
    found
}

pub(crate) fn handshakes() -> Vec<Vec<u8>> {
    protobuf("Handshake")
}

pub(crate) fn introductions() -> Vec<Vec<u8>> {
    protobuf("ProtocolHandshake")
}

pub(crate) fn node_records() -> Vec<Vec<u8>> {
    protobuf("Node")
}

pub(crate) fn feed_records() -> Vec<Vec<u8>> {
    protobuf("Feed")
}

pub(crate) fn varints() -> Vec<Vec<u8>> {
    let vectors = json("varint");
    let mut found = strings(&vectors["encode"], "bytes");
    found.extend(strings(&vectors["decode"], "bytes"));
    found
}

pub(crate) fn hex_texts() -> Vec<Vec<u8>> {
    let vectors = json("keys");
    let mut found = Vec::new();
    for pair in list(&vectors["pairs"]) {
        let keys = ["publicKey", "secretKey"].map(|name| pair[name].as_str().unwrap_or_default());
        found.extend(keys.map(|key| key.as_bytes().to_vec()));
        found.extend(keys.map(hex));
    }
    found
}

/// A key, a nonce, a bit to flip, then the plain text.
pub(crate) fn boxes() -> Vec<Vec<u8>> {
    let vectors = json("secretbox");
    let boxes = list(&vectors["boxes"]).iter().map(|row| {
        let part = |name: &str| hex(row[name].as_str().unwrap_or_default());
        [part("key"), part("nonce"), vec![1, 7], part("plaintext")].concat()
    });
    boxes.collect()
}

/// Behind a byte that says whether a checksum is added.
pub(crate) fn key_files() -> Vec<Vec<u8>> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let keys = hyperfeed_storage_disk::KeyDir::open(dir.path()).expect("it is empty");
    keys.save("key", &[7; 64]).expect("it can be written");
    let whole = std::fs::read(dir.path().join("key")).expect("it was written");
    let unsealed = whole
        .split_last_chunk::<4>()
        .map_or(&[][..], |(content, _)| content);
    vec![[&[0][..], &whole].concat(), [&[1][..], unsealed].concat()]
}

/// The frames of each session, of one side.
fn sessions_of_npm() -> Vec<Vec<Vec<u8>>> {
    let vectors = json("transcripts");
    let sides = list(&vectors["sessions"]).iter().flat_map(|session| {
        ["a", "b"].map(|side| {
            let of_side = list(&session["log"])
                .iter()
                .filter(|entry| entry["from"] == side);
            let frames = of_side.filter_map(|entry| entry["frame"].as_str().map(hex));
            frames.filter(|frame| frame.len() < 2000).take(12).collect()
        })
    });
    sides.collect()
}

fn protobuf(message: &str) -> Vec<Vec<u8>> {
    let vectors = json("protobuf");
    let both = ["encode", "decode"]
        .map(|name| list(&vectors[name]).to_vec())
        .concat();
    let rows = both.iter().filter(|row| row["message"] == message);
    rows.filter_map(|row| row["bytes"].as_str().map(hex))
        .collect()
}

fn strings(rows: &Value, field: &str) -> Vec<Vec<u8>> {
    list(rows)
        .iter()
        .filter_map(|row| row[field].as_str().map(hex))
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
