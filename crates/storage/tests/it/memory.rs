use hyperfeed_storage::{
    Batch, Durability, FaultPlan, Faulty, KeyValue, MemoryFile, MemoryStore, RandomAccess,
    StorageErrorKind, conformance,
};

#[test]
fn the_memory_store_keeps_the_contract() {
    let store = MemoryStore::new();
    conformance::key_value(|| store.share());
}

#[test]
fn a_boxed_store_keeps_the_contract() {
    let store = MemoryStore::new();
    conformance::key_value(|| Box::new(store.share()) as Box<dyn KeyValue>);
}

#[test]
fn the_memory_file_keeps_the_contract() {
    let file = MemoryFile::new();
    conformance::random_access(|| file.share());
}

#[test]
fn a_boxed_file_keeps_the_contract() {
    let file = MemoryFile::new();
    conformance::random_access(|| Box::new(file.share()) as Box<dyn RandomAccess>);
}

#[test]
fn a_faulty_store_and_file_without_faults_keep_the_contract() {
    let (store, file) = (MemoryStore::new(), MemoryFile::new());
    conformance::key_value(|| Faulty::new(store.share(), &FaultPlan::new()));
    conformance::random_access(|| Faulty::new(file.share(), &FaultPlan::new()));
}

#[test]
fn a_clone_has_a_content_of_its_own() {
    let mut store = MemoryStore::new();
    let mut copy = store.clone();
    let mut batch = Batch::new();
    batch.put(b"key", b"value");
    store.commit(&batch, Durability::Power).unwrap();
    assert_eq!(copy.get(b"key").unwrap(), None);
    copy.close().unwrap();
    assert_eq!(store.share().key_count(), 1);
    assert_eq!(
        copy.clone().key_count(),
        0,
        "a clone of a closed store is open"
    );

    let mut file = MemoryFile::new();
    file.write(0, b"data").unwrap();
    let mut copy = file.clone();
    copy.write(0, b"DATA").unwrap();
    let mut read = [0; 4];
    file.read(0, &mut read).unwrap();
    assert_eq!(&read, b"data");
}

#[test]
fn a_scan_sees_one_state_while_another_handle_commits() {
    let mut store = MemoryStore::new();
    let mut batch = Batch::new();
    batch.put(b"1", b"");
    batch.put(b"2", b"");
    store.commit(&batch, Durability::Process).unwrap();

    let mut other = store.share();
    let mut seen = Vec::new();
    let scan = store.scan(b"", &mut |key, _| {
        let mut batch = Batch::new();
        batch.delete(b"2");
        batch.put(b"3", b"");
        other.commit(&batch, Durability::Process).unwrap();
        seen.push(key.to_vec());
        std::ops::ControlFlow::Continue(())
    });
    scan.unwrap();
    assert_eq!(seen, [b"1", b"2"]);
    assert_eq!(store.get(b"2").unwrap(), None);
}

#[test]
fn a_write_at_the_far_end_of_a_memory_file_costs_one_page() {
    let mut file = MemoryFile::new();
    file.write(1 << 60, b"far").unwrap();
    assert_eq!(file.len().unwrap(), (1 << 60) + 3);
    let mut read = [1; 3];
    file.read((1 << 60) - 3, &mut read).unwrap();
    assert_eq!(read, [0; 3]);
    file.truncate(u64::MAX).unwrap();
    assert_eq!(
        file.write(u64::MAX, b"x").unwrap_err().kind(),
        StorageErrorKind::OutOfBounds
    );
    file.truncate(0).unwrap();
    assert!(file.is_empty().unwrap());
}
