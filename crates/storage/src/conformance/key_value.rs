use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::split_mix::SplitMix;
use crate::{Batch, Durability, KeyValue, StorageError, StorageErrorKind};

type Entries = Vec<(Vec<u8>, Vec<u8>)>;

const CLASSES: [Durability; 3] = [Durability::Relaxed, Durability::Process, Durability::Power];

/// Checks a [`KeyValue`] against the contract of the trait.
///
/// `open` opens the same place each time it is called, empty at first; the store it gave before has
/// been dropped by then. The place is left with some content.
pub fn key_value<S: KeyValue>(mut open: impl FnMut() -> S) {
    starts_empty(&open());
    applies_batches(&mut open());
    scans_in_order(&mut open());
    keeps_every_kind_of_value(&mut open());
    serves_several_threads(&mut open());
    keeps_all_when_closed(&mut open);
    keeps_a_prefix_when_dropped(&mut open);
    keeps_what_was_synced(&mut open);
    equals_a_map(&mut open);
}

fn starts_empty(store: &impl KeyValue) {
    assert_eq!(value(store, b"absent"), None, "a key nobody put is absent");
    assert_eq!(
        entries(store, b""),
        [],
        "the place has to be empty at first"
    );
}

fn applies_batches(store: &mut impl KeyValue) {
    let mut batch = Batch::new();
    for class in CLASSES {
        commit(store, &batch, class);
    }
    assert_eq!(entries(store, b""), [], "an empty batch changes nothing");

    batch.put(b"a", b"1");
    batch.put(b"a", b"2");
    batch.put(b"b", b"1");
    batch.delete(b"b");
    batch.delete(b"c");
    batch.put(b"c", b"3");
    batch.delete(b"never there");
    commit(store, &batch, Durability::Process);
    assert_eq!(
        entries(store, b""),
        owned(&[(b"a", b"2"), (b"c", b"3")]),
        "of several operations on one key the last wins"
    );

    batch.clear();
    batch.put(b"a", b"overwritten");
    batch.delete(b"c");
    commit(store, &batch, Durability::Relaxed);
    assert_eq!(value(store, b"a").as_deref(), Some(&b"overwritten"[..]));
    assert_eq!(value(store, b"c"), None, "a deleted key is absent");
    clear(store);
}

fn scans_in_order(store: &mut impl KeyValue) {
    let keys: [&[u8]; 12] = [
        b"",
        b"\0",
        b"\0\0",
        b"\0\0\0",
        b"\0\x01",
        b"\0\xff",
        b"\x01",
        b"m",
        b"m\0",
        b"m\xff\xff",
        b"n",
        b"\xff\xff",
    ];
    let mut batch = Batch::new();
    for key in keys.iter().rev() {
        batch.put(key, key);
    }
    commit(store, &batch, Durability::Process);

    for key in keys {
        assert_eq!(value(store, key).as_deref(), Some(key), "key {key:02x?}");
    }
    let prefixes: [&[u8]; 9] = [
        b"",
        b"\0",
        b"\0\0",
        b"\0\x01",
        b"m",
        b"m\xff",
        b"\xff",
        b"\xff\xff",
        b"none",
    ];
    for prefix in prefixes {
        let found: Vec<_> = entries(store, prefix).into_iter().map(|e| e.0).collect();
        let within = keys.iter().filter(|key| key.starts_with(prefix));
        let expected: Vec<_> = within.map(|key| key.to_vec()).collect();
        assert_eq!(found, expected, "scan of prefix {prefix:02x?}");
    }

    let mut seen = 0;
    let scanned = store.scan(b"m", &mut |key, stored| {
        seen += 1;
        assert_eq!(
            value(store, key).as_deref(),
            Some(stored),
            "a scan's callback may read from the store"
        );
        if seen == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    ok(scanned, "scan");
    assert_eq!(seen, 2, "a scan ends where the callback breaks");
    clear(store);
}

fn keeps_every_kind_of_value(store: &mut impl KeyValue) {
    let mut random = SplitMix::new(3);
    let long_key = bytes(&mut random, 1000);
    for length in [0, 1, 40, 2600, 65_536, 1 << 20, 5 << 20] {
        let stored = bytes(&mut random, length);
        let mut batch = Batch::new();
        batch.put(&long_key, &stored);
        batch.put(b"short", &stored);
        commit(store, &batch, Durability::Process);
        assert_eq!(
            value(store, &long_key).as_ref(),
            Some(&stored),
            "a value of {length} bytes under a long key"
        );
        assert_eq!(
            value(store, b"short").as_ref(),
            Some(&stored),
            "a value of {length} bytes"
        );
    }
    clear(store);
}

fn serves_several_threads(store: &mut impl KeyValue) {
    let mut batch = Batch::new();
    for number in 0..100_u8 {
        batch.put(&[b't', number], &[number; 100]);
    }
    commit(store, &batch, Durability::Process);
    let shared = &*store;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..100_u8 {
                    assert_eq!(value(shared, &[b't', number]), Some(vec![number; 100]));
                }
                assert_eq!(entries(shared, b"t").len(), 100);
            });
        }
    });
    clear(store);
}

