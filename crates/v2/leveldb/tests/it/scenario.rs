//! The databases that the vectors describe, as real ones.

use hyperfeed_testing_vectors::json;
use hyperfeed_types::hex;
use rusty_leveldb::{DB, Options};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// One database of the vectors.
pub(crate) struct Scenario {
    pub(crate) name: String,
    entries: Vec<(String, Vec<u8>)>,
}

impl Scenario {
    pub(crate) fn all() -> Vec<Self> {
        let vectors = json("leveldb");
        let scenarios = vectors["scenarios"].as_array().unwrap();
        scenarios.iter().map(Self::of).collect()
    }

    pub(crate) fn named(start: &str) -> Self {
        let mut all = Self::all().into_iter();
        all.find(|it| it.name.starts_with(start)).unwrap()
    }

    fn of(scenario: &Value) -> Self {
        let entries = scenario["entries"].as_array().unwrap().iter();
        Self {
            name: scenario["name"].as_str().unwrap().to_owned(),
            entries: entries
                .map(|entry| {
                    let value = hex::decode(entry["value"].as_str().unwrap()).unwrap();
                    (entry["key"].as_str().unwrap().to_owned(), value)
                })
                .collect(),
        }
    }

    /// Numbers and values of the keys of a kind, over all feeds.
    pub(crate) fn numbered(&self, kind: &str) -> Vec<(u64, &[u8])> {
        let start = format!("!{kind}!");
        let of_kind = self.entries.iter().filter(|it| it.0.starts_with(&start));
        of_kind
            .map(|(key, value)| {
                let number = key.rsplit('!').next().unwrap().parse();
                (number.unwrap_or(u64::MAX), value.as_slice())
            })
            .collect()
    }

    /// Writes it, with its keys in sublevel `before`, half of it into a table.
    pub(crate) fn write(&self, before: &str) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = self.entries.split_at(self.entries.len() / 2);
        for half in [first, second] {
            let mut db = DB::open(dir.path(), options()).unwrap();
            for (key, value) in half {
                let key = format!("{before}{key}");
                db.put(key.as_bytes(), value).unwrap();
            }
            db.close().unwrap();
        }
        dir
    }
}

fn options() -> Options {
    Options {
        reuse_logs: false,
        compressor: 1,
        ..Options::default()
    }
}

/// Names and bytes of the files in a directory.
pub(crate) fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}
