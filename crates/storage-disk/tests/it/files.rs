use std::fs;

use hyperfeed_storage::{RandomAccess, StorageErrorKind};
use hyperfeed_storage_disk::{FilePool, FileStore, KeyDir};

#[test]
fn a_file_that_is_not_there_is_created_only_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let error = FileStore::open(&path, false).unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::NotFound);
    assert!(error.to_string().contains("file"));
    FileStore::open(&path, true)
        .unwrap()
        .write(0, b"x")
        .unwrap();
    assert_eq!(FileStore::open(&path, true).unwrap().len().unwrap(), 1);
    assert_eq!(FileStore::open(&path, false).unwrap().path(), path);
}

#[test]
fn a_file_that_was_cut_by_somebody_else_reads_as_an_error_and_not_as_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let mut file = FileStore::open(&path, true).unwrap();
    file.write(0, &[1; 1000]).unwrap();
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(500)
        .unwrap();
    let mut into = [0; 1000];
    let error = file.read(0, &mut into).unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::OutOfBounds);
    file.read(0, &mut into[..500]).unwrap();
}

#[test]
fn offsets_that_systems_do_not_have_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = FileStore::open(&dir.path().join("file"), true).unwrap();
    for offset in [1 << 63, (1 << 63) - 1, u64::MAX] {
        let kind = file.write(offset, b"x").unwrap_err().kind();
        assert_eq!(kind, StorageErrorKind::OutOfBounds);
        let kind = file.read(offset, &mut [0]).unwrap_err().kind();
        assert_eq!(kind, StorageErrorKind::OutOfBounds);
    }
    assert!(file.truncate(1 << 63).is_err());
    assert_eq!(file.len().unwrap(), 0);
}

#[test]
fn a_pool_keeps_few_handles_over_many_files() {
    let dir = tempfile::tempdir().unwrap();
    let pool = FilePool::new(&dir.path().join("blocks"), 3);
    let mut files: Vec<_> = (0..20).map(|n| pool.file(&format!("file-{n}"))).collect();
    assert_eq!(pool.open_handles(), 0);
    for round in 0..3_u64 {
        for (n, file) in files.iter_mut().enumerate() {
            file.write(round, &[n as u8]).unwrap();
            assert!(pool.open_handles() <= 3);
        }
    }
    for (n, file) in files.iter_mut().enumerate() {
        let mut into = [0; 3];
        file.read(0, &mut into).unwrap();
        assert_eq!(into, [n as u8; 3]);
        file.sync().unwrap();
    }
    assert_eq!(fs::read_dir(dir.path().join("blocks")).unwrap().count(), 20);
}

#[test]
fn two_views_of_a_pooled_file_see_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let pool = FilePool::new(dir.path(), 0);
    let (mut one, mut other) = (pool.file("f"), pool.file("f"));
    one.write(0, b"x").unwrap();
    assert_eq!(other.len().unwrap(), 1);
    one.close().unwrap();
    other.write(1, b"y").unwrap();
    assert_eq!(one.len().unwrap_err().kind(), StorageErrorKind::Closed);
}

#[test]
fn reading_a_pooled_file_does_not_create_it() {
    let dir = tempfile::tempdir().unwrap();
    let pool = FilePool::new(dir.path(), 4);
    let mut file = pool.file("f");
    assert!(file.is_empty().unwrap());
    assert!(file.read(0, &mut [0]).is_err());
    file.write(9, b"").unwrap();
    file.sync().unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(!pool.remove("f").unwrap());
    file.write(0, b"x").unwrap();
    assert!(pool.remove("f").unwrap());
    assert!(file.is_empty().unwrap());
}

#[test]
fn names_that_mean_something_to_a_file_system_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let pool = FilePool::new(dir.path(), 4);
    let keys = KeyDir::open(dir.path()).unwrap();
    let long = "x".repeat(201);
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "/etc/passwd",
        "a\0b",
        ".hidden",
        "a b",
        "ä",
        &long,
    ] {
        let kind = StorageErrorKind::Unsupported;
        assert_eq!(pool.file(name).write(0, b"x").unwrap_err().kind(), kind);
        assert_eq!(pool.file(name).len().unwrap_err().kind(), kind);
        assert_eq!(pool.remove(name).unwrap_err().kind(), kind);
        assert_eq!(keys.save(name, b"x").unwrap_err().kind(), kind);
        assert_eq!(keys.load(name).unwrap_err().kind(), kind);
    }
}

#[test]
fn a_key_is_saved_loaded_replaced_listed_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys");
    let keys = KeyDir::open(&path).unwrap();
    assert_eq!(keys.load("aa").unwrap(), None);
    keys.save("bb", b"").unwrap();
    keys.save("aa", b"first").unwrap();
    keys.save("aa", b"second").unwrap();
    let keys = KeyDir::open(&path).unwrap();
    assert_eq!(keys.load("aa").unwrap().unwrap().as_slice(), b"second");
    assert_eq!(keys.load("bb").unwrap().unwrap().as_slice(), b"");
    // What a crash while saving leaves is not a key.
    fs::write(path.join(".cc.new"), b"half").unwrap();
    assert_eq!(keys.list().unwrap(), ["aa", "bb"]);
    keys.save("cc", b"whole").unwrap();
    assert!(keys.remove("cc").unwrap());
    assert!(!keys.remove("cc").unwrap());
    assert_eq!(keys.list().unwrap(), ["aa", "bb"]);
}

#[cfg(unix)]
#[test]
fn key_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys");
    let keys = KeyDir::open(&path).unwrap();
    fs::write(path.join(".aa.new"), b"left by a crash, readable by all").unwrap();
    keys.save("aa", b"secret").unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path.join("aa")), 0o600);
    assert_eq!(mode(&path), 0o700);
}

#[test]
fn a_damaged_key_is_an_error_and_never_another_key() {
    let dir = tempfile::tempdir().unwrap();
    let keys = KeyDir::open(dir.path()).unwrap();
    keys.save("aa", b"the secret").unwrap();
    let path = dir.path().join("aa");
    let whole = fs::read(&path).unwrap();
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        assert_eq!(
            keys.load("aa").unwrap_err().kind(),
            StorageErrorKind::Corrupt
        );
    }
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, flipped).unwrap();
        assert_eq!(
            keys.load("aa").unwrap_err().kind(),
            StorageErrorKind::Corrupt
        );
    }
    fs::write(&path, whole).unwrap();
    assert!(keys.load("aa").unwrap().is_some());
}
