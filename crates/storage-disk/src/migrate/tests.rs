#![cfg(feature = "redb")]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use hyperfeed_storage::{Batch, Durability, KeyValue, StorageError, StorageErrorKind};

use super::{Step, migrate};
use crate::{Backend, DiskOptions, DiskStore, MigrationPhase, MigrationProgress, Repair};

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

const BOTH_WAYS: [(Backend, Backend); 2] = [
    (Backend::Sled, Backend::Redb),
    (Backend::Redb, Backend::Sled),
];

fn options(backend: Backend) -> DiskOptions {
    DiskOptions {
        backend,
        ..DiskOptions::default()
    }
}

fn entries(store: &DiskStore) -> Entries {
    let mut entries = Entries::new();
    let scanned = store.scan(b"", &mut |key, value| {
        entries.insert(key.to_vec(), value.to_vec());
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    entries
}

/// A store of four megabytes and a bit, some of it in the journal only, as after a crash.
fn store_in(dir: &Path, backend: Backend) -> Entries {
    let (mut store, _) = DiskStore::open(dir, options(backend)).unwrap();
    for round in 0..9_u8 {
        let mut batch = Batch::new();
        for number in 0..60_u8 {
            batch.put(
                &[b'k', number, round],
                &vec![number ^ round; 120 * usize::from(number)],
            );
            batch.put(&[b'k', number, 200], &[round; 2000]);
        }
        batch.delete(&[b'k', round, 200]);
        store.commit(&batch, Durability::Process).unwrap();
        if round == 5 {
            store.checkpoint().unwrap();
        }
    }
    let mut batch = Batch::new();
    batch.put(b"large", &vec![7; 1_200_000]);
    batch.put(b"", b"the empty key");
    store.commit(&batch, Durability::Process).unwrap();
    entries(&store)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn database(backend: Backend) -> &'static str {
    match backend {
        Backend::Redb => "meta.redb",
        Backend::Sled => "sled",
    }
}

fn whole_directory(backend: Backend) -> Vec<String> {
    let mut names = ["FORMAT", "LOCK", "journal", database(backend)].map(str::to_owned);
    names.sort();
    names.to_vec()
}

/// What a crash at this moment would leave: all that was written is in the files.
fn image(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            image(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn injected() -> StorageError {
    StorageError::new(StorageErrorKind::Io, "injected")
}

#[test]
fn a_store_moves_to_the_other_database_with_everything() {
    for (from, to) in BOTH_WAYS {
        let dir = tempfile::tempdir().unwrap();
        let before = store_in(dir.path(), from);
        let mut told: Vec<MigrationProgress> = Vec::new();
        let migration =
            DiskStore::migrate(dir.path(), to, &DiskOptions::default(), &mut |progress| {
                told.push(progress)
            })
            .unwrap();
        assert_eq!((migration.from, migration.to), (from, to));
        assert_eq!(migration.entries, before.len() as u64);
        for phase in [MigrationPhase::Copying, MigrationPhase::Comparing] {
            let of_phase: Vec<_> = told.iter().filter(|it| it.phase == phase).collect();
            assert!(of_phase.is_sorted_by_key(|it| it.done));
            let last = of_phase.last().unwrap();
            assert_eq!(
                (last.done, last.total),
                (migration.entries, migration.entries)
            );
        }
        assert_eq!(names(dir.path()), whole_directory(to));

        let (mut store, report) = DiskStore::open(dir.path(), options(from)).unwrap();
        assert_eq!(report.backend, to);
        assert_eq!((report.replayed, report.repairs), (0, vec![]));
        assert!(entries(&store) == before, "{from} to {to}");
        assert_eq!(store.verify().unwrap(), migration.entries);
        store.close().unwrap();
        let again = DiskStore::migrate(dir.path(), to, &options(to), &mut |_| {}).unwrap();
        assert_eq!((again.from, again.to, again.entries), (to, to, 0));
    }
}

#[test]
fn a_crash_between_any_two_steps_leaves_the_old_store_or_the_new_one() {
    for (from, to) in BOTH_WAYS {
        let dir = tempfile::tempdir().unwrap();
        let images = tempfile::tempdir().unwrap();
        let before = store_in(dir.path(), from);
        let mut taken: Vec<(Step, PathBuf)> = Vec::new();
        migrate(
            dir.path(),
            to,
            &DiskOptions::default(),
            &mut |_| {},
            &mut |step| {
                let path = images.path().join(taken.len().to_string());
                image(dir.path(), &path);
                taken.push((step, path));
                Ok(())
            },
        )
        .unwrap();
        let parts = taken.iter().filter(|(step, _)| *step == Step::Part);
        assert!(parts.count() > 2, "entries are copied in parts");
        for (step, path) in &taken {
            let (mut store, report) = DiskStore::open(path, options(from)).unwrap();
            let switched = taken.iter().position(|it| it.0 == Step::Switched);
            let now = taken.iter().position(|it| it.1 == *path) >= switched;
            let used = if now { to } else { from };
            assert_eq!(report.backend, used, "{step:?}");
            let is_leftover = |it: &Repair| matches!(it, Repair::LeftoverRemoved { finished, .. } if *finished == now);
            assert!(
                report.repairs.iter().all(is_leftover),
                "{step:?}: {report:?}"
            );
            let is_between = !matches!(
                step,
                Step::Checked | Step::Noted | Step::Settled | Step::Done
            );
            assert_eq!(report.repairs.len(), usize::from(is_between), "{step:?}");
            assert_eq!(names(path), whole_directory(used), "{step:?}");
            assert!(entries(&store) == before, "{step:?}");
            store.verify().unwrap();

            let mut batch = Batch::new();
            batch.put(b"later", b"1");
            store.commit(&batch, Durability::Process).unwrap();
            let later = entries(&store);
            drop(store);
            DiskStore::migrate(path, to, &options(to), &mut |_| {}).unwrap();
            let (store, report) = DiskStore::open(path, options(from)).unwrap();
            assert_eq!((report.backend, report.repairs), (to, vec![]), "{step:?}");
            assert!(entries(&store) == later, "{step:?}");
        }
    }
}

#[test]
fn a_failure_at_any_step_is_told_and_undone_unless_the_store_changed_over() {
    for (from, to) in BOTH_WAYS {
        let first = tempfile::tempdir().unwrap();
        let before = store_in(first.path(), from);
        for fails_at in 0.. {
            let dir = tempfile::tempdir().unwrap();
            image(first.path(), dir.path());
            let mut count = 0;
            let mut at = Step::Checked;
            let failed = migrate(
                dir.path(),
                to,
                &DiskOptions::default(),
                &mut |_| {},
                &mut |step| {
                    at = step;
                    count += 1;
                    if count > fails_at {
                        Err(injected())
                    } else {
                        Ok(())
                    }
                },
            );
            let Err(error) = failed else {
                assert_eq!(at, Step::Done);
                break;
            };
            assert_eq!(error.context(), "injected");
            let changed = matches!(at, Step::Switched | Step::Settled | Step::Done);
            if !changed {
                assert_eq!(names(dir.path()), whole_directory(from), "{at:?}");
            }
            let (store, report) = DiskStore::open(dir.path(), options(from)).unwrap();
            assert_eq!(report.backend, if changed { to } else { from }, "{at:?}");
            assert!(entries(&store) == before, "{at:?}");
        }
    }
}

#[test]
fn what_cannot_be_moved_is_refused_and_left_alone() {
    let fails = |dir: &Path, kind, says: &str| {
        let error = DiskStore::migrate(dir, Backend::Redb, &options(Backend::Redb), &mut |_| {});
        let error = error.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    };
    let dir = tempfile::tempdir().unwrap();
    fails(dir.path(), StorageErrorKind::NotFound, "no store");
    fails(
        &dir.path().join("none"),
        StorageErrorKind::NotFound,
        "no store",
    );
    assert!(names(dir.path()).is_empty());

    let before = store_in(dir.path(), Backend::Sled);
    let (store, _) = DiskStore::open(dir.path(), options(Backend::Sled)).unwrap();
    fails(dir.path(), StorageErrorKind::InUse, "held open by process");
    drop(store);
    fs::write(dir.path().join("meta.redb"), "the user's own").unwrap();
    fails(dir.path(), StorageErrorKind::InUse, "move it away");
    let (store, report) = DiskStore::open(dir.path(), options(Backend::Sled)).unwrap();
    assert_eq!(report.repairs, vec![]);
    assert!(entries(&store) == before);
    let kept = fs::read_to_string(dir.path().join("meta.redb")).unwrap();
    assert_eq!(kept, "the user's own");
}
