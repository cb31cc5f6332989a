//! Files of a store on disk.

use crate::input::Input;
use hyperfeed_storage::{Batch, Durability, KeyValue, Op, StorageError};
use hyperfeed_storage_disk::{DiskOptions, DiskStore, KeyDir};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A batch that is read is read whole, and is the same bytes again.
pub(crate) fn batch(data: &[u8]) {
    let Ok(batch) = Batch::decode(data.to_vec()) else {
        return;
    };
    let mut again = Batch::new();
    for op in &batch {
        match op {
            Op::Put { key, value } => again.put(key, value),
            Op::Delete { key } => again.delete(key),
        }
    }
    assert_eq!((again.len(), again.encoded()), (batch.len(), data));
}

/// A key file is whole or an error, and never another key.
pub(crate) fn key_file(data: &[u8]) {
    let mut input = Input::new(data);
    let sealed = input.byte() & 1 == 1;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let keys = KeyDir::open(dir.path()).expect("it is empty");
    let mut content = input.rest().to_vec();
    if sealed {
        let check = crc32fast::hash(&content);
        content.extend_from_slice(&check.to_le_bytes());
    }
    fs::write(dir.path().join("key"), &content).expect("it can be written");
    if let Ok(Some(secret)) = keys.load("key") {
        keys.save("again", &secret).expect("it can be written");
        let again = fs::read(dir.path().join("again")).expect("it is there");
        assert_eq!(again, content);
    }
}

/// A journal that was cut, changed and written to: what is found is what some of its commits made, or an error.
pub(crate) fn journal(data: &[u8]) {
    let mut input = Input::new(data);
    let (files, states) = written();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut forged = false;
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("it is below")).expect("it can be made");
        let mut content = content.clone();
        if name == Path::new("journal") {
            forged = spoil(&mut input, &mut content);
        }
        fs::write(path, content).expect("it can be written");
    }
    let Ok((mut store, _)) = DiskStore::open(dir.path(), options()) else {
        return;
    };
    let Ok(state) = read(&store) else {
        return;
    };
    assert!(forged || states.contains(&state), "{state:?} never was");
    // It goes on from there.
    let mut batch = Batch::new();
    batch.put(b"more", b"1");
    store
        .commit(&batch, Durability::Process)
        .expect("it can be written");
    store.close().expect("it can be written");
}

type State = BTreeMap<Vec<u8>, Vec<u8>>;
/// A file's path and bytes.
type Content = (PathBuf, Vec<u8>);

/// The files of a store as the end of the process leaves them, and what was in it after each commit.
fn written() -> &'static (Vec<Content>, Vec<State>) {
    static WRITTEN: OnceLock<(Vec<Content>, Vec<State>)> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (mut store, _) = DiskStore::open(dir.path(), options()).expect("it is empty");
        let mut states = vec![read(&store).expect("it is empty")];
        for number in 0..5_u8 {
            let mut batch = Batch::new();
            batch.put(&[b'k', number], &[number; 40]);
            batch.put(b"last", &[number]);
            store
                .commit(&batch, Durability::Process)
                .expect("it can be written");
            states.push(read(&store).expect("it is there"));
        }
        let mut files = Vec::new();
        gather(dir.path(), Path::new(""), &mut files);
        (files, states)
    })
}

fn gather(dir: &Path, below: &Path, files: &mut Vec<Content>) {
    for entry in fs::read_dir(dir.join(below))
        .expect("it is there")
        .flatten()
    {
        let name = below.join(entry.file_name());
        if entry.path().is_dir() {
            gather(dir, &name, files);
        } else if entry.file_name() != "LOCK" {
            files.push((name, fs::read(entry.path()).expect("it can be read")));
        }
    }
}

fn read(store: &DiskStore) -> Result<State, StorageError> {
    let mut state = State::new();
    store.scan(b"", &mut |key, value| {
        state.insert(key.to_vec(), value.to_vec());
        ControlFlow::Continue(())
    })?;
    Ok(state)
}

fn options() -> DiskOptions {
    let mut options = DiskOptions::default();
    options.cache_bytes = 1 << 20;
    options
}

/// Changes the file; tells whether a record was added whose checksums are right.
fn spoil(input: &mut Input<'_>, content: &mut Vec<u8>) -> bool {
    let mut forged = false;
    for _ in 0..input.below(6) {
        let at = usize::from(input.byte()) << 4 | usize::from(input.byte() & 15);
        let at = at % content.len().max(1);
        match input.byte() % 5 {
            0 => content.truncate(at),
            1 => content.extend_from_slice(input.string()),
            2 => {
                let piece = content[at..].to_vec();
                content.extend_from_slice(&piece);
            }
            3 => forged |= add_record(input, content),
            _ => {
                if let Some(byte) = content.get_mut(at) {
                    *byte ^= input.byte();
                }
            }
        }
    }
    forged
}

/// A record of any bytes and number, sealed as `journal/record.rs` of the store seals them.
fn add_record(input: &mut Input<'_>, content: &mut Vec<u8>) -> bool {
    let Some(salt) = content.get(16..24).map(<[u8]>::to_vec) else {
        return false;
    };
    let (number, synced) = (u64::from(input.byte()), input.size());
    let batch = input.string();
    let mut head = crc32fast::hash(batch).to_le_bytes().to_vec();
    for field in [number, synced, batch.len() as u64] {
        head.extend_from_slice(&field.to_le_bytes());
    }
    let check = crc32fast::hash(&[head.as_slice(), &salt].concat());
    content.extend_from_slice(&check.to_le_bytes());
    content.extend_from_slice(&head);
    content.extend_from_slice(batch);
    true
}
