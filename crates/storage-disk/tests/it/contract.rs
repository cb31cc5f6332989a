use hyperfeed_storage::conformance;
use hyperfeed_storage_disk::{Backend, DiskOptions, DiskStore, FilePool, FileStore};

fn options(backend: Backend) -> DiskOptions {
    let mut options = DiskOptions::default();
    options.backend = backend;
    options
}

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
fn sled_keeps_the_contract() {
    keeps_the_contract(&options(Backend::Sled));
}

#[test]
fn sled_keeps_the_contract_with_a_checkpoint_every_few_commits() {
    let mut options = options(Backend::Sled);
    options.checkpoint_bytes = 500;
    keeps_the_contract(&options);
}

#[cfg(feature = "redb")]
#[test]
fn redb_keeps_the_contract() {
    keeps_the_contract(&options(Backend::Redb));
}

#[cfg(feature = "redb")]
#[test]
fn redb_keeps_the_contract_with_a_checkpoint_every_few_commits() {
    let mut options = options(Backend::Redb);
    options.checkpoint_bytes = 500;
    keeps_the_contract(&options);
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
