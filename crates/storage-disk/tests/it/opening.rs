use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use hyperfeed_storage::{Batch, Durability, KeyValue, StorageErrorKind};
use hyperfeed_storage_disk::{Backend, DiskStore, Repair};

use crate::backend::{BUILT, options};

fn commit(store: &mut DiskStore, key: &[u8], durability: Durability) {
    let mut batch = Batch::new();
    batch.put(key, key);
    store.commit(&batch, durability).unwrap();
}

fn keys(store: &DiskStore) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let scanned = store.scan(b"", &mut |key, _| {
        keys.push(key.to_vec());
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    keys
}

fn fails(dir: &Path, backend: Backend, kind: StorageErrorKind, says: &str) {
    let error = DiskStore::open(dir, options(backend)).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    assert!(text.contains(says), "{text}");
    assert!(text.contains(&dir.display().to_string()), "{text}");
}

#[test]
fn a_store_is_held_by_one_at_a_time() {
    for &backend in BUILT {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, report) = DiskStore::open(dir.path(), options(backend)).unwrap();
        assert!(report.created);
        let says = format!("process {}", std::process::id());
        fails(dir.path(), backend, StorageErrorKind::InUse, &says);
        commit(&mut store, b"a", Durability::Process);
        store.close().unwrap();
        let (again, report) = DiskStore::open(dir.path(), options(backend)).unwrap();
        assert!(!report.created);
        assert_eq!((report.replayed, report.repairs), (0, vec![]));
        assert_eq!((again.path(), again.backend()), (dir.path(), backend));
    }
}

#[test]
fn commits_that_no_checkpoint_took_are_replayed_and_told() {
    for &backend in BUILT {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..3_u8 {
            let (mut store, report) = DiskStore::open(dir.path(), options(backend)).unwrap();
            assert_eq!(report.replayed, u64::from(round) * 2);
            assert_eq!(keys(&store).len(), usize::from(round) * 2);
            commit(&mut store, &[round, 0], Durability::Process);
            commit(&mut store, &[round, 1], Durability::Relaxed);
        }
        let (mut store, _) = DiskStore::open(dir.path(), options(backend)).unwrap();
        store.checkpoint().unwrap();
        drop(store);
        let (mut store, report) = DiskStore::open(dir.path(), options(backend)).unwrap();
        assert_eq!(report.replayed, 0);
        assert_eq!(store.verify().unwrap(), 6);
        assert!(store.checkpoint_failure().is_none());
    }
}

#[test]
fn checkpoints_under_load_keep_the_journal_small() {
    for &backend in BUILT {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(backend);
        options.checkpoint_bytes = 100_000;
        let (mut store, _) = DiskStore::open(dir.path(), options.clone()).unwrap();
        let mut batch = Batch::new();
        for number in 0..2000_u32 {
            batch.clear();
            batch.put(&(number % 300).to_be_bytes(), &[number as u8; 900]);
            batch.put(b"newest", &number.to_be_bytes());
            store.commit(&batch, Durability::Process).unwrap();
            let read = store.get(b"newest").unwrap().unwrap();
            assert_eq!(read, number.to_be_bytes());
        }
        assert!(fs::metadata(dir.path().join("journal")).unwrap().len() < 110_000);
        drop(store);
        let (mut store, report) = DiskStore::open(dir.path(), options).unwrap();
        assert!(report.replayed > 0 && report.replayed < 110);
        assert_eq!(store.verify().unwrap(), 301);
        for key in 0..300_u32 {
            let newest = (1999 - key) / 300 * 300 + key;
            let value = store.get(&key.to_be_bytes()).unwrap().unwrap();
            assert_eq!(value, [newest as u8; 900]);
        }
    }
}

#[test]
fn an_existing_store_keeps_its_database_whatever_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = DiskStore::open(dir.path(), options(Backend::Sled)).unwrap();
    store.close().unwrap();
    let (store, report) = DiskStore::open(dir.path(), options(Backend::Redb)).unwrap();
    assert_eq!(
        (store.backend(), report.backend),
        (Backend::Sled, Backend::Sled)
    );
}

#[cfg(not(feature = "redb"))]
#[test]
fn a_database_that_this_build_lacks_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fails(
        dir.path(),
        Backend::Redb,
        StorageErrorKind::Unsupported,
        "feature `redb`",
    );
}

