use hyperfeed_storage::{
    Batch, Durability, Fault, FaultPlan, Faulty, KeyValue, Loss, MemoryFile, MemoryStore,
    RandomAccess, StorageErrorKind,
};

fn put(key: &[u8]) -> Batch {
    let mut batch = Batch::new();
    batch.put(key, b"");
    batch
}

fn has(store: &impl KeyValue, key: &[u8]) -> bool {
    store.get(key).unwrap().is_some()
}

fn content(file: &MemoryFile) -> Vec<u8> {
    let mut into = vec![0; file.len().unwrap() as usize];
    file.read(0, &mut into).unwrap();
    into
}

#[test]
fn a_commit_that_fails_before_leaves_nothing() {
    let plan = FaultPlan::new();
    plan.fail(0, Fault::Before);
    let mut store = Faulty::new(MemoryStore::new(), &plan);
    assert!(store.commit(&put(b"a"), Durability::Process).is_err());
    assert!(!has(&store, b"a"));
    store.commit(&put(b"b"), Durability::Process).unwrap();
    assert!(has(&store, b"b"));
    assert_eq!(plan.operations(), 2);
}

#[test]
fn a_commit_that_fails_after_is_there_and_a_crash_may_take_it() {
    let plan = FaultPlan::new();
    plan.fail(0, Fault::After);
    let mut store = Faulty::new(MemoryStore::new(), &plan);
    assert!(store.commit(&put(b"a"), Durability::Power).is_err());
    assert!(has(&store, b"a"));
    assert!(!has(&store.crash(Loss::Process), b"a"));
    store.commit(&put(b"b"), Durability::Process).unwrap();
    assert!(
        has(&store.crash(Loss::Process), b"a"),
        "a later commit settles it"
    );
}

#[test]
fn a_hidden_commit_comes_back_unless_a_later_one_succeeded() {
    let plan = FaultPlan::new();
    plan.fail(1, Fault::Hidden);
    let mut store = Faulty::new(MemoryStore::new(), &plan);
    store.commit(&put(b"a"), Durability::Process).unwrap();
    assert!(store.commit(&put(b"b"), Durability::Process).is_err());
    assert!(!has(&store, b"b"));
    assert!(has(&store.crash(Loss::Process), b"b"));
    let power = store.crash(Loss::Power);
    assert!(
        !has(&power, b"a") && !has(&power, b"b"),
        "never out of order"
    );

    store.commit(&put(b"c"), Durability::Process).unwrap();
    let crashed = store.crash(Loss::Process);
    assert!(!has(&crashed, b"b") && has(&crashed, b"c"));
}

#[test]
fn after_a_halt_everything_fails_until_healed() {
    let plan = FaultPlan::new();
    plan.halt(1, Fault::After);
    let mut store = Faulty::new(MemoryStore::new(), &plan);
    let mut file = Faulty::new(MemoryFile::new(), &plan);
    store.commit(&put(b"a"), Durability::Process).unwrap();
    assert!(file.write(0, b"data").is_err());
    assert!(plan.is_halted());
    assert!(store.get(b"a").is_err());
    assert!(store.commit(&put(b"b"), Durability::Process).is_err());
    assert!(file.len().is_err() && file.sync().is_err());
    assert_eq!(content(&file.crash(Loss::Process)), b"data");
    plan.heal();
    assert!(has(&store, b"a") && !has(&store, b"b"));
}

#[test]
fn a_full_disk_refuses_writes_and_serves_reads() {
    let plan = FaultPlan::new();
    let mut file = Faulty::new(MemoryFile::new(), &plan);
    file.write(0, b"data").unwrap();
    plan.refuse_from(plan.operations(), StorageErrorKind::Full);
    for _ in 0..3 {
        let error = file.write(4, b"more").unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Full);
    }
    assert_eq!(file.len().unwrap(), 4);
    plan.heal();
    file.write(4, b"more").unwrap();
}

#[test]
fn a_torn_write_leaves_a_prefix() {
    let plan = FaultPlan::new();
    plan.fail(0, Fault::Torn);
    let mut file = Faulty::new(MemoryFile::new(), &plan);
    assert!(file.write(0, b"torn").is_err());
    assert_eq!(content(&file.crash(Loss::Process)), b"to");
}

#[test]
fn a_chosen_read_fails_once() {
    let plan = FaultPlan::new();
    plan.fail_read(1);
    let store = Faulty::new(MemoryStore::new(), &plan);
    assert!(store.get(b"a").is_ok());
    assert!(store.get(b"a").is_err());
    assert!(store.get(b"a").is_ok());
    assert_eq!(plan.reads(), 3);
}

#[test]
fn a_failed_sync_is_not_made_good_by_the_next_one() {
    let plan = FaultPlan::new();
    plan.fail(1, Fault::Before);
    let mut file = Faulty::new(MemoryFile::new(), &plan);
    file.write(0, b"lost").unwrap();
    assert!(file.sync().is_err());
    file.write(4, b"kept").unwrap();
    file.sync().unwrap();
    assert_eq!(content(&file.crash(Loss::Power)), b"\0\0\0\0kept");
    assert_eq!(content(&file.crash(Loss::Process)), b"lostkept");
}
