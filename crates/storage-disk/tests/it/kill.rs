//! `kill -9` at random: a child commits and says what was acknowledged, the parent kills it.
//!
//! `HYPERFEED_KILL_ROUNDS` sets the number of rounds per database (default 4).

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use hyperfeed_storage::{Batch, Durability, KeyValue};
use hyperfeed_storage_disk::{Backend, DiskOptions, DiskStore};

use crate::backend::{BUILT, options};

const DIR: &str = "HYPERFEED_KILL_DIR";
const BACKEND: &str = "HYPERFEED_KILL_BACKEND";
const KEYS: u64 = 7;

/// Small limits, so that a kill often falls into a checkpoint.
fn busy(backend: Backend) -> DiskOptions {
    let mut options = options(backend);
    options.checkpoint_bytes = 60_000;
    options
}

/// Number of the newest commit, which must be there whole.
fn newest(store: &DiskStore) -> u64 {
    let Some(bytes) = store.get(b"newest").unwrap() else {
        return 0;
    };
    let newest = u64::from_be_bytes(bytes.try_into().unwrap());
    // Each commit writes its number under one of few keys, with a filling.
    for number in newest.saturating_sub(KEYS - 1).max(1)..=newest {
        let value = store.get(&key(number)).unwrap().unwrap();
        assert_eq!(value, filling(number), "commit {number} of {newest}");
    }
    newest
}

fn key(number: u64) -> [u8; 2] {
    [b'k', (number % KEYS) as u8]
}

fn filling(number: u64) -> Vec<u8> {
    let mut filling = number.to_be_bytes().to_vec();
    filling.resize(8 + (number % 1500) as usize, number as u8);
    filling
}

/// Not a test of its own: what the child does, when it is one.
#[test]
fn child() {
    let (Some(dir), Some(backend)) = (env::var_os(DIR), env::var_os(BACKEND)) else {
        return;
    };
    let backend = *BUILT.iter().find(|b| b.name() == backend).unwrap();
    let (mut store, _) = DiskStore::open(Path::new(&dir), busy(backend)).unwrap();
    let mut number = newest(&store);
    // A full pipe holds the child until the parent reads: an acknowledgement is never lost.
    let mut out = std::io::stdout();
    writeln!(out, "\nopened {number}").unwrap();
    loop {
        number += 1;
        let mut batch = Batch::new();
        batch.put(&key(number), &filling(number));
        batch.put(b"newest", &number.to_be_bytes());
        let durability = match number % 50 {
            0 => Durability::Power,
            1..10 => Durability::Relaxed,
            _ => Durability::Process,
        };
        store.commit(&batch, durability).unwrap();
        if durability > Durability::Relaxed {
            writeln!(out, "acknowledged {number}").unwrap();
        }
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let rounds = env::var("HYPERFEED_KILL_ROUNDS");
    let rounds: u64 = rounds.map_or(4, |rounds| rounds.parse().unwrap());
    for &backend in BUILT {
        let dir = tempfile::tempdir().unwrap();
        let mut torn_ends = 0;
        for round in 0..rounds {
            // No randomness of our own is needed: the scheduler has plenty.
            let patience = Duration::from_millis(20 + round * 37 % 300);
            let acknowledged = run_and_kill(dir.path(), backend, patience);
            let (mut store, report) = DiskStore::open(dir.path(), busy(backend)).unwrap();
            for repair in &report.repairs {
                let text = repair.to_string();
                assert!(text.contains("unfinished"), "{text}");
                torn_ends += 1;
            }
            let newest = newest(&store);
            assert!(
                newest >= acknowledged,
                "{backend}: {acknowledged} was acknowledged, {newest} is there"
            );
            store.verify().unwrap();
            // Every other round the child finds the journal as the kill left it.
            if round % 2 == 0 {
                store.close().unwrap();
            }
        }
        println!("{backend}: {rounds} kills, {torn_ends} torn ends");
    }
}

fn run_and_kill(dir: &Path, backend: Backend, patience: Duration) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["kill::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(BACKEND, backend.name())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let opened = lines.find(|line| line.as_ref().unwrap().starts_with("opened"));
    assert!(opened.is_some(), "the child could not open the store");
    let killer = thread::spawn(move || {
        thread::sleep(patience);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let mut acknowledged = 0;
    for line in lines {
        // The last line may be cut by the kill: then its number is a prefix, so smaller.
        let line = line.unwrap();
        if let Some(number) = line.strip_prefix("acknowledged ") {
            acknowledged = acknowledged.max(number.parse().unwrap_or(0));
        }
    }
    killer.join().unwrap();
    assert!(
        acknowledged > 0,
        "the child was killed before it did anything"
    );
    acknowledged
}