#[test]
fn a_creation_cut_short_at_any_step_is_finished() {
    for &backend in BUILT {
        let database = if backend == Backend::Sled {
            "sled"
        } else {
            "meta.redb"
        };
        let whole = tempfile::tempdir().unwrap();
        DiskStore::open(whole.path(), options(backend))
            .unwrap()
            .0
            .close()
            .unwrap();
        for remove in [
            &["FORMAT"][..],
            &["FORMAT", "journal"],
            &["FORMAT", database],
        ] {
            let dir = tempfile::tempdir().unwrap();
            copy(whole.path(), dir.path());
            for name in remove {
                delete(&dir.path().join(name));
            }
            let (mut store, report) = DiskStore::open(dir.path(), options(backend)).unwrap();
            assert!(report.created);
            commit(&mut store, b"a", Durability::Process);
            drop(store);
            let (store, report) = DiskStore::open(dir.path(), options(backend)).unwrap();
            assert!(!report.created);
            assert_eq!(keys(&store), [b"a"]);
        }
    }
}

#[test]
fn a_database_that_was_never_finished_and_does_not_open_is_moved() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("sled/db/in the way")).unwrap();
    let (_, report) = DiskStore::open(dir.path(), options(Backend::Sled)).unwrap();
    let [Repair::DatabaseMoved { to }] = &report.repairs[..] else {
        panic!("{:?}", report.repairs);
    };
    assert!(to.join("db/in the way").exists());
    assert!(report.repairs[0].to_string().contains("sled.unfinished-1"));
}

#[test]
fn a_missing_part_is_named_and_nothing_is_made_in_its_place() {
    for &backend in BUILT {
        let database = if backend == Backend::Sled {
            "sled"
        } else {
            "meta.redb"
        };
        for missing in ["FORMAT", "journal", database] {
            let dir = tempfile::tempdir().unwrap();
            let (mut store, _) = DiskStore::open(dir.path(), options(backend)).unwrap();
            commit(&mut store, b"a", Durability::Process);
            store.checkpoint().unwrap();
            commit(&mut store, b"b", Durability::Process);
            drop(store);
            delete(&dir.path().join(missing));
            for _ in 0..2 {
                fails(dir.path(), backend, StorageErrorKind::Corrupt, missing);
                assert!(!dir.path().join(missing).exists(), "{missing}");
            }
        }
    }
}

#[test]
fn a_format_of_the_future_or_a_damaged_one_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    DiskStore::open(dir.path(), options(Backend::Sled)).unwrap();
    let path = dir.path().join("FORMAT");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replace("store 1", "store 2")).unwrap();
    fails(
        dir.path(),
        Backend::Sled,
        StorageErrorKind::Unsupported,
        "newer version",
    );
    for len in 0..whole.len() - 1 {
        fs::write(&path, &whole[..len]).unwrap();
        assert!(DiskStore::open(dir.path(), options(Backend::Sled)).is_err());
    }
    for at in 0..whole.len() - 1 {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(
            DiskStore::open(dir.path(), options(Backend::Sled)).is_err(),
            "{at}"
        );
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn delete(path: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_store_that_was_dropped_can_be_opened_again_at_once_on_a_busy_machine() {
    let busy: Vec<_> = (0..8_u8)
        .map(|number| {
            std::thread::spawn(move || {
                let dir = tempfile::tempdir().unwrap();
                for round in 0..20_u8 {
                    let options = options(BUILT[usize::from(number) % BUILT.len()]);
                    let (mut store, _) = DiskStore::open(dir.path(), options).unwrap();
                    let mut batch = Batch::new();
                    for key in 0..200_u8 {
                        batch.put(&[number, round, key], &[key; 300]);
                    }
                    store.commit(&batch, Durability::Process).unwrap();
                }
            })
        })
        .collect();
    busy.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_lock_that_is_let_go_of_soon_does_not_keep_the_store_closed() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(BUILT[0]);
    drop(DiskStore::open(dir.path(), options.clone()).unwrap());
    // As a child process does that was started while the store was open.
    let copy = fs::File::open(dir.path().join("LOCK")).unwrap();
    copy.lock().unwrap();
    let child = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(30));
        drop(copy);
    });
    assert!(DiskStore::open(dir.path(), options).is_ok());
    child.join().unwrap();
}