fn keeps_all_when_closed<S: KeyValue>(open: &mut impl FnMut() -> S) {
    for (round, class) in CLASSES.into_iter().enumerate() {
        let mut store = open();
        let mut batch = Batch::new();
        batch.put(b"closed", &[round as u8]);
        commit(&mut store, &batch, class);
        ok(store.close(), "close");
        ok(store.close(), "closing again");
        assert_closed(store.get(b"closed"), "get");
        assert_closed(store.scan(b"", &mut |_, _| ControlFlow::Break(())), "scan");
        assert_closed(store.commit(&batch, class), "commit");
        drop(store);
        let mut store = open();
        assert_eq!(
            value(&store, b"closed"),
            Some(vec![round as u8]),
            "close makes commits of class {class:?} durable"
        );
        clear(&mut store);
    }
}

fn keeps_a_prefix_when_dropped<S: KeyValue>(open: &mut impl FnMut() -> S) {
    const COMMITS: u8 = 30;
    const SAFE: u8 = 20;
    let mut store = open();
    for number in 0..COMMITS {
        let mut batch = Batch::new();
        batch.put(b"newest", &[number]);
        batch.put(&[b'd', number], b"");
        let class = if number + 1 == SAFE {
            Durability::Process
        } else {
            Durability::Relaxed
        };
        commit(&mut store, &batch, class);
    }
    drop(store);
    let mut store = open();
    let kept = entries(&store, b"d").len();
    assert!(
        kept >= usize::from(SAFE),
        "a commit of class Process makes every earlier one survive: {kept} of {COMMITS} are there"
    );
    for number in 0..kept {
        let key = [b'd', number as u8];
        assert!(value(&store, &key).is_some(), "commit {number} is missing");
    }
    assert_eq!(
        value(&store, b"newest"),
        Some(vec![(kept - 1) as u8]),
        "a commit is there whole or not at all"
    );
    clear(&mut store);
}

fn keeps_what_was_synced<S: KeyValue>(open: &mut impl FnMut() -> S) {
    for class in [Durability::Process, Durability::Power] {
        let mut store = open();
        let mut batch = Batch::new();
        batch.put(b"synced", b"");
        commit(&mut store, &batch, Durability::Relaxed);
        commit(&mut store, &Batch::new(), class);
        drop(store);
        let mut store = open();
        assert!(
            value(&store, b"synced").is_some(),
            "an empty batch of class {class:?} makes every earlier commit survive"
        );
        clear(&mut store);
    }
}

fn equals_a_map<S: KeyValue>(open: &mut impl FnMut() -> S) {
    let mut random = SplitMix::new(7);
    let mut map = BTreeMap::new();
    let mut store = open();
    for round in 0..300 {
        let mut batch = Batch::new();
        for _ in 0..random.up_to(8) {
            let length = random.up_to(3);
            let mut key = bytes(&mut random, length);
            // Few different bytes, so that keys meet again and are prefixes of each other.
            for byte in &mut key {
                *byte %= 3;
            }
            if random.coin() {
                let length = random.up_to(50);
                let stored = bytes(&mut random, length);
                batch.put(&key, &stored);
                map.insert(key, stored);
            } else {
                batch.delete(&key);
                map.remove(&key);
            }
        }
        commit(&mut store, &batch, CLASSES[random.up_to(2)]);
        if random.up_to(20) == 0 {
            ok(store.close(), "close");
            drop(store);
            store = open();
        }
        let prefix = [random.up_to(2) as u8];
        let prefix = &prefix[..random.up_to(1)];
        let expected: Entries = map
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(key, stored)| (key.clone(), stored.clone()))
            .collect();
        assert_eq!(
            entries(&store, prefix),
            expected,
            "round {round} differs from a map"
        );
    }
}

fn clear(store: &mut impl KeyValue) {
    let mut batch = Batch::new();
    for (key, _) in entries(store, b"") {
        batch.delete(&key);
    }
    commit(store, &batch, Durability::Process);
    assert_eq!(entries(store, b""), [], "what was deleted is gone");
}

fn commit(store: &mut impl KeyValue, batch: &Batch, class: Durability) {
    ok(store.commit(batch, class), "commit");
}

fn value(store: &impl KeyValue, key: &[u8]) -> Option<Vec<u8>> {
    let found = ok(store.get(key), "get");
    let mut value = b"what was there".to_vec();
    let is_there = ok(store.get_into(key, &mut value), "get_into");
    assert_eq!(is_there.then_some(value), found, "get_into is get");
    found
}

fn entries(store: &impl KeyValue, prefix: &[u8]) -> Entries {
    let mut found = Vec::new();
    let scanned = store.scan(prefix, &mut |key, stored| {
        found.push((key.to_vec(), stored.to_vec()));
        ControlFlow::Continue(())
    });
    ok(scanned, "scan");
    found
}

fn owned(entries: &[(&[u8], &[u8])]) -> Entries {
    entries
        .iter()
        .map(|(key, stored)| (key.to_vec(), stored.to_vec()))
        .collect()
}

fn bytes(random: &mut SplitMix, length: usize) -> Vec<u8> {
    (0..length).map(|_| random.next() as u8).collect()
}

#[track_caller]
#[expect(clippy::panic, reason = "a failed check of the suite is a panic")]
fn ok<T>(result: Result<T, StorageError>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what} failed: {error}"))
}

#[track_caller]
fn assert_closed<T>(result: Result<T, StorageError>, what: &str) {
    let kind = result.err().map(|error| error.kind());
    assert_eq!(
        kind,
        Some(StorageErrorKind::Closed),
        "{what} on a closed store fails with Closed"
    );
}
