use serde_json::Value;

/// Every file, by the name that [`json`] takes.
pub const NAMES: [&str; 12] = [
    "bitfield-rle",
    "feeds",
    "flat-tree",
    "hashes",
    "keys",
    "leveldb",
    "proofs",
    "protobuf",
    "secretbox",
    "transcripts",
    "tree-index",
    "varint",
];

/// The content of `gen2/<name>.json`; the name goes without folder and ending. Parsed anew at each call.
///
/// # Panics
/// On a name that is not one of [`NAMES`]: the caller is a test, and a test with a misspelt file should fail loudly.
#[must_use]
pub fn json(name: &str) -> Value {
    let text = match name {
        "bitfield-rle" => include_str!("../gen2/bitfield-rle.json"),
        "feeds" => include_str!("../gen2/feeds.json"),
        "flat-tree" => include_str!("../gen2/flat-tree.json"),
        "hashes" => include_str!("../gen2/hashes.json"),
        "keys" => include_str!("../gen2/keys.json"),
        "leveldb" => include_str!("../gen2/leveldb.json"),
        "proofs" => include_str!("../gen2/proofs.json"),
        "protobuf" => include_str!("../gen2/protobuf.json"),
        "secretbox" => include_str!("../gen2/secretbox.json"),
        "transcripts" => include_str!("../gen2/transcripts.json"),
        "tree-index" => include_str!("../gen2/tree-index.json"),
        "varint" => include_str!("../gen2/varint.json"),
        other => unknown(other),
    };
    parse(name, text)
}

#[expect(clippy::panic, reason = "a test that names no file has to fail")]
fn unknown(name: &str) -> ! {
    panic!(
        "no vectors are called {name:?}; there are {}",
        NAMES.join(", ")
    )
}

#[expect(clippy::panic, reason = "a damaged file has to fail the test")]
fn parse(name: &str, text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}.json is no JSON: {error}"))
}
