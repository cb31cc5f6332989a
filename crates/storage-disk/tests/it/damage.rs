//! Files that were cut, zeroed or flipped: a clear error or a reported repair, never a panic, never
//! silently something else.
//!
//! `HYPERFEED_DAMAGE_ROUNDS` sets the number of seeded damages per file (default 6).

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use hyperfeed_storage::{Batch, Durability, KeyValue, StorageError, StorageErrorKind};
use hyperfeed_storage_disk::{Backend, DiskStore, Repair};

use crate::backend::{BUILT, options};
use crate::opening::copy;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store with a database of some size and a journal of some commits, and what was in it after
/// each commit.
fn build(dir: &Path, backend: Backend) -> Vec<State> {
    let (mut store, _) = DiskStore::open(dir, options(backend)).unwrap();
    let mut states = vec![State::new()];
    for number in 0..160_u32 {
        let mut batch = Batch::new();
        let mut state = states[states.len() - 1].clone();
        let value = vec![number as u8; 3000];
        for key in [
            format!("page {}", number / 3),
            "head".to_owned(),
            format!("mark {number}"),
        ] {
            let value = if key == "head" {
                number.to_string().into_bytes()
            } else {
                value.clone()
            };
            batch.put(key.as_bytes(), &value);
            state.insert(key.into_bytes(), value);
        }
        store.commit(&batch, Durability::Process).unwrap();
        states.push(state);
        if number % 40 == 39 && number < 150 {
            store.checkpoint().unwrap();
        }
        if number == 149 {
            let power = store.commit(&Batch::new(), Durability::Power);
            power.unwrap();
        }
    }
    states
}

fn read(store: &DiskStore) -> Result<State, StorageError> {
    let mut state = State::new();
    store.scan(b"", &mut |key, value| {
        state.insert(key.to_vec(), value.to_vec());
        ControlFlow::Continue(())
    })?;
    Ok(state)
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Harmless,
    Refused,
    Repaired,
}

fn outcome(dir: &Path, backend: Backend, states: &[State], what: &str) -> Outcome {
    let (mut store, report) = match DiskStore::open(dir, options(backend)) {
        Ok(opened) => opened,
        Err(error) => {
            assert!(error.to_string().len() > 40, "says too little: {error}");
            return Outcome::Refused;
        }
    };
    let Ok(found) = read(&store) else {
        return Outcome::Refused;
    };
    if found != states[states.len() - 1] {
        assert!(states.contains(&found), "{what}: a state that never was");
        assert!(!report.repairs.is_empty(), "{what}: an old state, untold");
        store.verify().unwrap();
        return Outcome::Repaired;
    }
    Outcome::Harmless
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.file_name().unwrap() != "LOCK" {
            files.push(path);
        }
    }
    files.sort();
    files
}

type Damage = (String, Box<dyn Fn(&mut Vec<u8>)>);

fn damages(len: usize, rounds: usize) -> Vec<Damage> {
    let mut damages: Vec<Damage> = Vec::new();
    let mut random = 12345_u64;
    let mut next = |below: usize| {
        random = random
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (random >> 33) as usize % below.max(1)
    };
    let mut cuts = vec![len.min(1), len / 2, len];
    cuts.extend(
        [100, 10_000, 70_000, 600_000]
            .into_iter()
            .filter(|cut| *cut < len),
    );
    for cut in cuts {
        let keep = len - cut;
        let cut = move |bytes: &mut Vec<u8>| bytes.truncate(keep);
        damages.push((format!("cut to {keep}"), Box::new(cut)));
        let zero = move |bytes: &mut Vec<u8>| bytes[keep..].fill(0);
        damages.push((format!("zeros from {keep}"), Box::new(zero)));
    }
    for _ in 0..rounds {
        let (at, bit) = (next(len), next(8));
        let flip = move |bytes: &mut Vec<u8>| bytes[at] ^= 1 << bit;
        damages.push((format!("bit {bit} of {at} flipped"), Box::new(flip)));
        let (at, length) = (next(len), next(5000));
        let end = (at + length).min(len);
        let zero = move |bytes: &mut Vec<u8>| bytes[at..end].fill(0);
        damages.push((format!("zeros in {at}..{end}"), Box::new(zero)));
    }
    // The end of a segment of sled: damage there makes it open with less, and say nothing.
    if len > 519_000 {
        let flip = |bytes: &mut Vec<u8>| bytes[517_974] ^= 1;
        damages.push(("end of a segment flipped".to_owned(), Box::new(flip)));
    }
    let add = |bytes: &mut Vec<u8>| bytes.extend_from_slice(&[0xa5; 5000]);
    damages.push(("rubbish after the end".to_owned(), Box::new(add)));
    damages
}

