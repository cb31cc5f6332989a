//! Processes that are killed, connections that are cut: what is here stays, and the next run goes on.

use crate::machine::{Machine, noise};
use crate::proxy;
use crate::running::Running;
use std::fs;

/// Bytes enough to be interrupted in, in blocks of 64 KiB.
const BYTES: usize = 6 << 20;
const BLOCKS: u64 = 96;

struct Story {
    writer: Machine,
    reader: Machine,
    key: String,
    bytes: Vec<u8>,
}

impl Story {
    fn new() -> Self {
        let (writer, reader) = (Machine::new(), Machine::new());
        let bytes = noise(BYTES);
        writer.file("original", &bytes);
        let key = writer.create("film");
        writer.run(["append", "film", "original"]);
        Self {
            writer,
            reader,
            key,
            bytes,
        }
    }

    /// Shares so slowly that there is time to interrupt it.
    fn share_slowly(&self) -> (Running, String) {
        self.writer.share(&["film", "--max-upload", "1MiB"])
    }

    /// Clones, and waits until some blocks are here and some are not.
    fn clone_some(&self, address: &str) -> Running {
        let cloning = self
            .reader
            .start(&["clone", &self.key, address, "--to", "copy", "--json"]);
        cloning.wait_until(|line| {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            let held = object["held"].as_u64()?;
            assert_eq!(object["event"], "progress", "it was too fast: {line}");
            (held > 0).then_some(())
        });
        cloning
    }

    /// Goes on to the end; what was there must not come again.
    fn goes_on(&self, had: u64) {
        let (_sharing, address) = self.writer.share(&["film"]);
        let told = self
            .reader
            .json(["clone", &self.key, &address, "--to", "copy"]);
        let done = told.last().unwrap();
        assert_eq!(done["held"], BLOCKS);
        assert_eq!(done["fetched"], BLOCKS - had);
        assert!(fs::read(self.reader.path("copy")).unwrap() == self.bytes);
        let verified = self.reader.json(["verify"]);
        assert_eq!(verified[0]["corrupt"], serde_json::json!([]));
    }
}

#[test]
fn a_clone_goes_on_after_the_sharing_process_was_killed() {
    let story = Story::new();
    let (sharing, address) = story.share_slowly();
    let cloning = story.clone_some(&address);
    sharing.kill();
    let (status, said) = cloning.end();
    assert_eq!(status.code(), Some(1), "{said}");
    let had = story.reader.held(&story.key);
    assert!(had > 0 && had < BLOCKS, "{had}");
    let stay = format!("{had} of {BLOCKS} blocks are here and stay");
    assert!(said.contains(&stay), "{stay} in\n{said}");
    story.goes_on(had);
}

#[test]
fn a_clone_that_was_killed_goes_on() {
    let story = Story::new();
    let (sharing, address) = story.share_slowly();
    story.clone_some(&address).kill();
    sharing.kill();
    let had = story.reader.held(&story.key);
    assert!(had > 0 && had < BLOCKS, "{had}");
    story.goes_on(had);
}

#[test]
fn a_clone_goes_on_after_its_connection_was_cut() {
    let story = Story::new();
    let (sharing, address) = story.writer.share(&["film"]);
    let cut = proxy::cut_after(&address, BYTES / 2);
    let said = story
        .reader
        .fails(["clone", &story.key, &cut, "--to", "copy"]);
    sharing.kill();
    let had = story.reader.held(&story.key);
    assert!(had > 0 && had < BLOCKS, "{had}");
    assert!(said.contains(&cut), "{said}");
    assert!(said.contains("run the command again to go on"), "{said}");
    story.goes_on(had);
}

#[test]
fn an_append_that_was_killed_goes_on() {
    let machine = Machine::new();
    machine.create("film");
    let bytes = noise(12 << 20);
    machine.file("original", &bytes);
    // A fifo would hold the input back, but not everywhere: stdin does so too.
    let mut appending = machine.start(&["append", "film", "--chunk", "64KiB"]);
    appending.type_bytes(&bytes[..9 << 20]);
    wait_for_bytes(&machine, 8 << 20);
    appending.kill();
    let had = machine.json(["info", "film"])[0]["byte_length"]
        .as_u64()
        .unwrap();
    assert_eq!(had, 8 << 20, "two batches");

    // Something else is appended like anything else.
    machine.file("other", "something else");
    let told = machine.json(["append", "film", "original"]);
    assert_eq!(told[0]["start"], 0);
    assert_eq!(told[0]["end"], 192);
    assert!(machine.bytes(["cat", "film"]) == bytes);
    let told = machine.json(["append", "film", "original"]);
    assert_eq!(told[0]["start"], 192, "a finished one is appended again");
}

#[test]
fn another_input_after_an_append_that_was_killed_is_appended_whole() {
    let machine = Machine::new();
    machine.create("film");
    let bytes = noise(9 << 20);
    let mut appending = machine.start(&["append", "film"]);
    appending.type_bytes(&bytes);
    wait_for_bytes(&machine, 8 << 20);
    appending.kill();

    // It begins like the one before, and then differs.
    let other = [&bytes[..1 << 20], b"and so on"].concat();
    machine.file("other", &other);
    let told = machine.json(["append", "film", "other"]);
    assert_eq!(told[0]["start"], 128);
    assert_eq!(told[0]["end"], 145);
    assert!(machine.bytes(["cat", "film"]) == [&bytes[..8 << 20], &other].concat());
}

/// Waits until so many bytes of blocks are on disk; nothing tells of them.
fn wait_for_bytes(machine: &Machine, bytes: u64) {
    let blocks = machine.store().join("blocks");
    let size = || -> u64 {
        let files = fs::read_dir(&blocks).into_iter().flatten().flatten();
        files
            .map(|file| file.metadata().map_or(0, |about| about.len()))
            .sum()
    };
    while size() < bytes {
        std::thread::yield_now();
    }
}
