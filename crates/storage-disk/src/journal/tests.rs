use hyperfeed_storage::{
    Batch, Durability, Fault, FaultPlan, Faulty, Loss, MemoryFile, RandomAccess, StorageErrorKind,
};

use super::{Header, Journal, RecordHead, Replay, read_header, replay};

const HEADER: Header = Header {
    store: 1,
    salt: 0x5eed,
    base: 10,
    start: 10,
    floor: 10,
    backend_bytes: 0,
};

fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    batch.put(b"newest", &number.to_le_bytes());
    batch
}

fn numbered(batch: &Batch) -> u64 {
    let Some(hyperfeed_storage::Op::Put { value, .. }) = batch.iter().next() else {
        unreachable!("every batch of these tests has one put");
    };
    u64::from_le_bytes(value.try_into().unwrap())
}

fn new_file() -> MemoryFile {
    let mut file = MemoryFile::new();
    file.write(0, &HEADER.encode()).unwrap();
    file
}

fn journal(file: impl RandomAccess + 'static) -> Journal {
    Journal::fresh(Box::new(file), &HEADER, 10, Header::BYTES as u64)
}

/// A file with the records 11 to 14, all of one size, and that size.
fn four_records(class: Durability) -> (MemoryFile, u64) {
    let file = new_file();
    let mut journal = journal(file.share());
    for number in 11..=14 {
        journal.append(batch(number).encoded(), class).unwrap();
    }
    drop(journal);
    let record = (file.len().unwrap() - Header::BYTES as u64) / 4;
    (file, record)
}

fn read(file: &MemoryFile) -> (Vec<u64>, Replay) {
    let header = read_header(file).unwrap();
    let mut numbers = Vec::new();
    let found = replay(file, &header, &mut |batch| numbers.push(numbered(batch))).unwrap();
    (numbers, found)
}

#[test]
fn every_class_leaves_whole_records() {
    for class in [Durability::Relaxed, Durability::Process, Durability::Power] {
        let (file, record) = four_records(class);
        let (numbers, found) = read(&file);
        assert_eq!(numbers, [11, 12, 13, 14]);
        let floor = if class == Durability::Power { 13 } else { 10 };
        let expected = Replay {
            end: Header::BYTES as u64 + 4 * record,
            number: 14,
            records: 4,
            floor,
            tail: 0,
            later: 0,
        };
        assert_eq!(found, expected, "{class:?}");
    }
}

#[test]
fn a_file_torn_at_any_byte_gives_the_records_before_and_goes_on() {
    let (whole, record) = four_records(Durability::Process);
    for len in Header::BYTES as u64..whole.len().unwrap() {
        let mut file = whole.clone();
        file.truncate(len).unwrap();
        let records = (len - Header::BYTES as u64) / record;
        let (numbers, found) = read(&file);
        assert_eq!(numbers.len() as u64, records, "cut at {len}");
        assert_eq!((found.later, found.floor), (0, 10), "cut at {len}");
        assert_eq!(found.end + found.tail, len);

        let boxed = Box::new(file.share());
        let mut journal = Journal::resume(boxed, &HEADER, &found, found.number).unwrap();
        journal
            .append(batch(99).encoded(), Durability::Process)
            .unwrap();
        let (numbers, found) = read(&file);
        assert_eq!(numbers.len() as u64, records + 1, "cut at {len}");
        assert_eq!(numbers.last(), Some(&99));
        assert_eq!((found.number, found.tail), (10 + records + 1, 0));
    }
}

#[test]
fn a_file_whose_end_is_zeros_from_any_byte_gives_the_records_before() {
    let (whole, record) = four_records(Durability::Process);
    let len = whole.len().unwrap();
    for from in Header::BYTES as u64..len {
        let mut file = whole.clone();
        file.truncate(from).unwrap();
        file.truncate(len).unwrap();
        let (numbers, found) = read(&file);
        // The last bytes of a record are zeros here: without them it is still whole.
        let at_most = (from - Header::BYTES as u64 + 7) / record;
        assert!(numbers.len() as u64 <= at_most, "zeros from {from}");
        assert_eq!(found.later, 0);
    }
}

