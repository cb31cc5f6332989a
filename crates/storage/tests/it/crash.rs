use std::collections::BTreeSet;

use hyperfeed_storage::{
    Batch, Durability, FaultPlan, Faulty, KeyValue, Loss, MemoryFile, MemoryStore, RandomAccess,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn number(store: &impl KeyValue) -> usize {
    match store.get(b"newest").unwrap() {
        Some(bytes) => usize::from(bytes[0]),
        None => 0,
    }
}

#[test]
fn a_seed_repeats_and_seeds_together_reach_every_prefix() {
    let outcome = |seed| {
        let mut store = Faulty::new(MemoryStore::new(), &FaultPlan::seeded(seed));
        for newest in 1..=5_u8 {
            let mut batch = Batch::new();
            batch.put(b"newest", &[newest]);
            store.commit(&batch, Durability::Process).unwrap();
        }
        number(&store.crash(Loss::Power))
    };
    let seen: BTreeSet<_> = (0..200).map(outcome).collect();
    assert_eq!(seen, BTreeSet::from([0, 1, 2, 3, 4, 5]));
    assert!((0..20).all(|seed| outcome(seed) == outcome(seed)));
}

#[test]
fn seeds_together_lose_any_subset_of_unsynced_writes() {
    let outcome = |seed| {
        let mut file = Faulty::new(MemoryFile::new(), &FaultPlan::seeded(seed));
        file.write(0, b"00000000").unwrap();
        file.sync().unwrap();
        file.write(0, b"aaaa").unwrap();
        file.write(2, b"bbbb").unwrap();
        let image = file.crash(Loss::Power);
        let mut read = vec![0; image.len().unwrap() as usize];
        image.read(0, &mut read).unwrap();
        String::from_utf8(read).unwrap()
    };
    let seen: BTreeSet<_> = (0..300).map(outcome).collect();
    for expected in ["00000000", "aaaa0000", "00bbbb00", "aabbbb00", "aab0a000"] {
        let possible = expected != "aab0a000";
        assert_eq!(seen.contains(expected), possible, "{expected}");
    }
}

fn class() -> impl Strategy<Value = Durability> {
    prop_oneof![
        Just(Durability::Relaxed),
        Just(Durability::Process),
        Just(Durability::Power)
    ]
}

proptest! {
    #[test]
    fn a_crash_leaves_a_prefix_that_holds_all_that_its_class_promised(
        classes in vec(class(), 0..12),
        seed in any::<Option<u64>>(),
    ) {
        let plan = seed.map_or_else(FaultPlan::new, FaultPlan::seeded);
        let mut store = Faulty::new(MemoryStore::new(), &plan);
        for (at, class) in classes.iter().enumerate() {
            let mut batch = Batch::new();
            batch.put(b"newest", &[at as u8 + 1]);
            batch.put(&[at as u8], b"");
            if at > 0 {
                batch.delete(&[at as u8 - 1]);
            }
            store.commit(&batch, *class).unwrap();
        }
        for (loss, safe) in [(Loss::Process, Durability::Process), (Loss::Power, Durability::Power)] {
            let promised = classes.iter().rposition(|class| *class >= safe).map_or(0, |at| at + 1);
            let image = store.crash(loss);
            let kept = number(&image);
            prop_assert!(kept >= promised);
            if seed.is_none() {
                prop_assert_eq!(kept, promised);
            }
            // Each commit removes the mark of the one before: exactly one mark is left.
            prop_assert_eq!(image.key_count(), if kept == 0 { 0 } else { 2 });
            if kept > 0 {
                prop_assert!(image.get(&[kept as u8 - 1]).unwrap().is_some());
            }
        }
        prop_assert_eq!(number(&store), classes.len());
    }

    #[test]
    fn what_a_sync_covered_survives_a_power_loss(
        before in vec((0..100_u64, vec(any::<u8>(), 0..20)), 0..8),
        after in vec((0..100_u64, vec(any::<u8>(), 0..20)), 0..8),
        cut in proptest::option::of(0..120_u64),
    ) {
        let mut file = Faulty::new(MemoryFile::new(), &FaultPlan::new());
        for (offset, data) in &before {
            file.write(*offset, data).unwrap();
        }
        file.sync().unwrap();
        let synced = file.crash(Loss::Process);
        for (offset, data) in &after {
            file.write(*offset, data).unwrap();
        }
        if let Some(cut) = cut {
            file.truncate(cut).unwrap();
        }
        let image = file.crash(Loss::Power);
        prop_assert_eq!(image.len().unwrap(), synced.len().unwrap());
        let mut expected = vec![0; synced.len().unwrap() as usize];
        let mut found = expected.clone();
        synced.read(0, &mut expected).unwrap();
        image.read(0, &mut found).unwrap();
        prop_assert_eq!(found, expected);
    }
}