#[test]
fn damage_is_refused_or_repaired_and_told() {
    let rounds = env::var("HYPERFEED_DAMAGE_ROUNDS");
    let rounds: usize = rounds.map_or(6, |rounds| rounds.parse().unwrap());
    for &backend in BUILT {
        let whole = tempfile::tempdir().unwrap();
        let states = build(whole.path(), backend);
        let mut counts = BTreeMap::new();
        for file in files(whole.path()) {
            let name = file.strip_prefix(whole.path()).unwrap();
            let content = fs::read(&file).unwrap();
            for (what, damage) in damages(content.len(), rounds) {
                let dir = tempfile::tempdir().unwrap();
                copy(whole.path(), dir.path());
                let mut content = content.clone();
                damage(&mut content);
                fs::write(dir.path().join(name), content).unwrap();
                let what = format!("{backend}: {}: {what}", name.display());
                let outcome = outcome(dir.path(), backend, &states, &what);
                println!("{what}: {outcome:?}");
                *counts.entry(outcome).or_insert(0) += 1;
            }
        }
        println!("{backend}: {counts:?}");
        assert!(counts[&Outcome::Refused] > 20 && counts[&Outcome::Repaired] > 3);
    }
}

#[test]
fn a_snapshot_that_sled_left_unfinished_is_removed_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let states = build(dir.path(), Backend::Sled);
    let leftover = dir.path().join("sled/snap.0000000000FFFFFF.generating");
    fs::write(&leftover, b"half a snapshot").unwrap();
    let (store, report) = DiskStore::open(dir.path(), options(Backend::Sled)).unwrap();
    assert_eq!(
        report.repairs,
        [Repair::SnapshotRemoved {
            file: leftover.clone()
        }]
    );
    assert!(!leftover.exists());
    assert_eq!(read(&store).unwrap(), states[states.len() - 1]);
}

#[test]
fn snapshots_that_sled_cannot_read_are_moved_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let states = build(dir.path(), Backend::Sled);
    let rubbish = dir.path().join("sled/snap.7000000000000000");
    fs::write(&rubbish, [7; 1000]).unwrap();
    let (store, report) = DiskStore::open(dir.path(), options(Backend::Sled)).unwrap();
    let [Repair::SnapshotsMoved { to }] = &report.repairs[..] else {
        panic!("{:?}", report.repairs);
    };
    let moved = dir.path().join("sled/moved-snap.7000000000000000");
    assert!(to.contains(&moved) && moved.exists() && !rubbish.exists());
    assert_eq!(read(&store).unwrap(), states[states.len() - 1]);
}

#[test]
fn a_panic_of_the_database_is_an_error_that_says_what_to_do() {
    let whole = tempfile::tempdir().unwrap();
    build(whole.path(), Backend::Sled);
    let len = fs::metadata(whole.path().join("sled/db")).unwrap().len();
    let mut said = 0;
    for at in (1000..len).step_by(97_001) {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        let mut bytes = fs::read(dir.path().join("sled/db")).unwrap();
        bytes[at as usize..]
            .iter_mut()
            .take(3000)
            .for_each(|byte| *byte = 0);
        fs::write(dir.path().join("sled/db"), bytes).unwrap();
        if let Err(error) = DiskStore::open(dir.path(), options(Backend::Sled)) {
            assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
            said += u32::from(
                error
                    .to_string()
                    .contains("restore the store from a backup"),
            );
        }
    }
    assert!(said > 3);
}
