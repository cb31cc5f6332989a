use hyperfeed_storage::conformance;
use hyperfeed_storage_disk::{DiskOptions, DiskStore, FilePool, FileStore};

use crate::backend::{BUILT, options};

fn keeps_the_contract(options: &DiskOptions) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/store");
    conformance::key_value(|| {
        let (store, report) = DiskStore::open(&path, options.clone()).unwrap();
        assert_eq!(report.repairs, []);
        store
    });
    let (mut store, _) = DiskStore::open(&path, options.clone()).unwrap();
    store.verify().unwrap();
}

#[test]
fn the_store_keeps_the_contract() {
    for &backend in BUILT {
        keeps_the_contract(&options(backend));
    }
}

#[test]
fn the_store_keeps_the_contract_with_a_checkpoint_every_few_commits() {
    for &backend in BUILT {
        let mut options = options(backend);
        options.checkpoint_bytes = 500;
        keeps_the_contract(&options);
    }
}

#[test]
fn a_file_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    conformance::random_access(|| FileStore::open(&path, true).unwrap());
}

#[test]
fn a_pooled_file_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let pool = FilePool::new(&dir.path().join("blocks"), 2);
    conformance::random_access(|| pool.file("one"));
}
