use std::fs;
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use hyperfeed_storage::{RandomAccess, StorageErrorKind};
use hyperfeed_storage_random_access::FromRandomAccess;
use random_access_disk::RandomAccessDisk;
use random_access_memory::RandomAccessMemory;
use random_access_storage::RandomAccess as _;

fn disk(path: &std::path::Path) -> RandomAccessDisk {
    let disk = RandomAccessDisk::builder(path).auto_sync(false).build();
    block_on(disk).unwrap()
}

#[test]
fn a_finished_write_is_with_the_system_and_not_in_a_buffer_of_the_process() {
    let dir = tempfile::tempdir().unwrap();
    // The trap: the bare crate keeps the bytes until something else is asked of the file.
    let path = dir.path().join("bare");
    let mut bare = disk(&path);
    block_on(bare.write(0, b"block")).unwrap();
    assert_eq!(
        fs::read(&path).unwrap(),
        b"",
        "no trap any more: drop the read after a write"
    );

    let path = dir.path().join("adapted");
    let mut file = FromRandomAccess::new(disk(&path));
    for (number, byte) in [b'a', b'b', b'c'].into_iter().enumerate() {
        file.write(number as u64, &[byte]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), &b"abc"[..=number]);
    }
    file.write(0, &vec![7; 3 << 20]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), vec![7; 3 << 20]);
    file.truncate(2).unwrap();
    assert_eq!(fs::read(&path).unwrap(), [7, 7]);
}

#[test]
fn a_long_read_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let data: Vec<u8> = (0..9_000_001_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let path = dir.path().join("file");
    fs::write(&path, &data).unwrap();
    let file = FromRandomAccess::new(disk(&path));
    let mut into = vec![0; data.len()];
    file.read(0, &mut into).unwrap();
    assert!(into == data);
}

#[test]
fn what_somebody_else_cut_off_is_an_error_when_the_file_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, [1; 1000]).unwrap();
    let mut bare = disk(&path);
    let measured = path.clone();
    let file =
        FromRandomAccess::new(disk(&path)).with_measure(move || Ok(fs::metadata(&measured)?.len()));
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(400)
        .unwrap();

    // The trap.
    let zeros = block_on(bare.read(400, 600)).unwrap();
    assert_eq!(zeros, [0; 600]);
    let error = file.read(400, &mut [0; 600]).unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::OutOfBounds);
    assert_eq!(file.len().unwrap(), 400);
    let mut into = [0; 400];
    file.read(0, &mut into).unwrap();
    assert_eq!(into, [1; 400]);
}

#[test]
fn ends_past_every_offset_are_refused_and_neither_wrap_nor_panic() {
    let dir = tempfile::tempdir().unwrap();
    let mut disk = FromRandomAccess::new(disk(&dir.path().join("file")));
    let mut memory = FromRandomAccess::new(RandomAccessMemory::new(1024));
    for file in [&mut disk as &mut dyn RandomAccess, &mut memory] {
        file.write(0, b"data").unwrap();
        for offset in [u64::MAX, u64::MAX - 2, 1 << 63, (1 << 63) - 2] {
            let out_of_bounds = StorageErrorKind::OutOfBounds;
            assert_eq!(
                file.read(offset, &mut [0; 8]).unwrap_err().kind(),
                out_of_bounds
            );
            assert_eq!(
                file.write(offset, &[0; 8]).unwrap_err().kind(),
                out_of_bounds
            );
        }
        assert!(file.truncate(u64::MAX).is_err());
        assert_eq!(file.len().unwrap(), 4);
    }
}

#[test]
fn a_length_that_nobody_has_memory_for_is_refused_before_it_costs_anything() {
    let memory = RandomAccessMemory::new(1024);
    let mut file = FromRandomAccess::new(memory).with_limit(1 << 30);
    let start = Instant::now();
    for len in [(1 << 30) + 1, 1 << 44, 1 << 62] {
        let error = file.truncate(len).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::OutOfBounds);
        assert!(file.write(len, b"x").is_err());
    }
    // A read past the end allocates nothing on its way to the error.
    let mut into = vec![0; 4 << 20];
    assert!(file.read(0, &mut into).is_err());
    assert!(start.elapsed() < Duration::from_secs(1));
    file.write((1 << 30) - 1, b"x").unwrap();
}

#[test]
fn a_write_costs_no_sync_unless_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = FromRandomAccess::new(disk(&dir.path().join("file")));
    let start = Instant::now();
    for number in 0..1000 {
        file.write(number * 40, &[1; 40]).unwrap();
    }
    let writing = start.elapsed();
    println!("{:.1?} a write of 40 bytes", writing / 1000);
    file.sync().unwrap();
    file.close().unwrap();
}