#[test]
fn a_flipped_bit_in_the_middle_stops_there_and_tells_of_later_records() {
    let (whole, record) = four_records(Durability::Power);
    let second = Header::BYTES as u64 + record;
    for at in second..second + record {
        for bit in 0..8 {
            let mut file = whole.clone();
            let mut byte = [0];
            file.read(at, &mut byte).unwrap();
            file.write(at, &[byte[0] ^ (1 << bit)]).unwrap();
            let (numbers, found) = read(&file);
            assert_eq!(numbers, [11], "byte {at}");
            assert_eq!((found.end, found.later), (second, 2), "byte {at}");
            assert_eq!(found.floor, 13, "14 says that 13 was durable");
        }
    }
}

#[test]
fn a_record_with_a_number_that_does_not_follow_is_not_taken() {
    for (wrong, later) in [(10, 0), (11, 0), (13, 1), (u64::MAX, 1)] {
        let mut file = new_file();
        let mut journal = journal(file.share());
        journal
            .append(batch(11).encoded(), Durability::Process)
            .unwrap();
        drop(journal);
        let end = file.len().unwrap();
        let encoded = batch(0);
        let head = RecordHead::of(wrong, 10, encoded.encoded());
        // A head exactly at the end is that of the torn record, so it is not a later one.
        let mut exact = file.clone();
        exact.write(end, &head.encode(HEADER.salt)).unwrap();
        exact.write(end + 32, encoded.encoded()).unwrap();
        let (numbers, found) = read(&exact);
        assert_eq!((numbers.as_slice(), found.later), (&[11][..], 0), "{wrong}");

        file.write(end + 1, &head.encode(HEADER.salt)).unwrap();
        file.write(end + 33, encoded.encoded()).unwrap();
        let (numbers, found) = read(&file);
        assert_eq!(
            (numbers.as_slice(), found.later),
            (&[11][..], later),
            "{wrong}"
        );
    }
}

#[test]
fn a_record_of_another_file_is_not_taken() {
    let mut file = new_file();
    let encoded = batch(11);
    let head = RecordHead::of(11, 10, encoded.encoded());
    file.write(64, &head.encode(HEADER.salt + 1)).unwrap();
    file.write(96, encoded.encoded()).unwrap();
    let (numbers, found) = read(&file);
    assert_eq!(
        (numbers.len(), found.later, found.tail),
        (0, 0, file.len().unwrap() - 64)
    );
}

#[test]
fn a_length_beyond_the_file_allocates_nothing() {
    for length in [u64::MAX, u64::MAX - 96, 1 << 40, 1] {
        let mut file = new_file();
        let head = RecordHead {
            number: 11,
            synced: 10,
            length,
            batch_crc: 0,
        };
        file.write(64, &head.encode(HEADER.salt)).unwrap();
        assert_eq!(read(&file).0.len(), 0);
    }
}

#[test]
fn whole_bytes_that_are_no_batch_are_corrupt() {
    let mut file = new_file();
    let head = RecordHead::of(11, 10, b"no batch");
    file.write(64, &head.encode(HEADER.salt)).unwrap();
    file.write(96, b"no batch").unwrap();
    let error = replay(&file, &HEADER, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Corrupt);
}

#[test]
fn later_records_are_found_across_the_windows_of_the_search() {
    for distance in [
        (1 << 20) - 40,
        (1 << 20) - 31,
        (1 << 20) - 1,
        1 << 20,
        3 << 20,
    ] {
        let mut file = new_file();
        let head = RecordHead::of(12, 11, b"");
        file.write(65 + distance, &head.encode(HEADER.salt))
            .unwrap();
        let (_, found) = read(&file);
        assert_eq!((found.later, found.floor), (1, 11), "{distance}");
    }
}

