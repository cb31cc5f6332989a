use hyperfeed_storage::{
    Batch, Durability, Fault, FaultPlan, Faulty, KeyValue, Loss, MemoryStore, StorageErrorKind,
    copy,
};

/// About 3 MiB, so that the copy takes several batches.
fn large() -> MemoryStore {
    let mut store = MemoryStore::new();
    for number in 0..300_u32 {
        let mut batch = Batch::new();
        batch.put(&number.to_be_bytes(), &vec![number as u8; 10_000]);
        store.commit(&batch, Durability::Process).unwrap();
    }
    store
}

#[test]
fn a_copy_has_every_entry_and_survives_a_power_loss() {
    let from = large();
    let mut to = Faulty::new(MemoryStore::new(), &FaultPlan::new());
    assert_eq!(copy(&from, &mut to).unwrap(), 300);
    let to = to.crash(Loss::Power);
    assert_eq!(to.key_count(), 300);
    for number in 0..300_u32 {
        let key = number.to_be_bytes();
        assert_eq!(to.get(&key).unwrap(), from.get(&key).unwrap());
    }
}

#[test]
fn nothing_is_copied_over_what_is_there() {
    let mut to = large();
    let error = copy(&MemoryStore::new(), &mut to).unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::InUse);
    assert_eq!(to.key_count(), 300);
}

#[test]
fn a_failure_of_either_store_is_told() {
    let from = large();
    for operation in 0..3 {
        let plan = FaultPlan::new();
        plan.fail(operation, Fault::Before);
        assert!(copy(&from, &mut Faulty::new(MemoryStore::new(), &plan)).is_err());
    }
    let plan = FaultPlan::new();
    plan.fail_read(0);
    assert!(copy(&Faulty::new(from, &plan), &mut MemoryStore::new()).is_err());
}
