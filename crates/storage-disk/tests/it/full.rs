use std::env;
use std::fs;
use std::path::PathBuf;

use hyperfeed_storage::{Batch, Durability, KeyValue, StorageErrorKind};
use hyperfeed_storage_disk::DiskStore;

use crate::backend::{BUILT, options};

/// Needs a small file system of its own, of 40 to 100 MiB; on Linux
/// `mount -t tmpfs -o size=60m tmpfs DIR`.
#[test]
#[ignore = "set HYPERFEED_SMALL_DIR to an empty directory on a small file system"]
fn a_full_disk_refuses_commits_until_there_is_room_and_loses_none() {
    let Some(dir) = env::var_os("HYPERFEED_SMALL_DIR").map(PathBuf::from) else {
        return;
    };
    for &backend in BUILT {
        let ballast = dir.join("ballast");
        let path = dir.join(backend.name());
        let mut options = options(backend);
        options.checkpoint_bytes = 1 << 20;
        let (mut store, _) = DiskStore::open(&path, options.clone()).unwrap();
        // Leaves about 8 MiB.
        let mut filling = Vec::new();
        while fs::write(dir.join("try"), vec![1; 8 << 20]).is_ok() && filling.len() < 100 << 20 {
            filling.resize(filling.len() + (1 << 20), 1);
            fs::remove_file(dir.join("try")).unwrap();
            fs::write(&ballast, &filling).unwrap();
        }
        let _ = fs::remove_file(dir.join("try"));
        let (mut refused, mut newest) = (0, 0_u32);
        for number in 1..5000_u32 {
            let mut batch = Batch::new();
            batch.put(&number.to_be_bytes(), &[number as u8; 3000]);
            batch.put(b"newest", &number.to_be_bytes());
            match store.commit(&batch, Durability::Process) {
                Ok(()) => newest = number,
                Err(error) => {
                    assert_eq!(error.kind(), StorageErrorKind::Full, "{error}");
                    assert!(store.checkpoint_failure().is_some());
                    refused += 1;
                }
            }
            let read = store.get(b"newest").unwrap();
            assert_eq!(read, Some(newest.to_be_bytes().to_vec()));
            if refused == 10 && ballast.exists() {
                fs::remove_file(&ballast).unwrap();
            }
        }
        assert_eq!((refused, newest), (10, 4999));
        store.checkpoint().unwrap();
        drop(store);
        let (mut store, report) = DiskStore::open(&path, options).unwrap();
        assert_eq!(report.repairs, []);
        assert_eq!(store.verify().unwrap(), 4990);
        drop(store);
        fs::remove_dir_all(&path).unwrap();
    }
}
