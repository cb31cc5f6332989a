use hyperfeed_storage::{Batch, RandomAccess, StorageError, StorageErrorKind};

use super::{Header, RecordHead};

const SEARCH_WINDOW: usize = 1 << 20;

/// What reading a journal found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Replay {
    /// Where the last whole record ends.
    pub(crate) end: u64,
    /// Number of the last whole record, or of the commit before the first one.
    pub(crate) number: u64,
    /// How many whole records there are.
    pub(crate) records: u64,
    /// Commits up to this number must be found, here or in the backend: they were on the device.
    pub(crate) floor: u64,
    /// Bytes after the last whole record.
    pub(crate) tail: u64,
    /// Heads of later records among these bytes: 0 for the torn end that any crash may leave.
    pub(crate) later: u64,
}

/// Reads the header of a journal file.
pub(crate) fn read_header(file: &dyn RandomAccess) -> Result<Header, StorageError> {
    let mut bytes = [0; Header::BYTES];
    match file.read(0, &mut bytes) {
        Err(error) if error.kind() == StorageErrorKind::OutOfBounds => Err(StorageError::new(
            StorageErrorKind::Corrupt,
            "the journal is shorter than its header; restore the store from a backup",
        )),
        Err(error) => Err(error),
        Ok(()) => Header::decode(&bytes),
    }
}

/// Hands every whole record to `each`, in order, up to the first that is not whole; then looks at
/// what follows. Changes nothing.
pub(crate) fn replay(
    file: &dyn RandomAccess,
    header: &Header,
    each: &mut dyn FnMut(&Batch),
) -> Result<Replay, StorageError> {
    let len = file.len()?;
    let mut found = Replay {
        end: Header::BYTES as u64,
        number: header.start,
        records: 0,
        floor: header.floor,
        tail: 0,
        later: 0,
    };
    while let Some((head, batch)) = next_record(file, header, &found, len)? {
        each(&batch);
        found.end += RecordHead::BYTES as u64 + head.length;
        found.number = head.number;
        found.records += 1;
        found.floor = found.floor.max(head.synced);
    }
    found.tail = len.saturating_sub(found.end);
    search(file, header, &mut found, len)?;
    Ok(found)
}

fn next_record(
    file: &dyn RandomAccess,
    header: &Header,
    found: &Replay,
    len: u64,
) -> Result<Option<(RecordHead, Batch)>, StorageError> {
    let body = found.end + RecordHead::BYTES as u64;
    if body > len {
        return Ok(None);
    }
    let mut bytes = [0; RecordHead::BYTES];
    file.read(found.end, &mut bytes)?;
    let Some(head) = RecordHead::decode(&bytes, header.salt) else {
        return Ok(None);
    };
    if Some(head.number) != found.number.checked_add(1) || head.length > len - body {
        return Ok(None);
    }
    let Ok(length) = usize::try_from(head.length) else {
        return Ok(None);
    };
    let mut batch = vec![0; length];
    file.read(body, &mut batch)?;
    if crc32fast::hash(&batch) != head.batch_crc {
        return Ok(None);
    }
    // Whole bytes that are no batch: written by something else than this code.
    let batch = Batch::decode(batch).map_err(|error| {
        let context = format!("journal record {} at {}", head.number, found.end);
        StorageError::new(StorageErrorKind::Corrupt, context).with_source(error)
    })?;
    Ok(Some((head, batch)))
}

/// Looks for heads of records past the first that is not whole. A torn end has none: so the number
/// of them tells a crash of the process from damage or a power loss, and what they say about
/// syncing tells damage from a power loss.
fn search(
    file: &dyn RandomAccess,
    header: &Header,
    found: &mut Replay,
    len: u64,
) -> Result<(), StorageError> {
    // The record at the end itself is not a later one; its head may be whole.
    let mut at = found.end.saturating_add(1);
    let mut window = Vec::new();
    while at.saturating_add(RecordHead::BYTES as u64) <= len {
        let length = usize::try_from(len - at)
            .unwrap_or(usize::MAX)
            .min(SEARCH_WINDOW);
        window.resize(length, 0);
        file.read(at, &mut window)?;
        let mut within = 0;
        while let Some(bytes) = window
            .get(within..)
            .and_then(|rest| rest.first_chunk::<{ RecordHead::BYTES }>())
        {
            let head = RecordHead::unchecked(bytes);
            if head.number > found.number
                && head.length <= len
                && RecordHead::decode(bytes, header.salt).is_some()
            {
                found.later += 1;
                found.floor = found.floor.max(head.synced);
            }
            within += 1;
        }
        at += within as u64;
    }
    // A torn record whose head arrived tells what was synced before it.
    let mut bytes = [0; RecordHead::BYTES];
    if found.tail >= RecordHead::BYTES as u64 {
        file.read(found.end, &mut bytes)?;
        if let Some(head) = RecordHead::decode(&bytes, header.salt) {
            found.floor = found.floor.max(head.synced);
        }
    }
    Ok(())
}