#[test]
fn relaxed_commits_wait_and_a_higher_class_writes_them() {
    let file = new_file();
    let mut journal = journal(file.share());
    journal
        .append(batch(11).encoded(), Durability::Relaxed)
        .unwrap();
    assert_eq!(file.len().unwrap(), 64);
    journal.settle(Durability::Relaxed).unwrap();
    assert_eq!(file.len().unwrap(), 64);
    journal.settle(Durability::Process).unwrap();
    assert_eq!(read(&file).0, [11]);
    journal
        .append(batch(12).encoded(), Durability::Relaxed)
        .unwrap();
    journal
        .append(batch(13).encoded(), Durability::Process)
        .unwrap();
    assert_eq!(read(&file).0, [11, 12, 13]);
}

#[test]
fn relaxed_commits_are_written_when_there_is_a_megabyte_of_them() {
    let file = new_file();
    let mut journal = journal(file.share());
    let mut large = Batch::new();
    large.put(b"newest", &[0; 8]);
    large.put(b"large", &[7; 700_000]);
    journal
        .append(large.encoded(), Durability::Relaxed)
        .unwrap();
    assert_eq!(file.len().unwrap(), 64);
    journal
        .append(large.encoded(), Durability::Relaxed)
        .unwrap();
    assert_eq!(read(&file).1.records, 2);
}

#[test]
fn after_any_failed_operation_the_journal_goes_on_or_says_that_it_cannot() {
    for fault in [Fault::Before, Fault::After, Fault::Torn] {
        for class in [Durability::Process, Durability::Power] {
            for operation in 0..16 {
                goes_on_after(fault, class, operation);
            }
        }
    }
}

/// Appends 11, 12, … while the operation fails; what was acknowledged must be in the file, or the
/// journal must be doubtful.
fn goes_on_after(fault: Fault, class: Durability, operation: u64) {
    let plan = FaultPlan::new();
    plan.fail(operation, fault);
    let file = Faulty::new(new_file(), &plan);
    let mut journal = journal(file.share());
    let mut acknowledged = Vec::new();
    for value in 11..=16 {
        // Every other commit is relaxed before, so that a buffer is at stake too.
        for (value, class) in [(value * 10, Durability::Relaxed), (value, class)] {
            match journal.append(batch(value).encoded(), class) {
                Ok(()) => acknowledged.push(value),
                Err(_) if journal.is_doubtful() => {
                    // At most the newest relaxed one was still waiting to be written.
                    let kept = read(&file.crash(Loss::Process)).0;
                    let written = acknowledged.len() - usize::from(kept.len() < acknowledged.len());
                    assert_eq!(kept[..written], acknowledged[..written]);
                    return;
                }
                Err(_) => {}
            }
        }
    }
    let number = journal.number();
    assert!(journal.settle(class).is_ok(), "the fault is long over");
    let (numbers, found) = read(&file.crash(Loss::Process));
    assert_eq!(numbers, acknowledged, "{fault:?} {class:?} {operation}");
    assert_eq!((found.tail, found.number), (0, number));
    if class == Durability::Power {
        assert_eq!(read(&file.crash(Loss::Power)).0, acknowledged);
    }
}

#[test]
fn a_failed_sync_makes_the_journal_doubtful() {
    let plan = FaultPlan::new();
    plan.fail(1, Fault::Before);
    let file = Faulty::new(new_file(), &plan);
    let mut journal = journal(file);
    assert!(
        journal
            .append(batch(11).encoded(), Durability::Power)
            .is_err()
    );
    assert!(journal.is_doubtful());
    assert_eq!(journal.number(), 10);
}

#[test]
fn a_full_disk_takes_nothing_from_what_was_acknowledged() {
    let plan = FaultPlan::new();
    let file = Faulty::new(new_file(), &plan);
    let mut journal = journal(file.share());
    journal
        .append(batch(11).encoded(), Durability::Process)
        .unwrap();
    // Writes fail, but the cut that follows is allowed: only every third operation fails.
    for _ in 0..3 {
        plan.fail(plan.operations(), Fault::Torn);
        assert!(
            journal
                .append(batch(12).encoded(), Durability::Process)
                .is_err()
        );
        assert!(!journal.is_doubtful());
        assert_eq!(read(&file.crash(Loss::Process)).0, [11]);
    }
    journal
        .append(batch(12).encoded(), Durability::Process)
        .unwrap();
    assert_eq!(read(&file.crash(Loss::Process)).0, [11, 12]);
}
