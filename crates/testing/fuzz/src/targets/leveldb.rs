//! Directories of npm's database.

use crate::input::Input;
use hyperfeed_merkle::Digest;
use hyperfeed_testing_vectors::json;
use hyperfeed_v2_feed::leaf_hash;
use hyperfeed_v2_leveldb::NpmStore;
use std::fs;
use std::sync::OnceLock;

/// Files of the database, changed: what is read is there or an error, and nothing panics past its reader.
pub(crate) fn files(data: &[u8]) {
    let mut input = Input::new(data);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = written();
    let chosen = input.below(files.len());
    for (at, (name, content)) in files.iter().enumerate() {
        let mut content = content.clone();
        if at == chosen {
            while !input.is_empty() {
                let place = usize::from(input.byte()) << 8 | usize::from(input.byte());
                let place = place % content.len().max(1);
                match input.byte() % 4 {
                    0 => content.truncate(place),
                    1 => {
                        let piece = input.string();
                        content.splice(place..place, piece.iter().copied());
                    }
                    _ => {
                        if let Some(byte) = content.get_mut(place) {
                            *byte ^= input.byte();
                        }
                    }
                }
            }
        }
        fs::write(dir.path().join(name), content).expect("it can be written");
    }
    let Ok(mut npm) = NpmStore::open(dir.path()) else {
        return;
    };
    npm.nameless().ok();
    for feed in npm.feeds().into_iter().flatten().flatten() {
        let Ok(stored) = npm.read(&feed) else {
            continue;
        };
        for block in stored.blocks().runs(0..u64::MAX).flatten().take(64) {
            let read = stored.block(&mut npm, block);
            if let Ok(Some(bytes)) = read {
                assert_ne!(leaf_hash(&bytes), [0; 32].into());
            }
            stored.proof(&mut npm, block, Digest::NONE).ok();
        }
    }
}

/// The files of a database with a live feed of some blocks.
fn written() -> &'static [(String, Vec<u8>)] {
    static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let vectors = json("leveldb");
        let all = vectors["scenarios"].as_array().expect("a list");
        let scenario = all
            .iter()
            .find(|it| {
                it["name"]
                    .as_str()
                    .is_some_and(|name| name.starts_with("live feed, seventeen"))
            })
            .expect("it is among the vectors");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let entries = scenario["entries"].as_array().expect("a list");
        for half in entries.chunks(entries.len().div_ceil(2)) {
            let mut db = rusty_leveldb::DB::open(dir.path(), rusty_leveldb::Options::default())
                .expect("new");
            for entry in half {
                let key = entry["key"].as_str().expect("text");
                let value = hyperfeed_types::hex::decode(entry["value"].as_str().expect("text"));
                db.put(key.as_bytes(), &value.expect("hex"))
                    .expect("it can be written");
            }
            db.close().expect("it can be written");
        }
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(dir.path())
            .expect("it is there")
            .flatten()
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, fs::read(entry.path()).expect("it can be read"))
            })
            .filter(|(name, _)| !name.starts_with("LOG") && name != "LOCK")
            .collect();
        files.sort();
        files
    })
}
