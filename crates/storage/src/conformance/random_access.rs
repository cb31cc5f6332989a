use crate::split_mix::SplitMix;
use crate::{RandomAccess, StorageError, StorageErrorKind};

/// Checks a [`RandomAccess`] against the contract of the trait.
///
/// `open` opens the same file each time it is called, empty at first; the one it gave before has
/// been dropped by then. The file is left with some content.
pub fn random_access<F: RandomAccess>(mut open: impl FnMut() -> F) {
    starts_empty(&open());
    reads_exactly(&mut open());
    fills_holes_with_zeros(&mut open());
    changes_length(&mut open());
    refuses_what_cannot_be_addressed(&mut open());
    reads_large_pieces_whole(&mut open());
    keeps_what_was_written(&mut open);
    equals_a_vector(&mut open);
}

fn starts_empty(file: &impl RandomAccess) {
    assert_eq!(len(file), 0, "the file has to be empty at first");
    assert!(ok(file.is_empty(), "is_empty"));
    assert_out_of_bounds(file.read(0, &mut [0]), "reading from an empty file");
}

fn reads_exactly(file: &mut impl RandomAccess) {
    ok(file.write(0, b"hello world"), "write");
    ok(file.write(6, b"there"), "write inside");
    assert_eq!(read(file, 0, 11), b"hello there");
    assert_eq!(read(file, 10, 1), b"e");
    for (offset, length) in [(0, 12), (10, 2), (11, 1), (12, 1), (1 << 40, 1)] {
        assert_out_of_bounds(
            file.read(offset, &mut vec![0; length]),
            "reading past the end",
        );
    }
    for offset in [0, 11, 12, u64::MAX] {
        ok(file.read(offset, &mut []), "reading nothing");
        ok(file.write(offset, &[]), "writing nothing");
    }
    assert_eq!(len(file), 11, "writing nothing does not change the length");
    ok(file.write(9, b"minated"), "write across the end");
    assert_eq!(read(file, 0, 16), b"hello theminated");
    clear(file);
}

fn fills_holes_with_zeros(file: &mut impl RandomAccess) {
    ok(file.write(100_000, b"x"), "write past the end");
    assert_eq!(len(file), 100_001);
    assert_eq!(read(file, 0, 100_000), vec![0; 100_000], "a hole is zeros");
    ok(file.write(50_000, b"y"), "write into the hole");
    assert_eq!(read(file, 49_999, 3), b"\0y\0");
    assert_eq!(read(file, 99_999, 2), b"\0x");
    clear(file);
}

fn changes_length(file: &mut impl RandomAccess) {
    ok(file.write(0, &[7; 70_000]), "write");
    ok(file.truncate(10), "truncate");
    assert_eq!(len(file), 10);
    assert_out_of_bounds(file.read(9, &mut [0; 2]), "reading what was cut off");
    ok(file.truncate(70_000), "truncate to more");
    assert_eq!(len(file), 70_000);
    let mut expected = vec![0; 70_000];
    expected[..10].fill(7);
    assert_eq!(
        read(file, 0, 70_000),
        expected,
        "what was cut off does not come back"
    );
    ok(file.truncate(10), "truncate");
    ok(file.write(20, &[8]), "write past the end");
    assert_eq!(
        read(file, 9, 12),
        [7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8],
        "a hole over what was cut off is zeros"
    );
    clear(file);
}

fn refuses_what_cannot_be_addressed(file: &mut impl RandomAccess) {
    ok(file.write(0, b"before"), "write");
    for offset in [u64::MAX, u64::MAX - 1, u64::MAX - 3] {
        assert_out_of_bounds(file.write(offset, &[1; 5]), "writing past every offset");
        assert_out_of_bounds(file.read(offset, &mut [0; 5]), "reading past every offset");
    }
    assert_eq!(len(file), 6, "a refused write changes nothing");
    assert_eq!(read(file, 0, 6), b"before");
    clear(file);
}

fn reads_large_pieces_whole(file: &mut impl RandomAccess) {
    let mut random = SplitMix::new(5);
    let data: Vec<u8> = (0..9 << 20).map(|_| random.next() as u8).collect();
    ok(file.write(3, &data), "write 9 MiB");
    assert!(read(file, 3, data.len()) == data, "9 MiB read back whole");
    clear(file);
}

fn keeps_what_was_written<F: RandomAccess>(open: &mut impl FnMut() -> F) {
    let mut file = open();
    ok(file.write(5, b"synced"), "write");
    ok(file.sync(), "sync");
    ok(file.close(), "close");
    ok(file.close(), "closing again");
    assert_closed(file.read(5, &mut [0]), "read");
    assert_closed(file.write(5, b"s"), "write");
    assert_closed(file.len(), "len");
    assert_closed(file.truncate(0), "truncate");
    assert_closed(file.sync(), "sync");
    drop(file);

    let mut file = open();
    assert_eq!(read(&file, 0, 11), b"\0\0\0\0\0synced");
    ok(file.write(11, b" not"), "write");
    drop(file);

    let mut file = open();
    assert_eq!(
        read(&file, 5, 10),
        b"synced not",
        "a finished write is there when the file is opened again"
    );
    clear(&mut file);
}

fn equals_a_vector<F: RandomAccess>(open: &mut impl FnMut() -> F) {
    let mut random = SplitMix::new(11);
    let mut model: Vec<u8> = Vec::new();
    let mut file = open();
    for round in 0..500 {
        let offset = random.up_to(40_000);
        match random.up_to(9) {
            0 => {
                ok(file.truncate(offset as u64), "truncate");
                model.resize(offset, 0);
            }
            1 => {
                ok(file.close(), "close");
                drop(file);
                file = open();
            }
            2 => ok(file.sync(), "sync"),
            _ => {
                let data = vec![random.next() as u8; random.up_to(5000)];
                ok(file.write(offset as u64, &data), "write");
                if !data.is_empty() {
                    let end = offset + data.len();
                    model.resize(model.len().max(end), 0);
                    model[offset..end].copy_from_slice(&data);
                }
            }
        }
        assert_eq!(len(&file), model.len() as u64, "length in round {round}");
        let start = random.up_to(model.len());
        let length = random.up_to(model.len() - start);
        assert!(
            read(&file, start as u64, length) == model[start..start + length],
            "{length} bytes at {start} differ in round {round}"
        );
    }
}

fn clear(file: &mut impl RandomAccess) {
    ok(file.truncate(0), "truncate");
    assert_eq!(len(file), 0, "an emptied file is empty");
}

fn len(file: &impl RandomAccess) -> u64 {
    ok(file.len(), "len")
}

fn read(file: &impl RandomAccess, offset: u64, length: usize) -> Vec<u8> {
    let mut into = vec![0xaa; length];
    ok(file.read(offset, &mut into), "read");
    into
}

#[track_caller]
#[expect(clippy::panic, reason = "a failed check of the suite is a panic")]
fn ok<T>(result: Result<T, StorageError>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what} failed: {error}"))
}

#[track_caller]
fn assert_out_of_bounds<T>(result: Result<T, StorageError>, what: &str) {
    let kind = result.err().map(|error| error.kind());
    assert_eq!(
        kind,
        Some(StorageErrorKind::OutOfBounds),
        "{what} fails with OutOfBounds"
    );
}

#[track_caller]
fn assert_closed<T>(result: Result<T, StorageError>, what: &str) {
    let kind = result.err().map(|error| error.kind());
    assert_eq!(
        kind,
        Some(StorageErrorKind::Closed),
        "{what} on a closed file fails with Closed"
    );
}
