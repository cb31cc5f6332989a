//! Every method against a plain list of bits.

use hyperfeed_bitfield::{Bitfield, PAGE_BITS, Page};
use proptest::prelude::*;
use std::ops::Range;

/// Five pages of plain bits.
const BITS: u64 = 5 * PAGE_BITS;

#[derive(Debug, Clone)]
enum Op {
    Insert(u64),
    InsertRange(Range<u64>),
    Remove(u64),
    RemoveRange(Range<u64>),
}

fn bit() -> impl Strategy<Value = u64> {
    // Page borders are where mistakes live.
    prop_oneof![
        0..BITS,
        (0..5_u64, 0..4_u64)
            .prop_map(|(page, off)| (page * PAGE_BITS + off).saturating_sub(2).min(BITS - 1))
    ]
}

fn range() -> impl Strategy<Value = Range<u64>> {
    prop_oneof![
        (bit(), bit()).prop_map(|(a, b)| a.min(b)..a.max(b)),
        (0..5_u64, 1..5_u64)
            .prop_map(|(page, len)| page * PAGE_BITS..((page + len) * PAGE_BITS).min(BITS)),
        bit().prop_map(|end| 0..end),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        bit().prop_map(Op::Insert),
        range().prop_map(Op::InsertRange),
        bit().prop_map(Op::Remove),
        range().prop_map(Op::RemoveRange),
    ]
}

fn apply(ops: &[Op]) -> (Bitfield, Vec<bool>) {
    let (mut bitfield, mut twin) = (Bitfield::new(), vec![false; BITS as usize]);
    let fill = |twin: &mut Vec<bool>, range: Range<u64>, value: bool| {
        let bits = &mut twin[range.start as usize..range.end as usize];
        let changed = bits.iter().filter(|bit| **bit != value).count();
        bits.fill(value);
        changed as u64
    };
    for op in ops {
        match op.clone() {
            Op::Insert(bit) => assert_eq!(
                bitfield.insert(bit),
                fill(&mut twin, bit..bit + 1, true) == 1
            ),
            Op::InsertRange(range) => assert_eq!(
                bitfield.insert_range(range.clone()),
                fill(&mut twin, range, true)
            ),
            Op::Remove(bit) => assert_eq!(
                bitfield.remove(bit),
                fill(&mut twin, bit..bit + 1, false) == 1
            ),
            Op::RemoveRange(range) => assert_eq!(
                bitfield.remove_range(range.clone()),
                fill(&mut twin, range, false)
            ),
        }
    }
    (bitfield, twin)
}

fn runs_of(twin: &[bool], value: bool, range: Range<u64>) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for at in range {
        if twin[at as usize] == value {
            match runs.last_mut() {
                Some(last) if last.end == at => last.end += 1,
                _ => runs.push(at..at + 1),
            }
        }
    }
    runs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn it_holds_what_a_plain_list_holds(ops in prop::collection::vec(op(), 0..30), range in range(), at in bit()) {
        let (bitfield, twin) = apply(&ops);
        let count = |range: Range<u64>| twin[range.start as usize..range.end as usize].iter().filter(|b| **b).count() as u64;
        for bit in 0..BITS {
            prop_assert_eq!(bitfield.get(bit), twin[bit as usize]);
        }
        prop_assert_eq!(bitfield.count(), count(0..BITS));
        prop_assert_eq!(bitfield.is_empty(), count(0..BITS) == 0);
        prop_assert_eq!(bitfield.count_range(range.clone()), count(range.clone()));
        prop_assert_eq!(bitfield.contains_range(range.clone()), count(range.clone()) == range.end - range.start);
        let first = |value| (at..BITS).find(|bit| twin[*bit as usize] == value);
        prop_assert_eq!(bitfield.first_set(at), first(true));
        prop_assert_eq!(bitfield.first_unset(at), first(false).unwrap_or(BITS));
        prop_assert_eq!(bitfield.last_set(), (0..BITS).rev().find(|bit| twin[*bit as usize]));
        prop_assert_eq!(bitfield.runs(range.clone()).collect::<Vec<_>>(), runs_of(&twin, true, range.clone()));
        prop_assert_eq!(bitfield.gaps(range.clone()).collect::<Vec<_>>(), runs_of(&twin, false, range));
    }

    #[test]
    fn pages_say_all_there_is(ops in prop::collection::vec(op(), 0..30)) {
        let (bitfield, twin) = apply(&ops);
        let mut copy = Bitfield::new();
        // What stands there must not shine through.
        copy.insert_range(100..3 * PAGE_BITS + 100);
        for page in 0..5 {
            copy.set_page(page, bitfield.page(page));
        }
        prop_assert_eq!(&copy, &bitfield);
        let mut mixed = 0;
        for (page, content) in bitfield.pages() {
            let bits = &twin[(page * PAGE_BITS) as usize..((page + 1) * PAGE_BITS) as usize];
            match content {
                Page::Empty => prop_assert!(false, "an empty page is listed"),
                Page::Full => prop_assert!(bits.iter().all(|bit| *bit)),
                Page::Mixed(bytes) => {
                    mixed += 1;
                    for (at, bit) in bits.iter().enumerate() {
                        prop_assert_eq!(bytes[at / 8] & (1 << (at % 8)) != 0, *bit);
                    }
                    prop_assert!(bits.iter().any(|bit| *bit) && !bits.iter().all(|bit| *bit));
                }
            }
        }
        let is_front = bitfield.first_unset(0) == bitfield.count();
        prop_assert_eq!(bitfield.mixed_pages(), if is_front { 0 } else { mixed });
        prop_assert_eq!(bitfield.memory() == 0, is_front);
    }

    #[test]
    fn the_first_available_is_wanted_and_free(
        wanted in prop::collection::vec(op(), 0..10),
        held in prop::collection::vec(op(), 0..10),
        requested in prop::collection::vec(op(), 0..10),
        range in range(),
    ) {
        let ((wanted, a), (held, b), (requested, c)) = (apply(&wanted), apply(&held), apply(&requested));
        let slow = range.clone().find(|at| a[*at as usize] && !b[*at as usize] && !c[*at as usize]);
        prop_assert_eq!(Bitfield::first_available(&wanted, &held, &requested, range), slow);
    }
}

#[test]
fn backwards_ranges_are_empty() {
    let (start, end) = (9, 3);
    let mut bitfield = Bitfield::new();
    assert_eq!(bitfield.insert_range(start..end), 0);
    assert!(bitfield.is_empty());
    bitfield.insert_range(0..100);
    assert_eq!(bitfield.remove_range(start..end), 0);
    assert_eq!(bitfield.count_range(start..end), 0);
    assert!(bitfield.contains_range(start..end));
    assert_eq!(bitfield.runs(start..end).count(), 0);
    assert_eq!(bitfield.gaps(start..end).count(), 0);
    let none = Bitfield::new();
    assert_eq!(
        Bitfield::first_available(&bitfield, &none, &none, start..end),
        None
    );
}

#[test]
fn debug_shows_runs_and_not_all_of_them() {
    let mut bitfield = Bitfield::new();
    bitfield.insert_range(3..7);
    assert_eq!(format!("{bitfield:?}"), "[3..7]");
    for bit in 0..8 {
        bitfield.insert(bit * 10 + 20);
    }
    let shown = "[3..7, 20..21, 30..31, 40..41, 50..51, 60..61, 70..71, 80..81, ..]";
    assert_eq!(format!("{bitfield:?}"), shown);
    bitfield.remove(90);
    assert_eq!(format!("{bitfield:?}"), shown.replace(", ..]", "]"));
}
