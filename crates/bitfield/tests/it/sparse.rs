//! Few long ranges among all numbers, against a plain list of ranges.

use hyperfeed_bitfield::{Bitfield, PAGE_BITS, Page};
use proptest::prelude::*;
use std::ops::Range;

/// Disjoint ranges in order, never touching: what a bitfield holds, the simple way.
#[derive(Debug, Default)]
struct Ranges(Vec<Range<u64>>);

impl Ranges {
    fn insert(&mut self, range: &Range<u64>) {
        self.remove(range);
        self.0.push(range.clone());
        self.0.retain(|range| !range.is_empty());
        self.0.sort_by_key(|range| range.start);
        self.0.dedup_by(|next, last| {
            let touches = next.start == last.end;
            if touches {
                last.end = next.end;
            }
            touches
        });
    }

    fn remove(&mut self, cut: &Range<u64>) {
        if cut.is_empty() {
            return;
        }
        let pieces = |range: &Range<u64>| {
            [
                range.start..range.end.min(cut.start),
                range.start.max(cut.end)..range.end,
            ]
        };
        self.0 = self
            .0
            .iter()
            .flat_map(pieces)
            .filter(|range| !range.is_empty())
            .collect();
    }

    fn within(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let cut = |held: &Range<u64>| held.start.max(range.start)..held.end.min(range.end);
        self.0
            .iter()
            .map(cut)
            .filter(|range| !range.is_empty())
            .collect()
    }

    fn count(&self, range: &Range<u64>) -> u64 {
        self.within(range)
            .iter()
            .map(|range| range.end - range.start)
            .sum()
    }

    fn get(&self, bit: u64) -> bool {
        self.0.iter().any(|range| range.contains(&bit))
    }
}

const ALL: Range<u64> = 0..u64::MAX;

/// Numbers of any size, near the borders of pages where mistakes live.
fn number() -> impl Strategy<Value = u64> {
    let page = prop_oneof![
        0_u64..12,
        any::<u64>().prop_map(|n| (n >> (n % 64)) / PAGE_BITS)
    ];
    let off = prop_oneof![Just(0), 0_u64..3, PAGE_BITS - 2..PAGE_BITS, 0..PAGE_BITS];
    // The last number is no range's, and has its own test.
    (page, off).prop_map(|(page, off)| (page * PAGE_BITS + off).min(u64::MAX - 1))
}

fn range() -> impl Strategy<Value = Range<u64>> {
    prop_oneof![
        3 => (number(), number()).prop_map(|(a, b)| a.min(b)..a.max(b)),
        1 => number().prop_map(|bit| bit..bit + 1),
    ]
}

fn ops() -> impl Strategy<Value = Vec<(bool, Range<u64>)>> {
    prop::collection::vec((prop::bool::weighted(0.6), range()), 0..20)
}

fn apply(ops: &[(bool, Range<u64>)]) -> (Bitfield, Ranges) {
    let (mut bits, mut twin) = (Bitfield::new(), Ranges::default());
    for (value, range) in ops {
        let held = twin.count(range);
        let clear = range.end - range.start - held;
        let changed = match (range.end - range.start, value) {
            (1, true) => u64::from(bits.insert(range.start)),
            (1, false) => u64::from(bits.remove(range.start)),
            (_, true) => bits.insert_range(range.clone()),
            (_, false) => bits.remove_range(range.clone()),
        };
        if *value {
            twin.insert(range);
            assert_eq!(changed, clear);
        } else {
            twin.remove(range);
            assert_eq!(changed, held);
        }
    }
    (bits, twin)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn it_holds_what_a_list_of_ranges_holds(ops in ops(), range in range(), at in number()) {
        let (bits, twin) = apply(&ops);
        prop_assert_eq!(bits.runs(ALL).collect::<Vec<_>>(), twin.within(&ALL));
        prop_assert_eq!(bits.runs(range.clone()).collect::<Vec<_>>(), twin.within(&range));
        prop_assert_eq!(bits.count(), twin.count(&ALL));
        prop_assert_eq!(bits.is_empty(), twin.0.is_empty());
        prop_assert_eq!(bits.count_range(range.clone()), twin.count(&range));
        prop_assert_eq!(bits.contains_range(range.clone()), twin.count(&range) == range.end - range.start);
        prop_assert_eq!(bits.last_set(), twin.0.last().map(|range| range.end - 1));
        prop_assert_eq!(bits.first_set(at), twin.within(&(at..u64::MAX)).first().map(|range| range.start));
        let unset = twin.0.iter().find(|range| range.contains(&at)).map_or(at, |range| range.end);
        prop_assert_eq!(bits.first_unset(at), unset);
        prop_assert_eq!(bits.get(at), twin.get(at));
    }

    #[test]
    fn gaps_are_what_runs_leave(ops in ops(), range in range()) {
        let (bits, _) = apply(&ops);
        let mut rest = Ranges(vec![range.clone()]);
        rest.0.retain(|range| !range.is_empty());
        for run in bits.runs(range.clone()) {
            rest.remove(&run);
        }
        prop_assert_eq!(bits.gaps(range).collect::<Vec<_>>(), rest.0);
    }

    #[test]
    fn equal_content_is_equal_whatever_made_it(ops in ops()) {
        let (bits, twin) = apply(&ops);
        let mut again = Bitfield::new();
        for range in twin.0.iter().rev() {
            again.insert_range(range.clone());
        }
        prop_assert_eq!(&bits, &again);
        prop_assert_eq!(bits.memory(), again.memory());
        for range in &twin.0 {
            again.remove_range(range.clone());
        }
        prop_assert_eq!(again, Bitfield::new());
    }

    #[test]
    fn the_first_available_is_the_first_left_of_what_is_wanted(wanted in ops(), held in ops(), requested in ops(), range in range()) {
        let ((wanted, left), (held, a), (requested, b)) = (apply(&wanted), apply(&held), apply(&requested));
        let mut left = Ranges(left.within(&range));
        for taken in a.0.iter().chain(&b.0) {
            left.remove(taken);
        }
        let first = left.0.first().map(|range| range.start);
        prop_assert_eq!(Bitfield::first_available(&wanted, &held, &requested, range), first);
    }
}

#[test]
fn the_last_number_counts_too() {
    let mut bits = Bitfield::new();
    bits.insert_range(ALL);
    assert_eq!((bits.count(), bits.first_unset(0)), (u64::MAX, u64::MAX));
    assert!(!bits.get(u64::MAX) && bits.insert(u64::MAX) && !bits.insert(u64::MAX));
    assert_eq!((bits.full_runs(), bits.mixed_pages()), (1, 0));
    // One more than can be said.
    assert_eq!(bits.count(), u64::MAX);
    assert!(!bits.is_empty());
    assert_eq!(bits.last_set(), Some(u64::MAX));
    assert_eq!(bits.first_set(u64::MAX), Some(u64::MAX));
    assert_eq!(bits.runs(ALL).collect::<Vec<_>>(), [ALL]);
    assert_eq!(bits.gaps(ALL).count(), 0);
    assert!(bits.remove(17));
    assert_eq!(bits.count(), u64::MAX);
    assert_eq!(bits.remove_range(ALL), u64::MAX - 1);
    assert_eq!(bits.count(), 1);
    assert!(bits.remove(u64::MAX) && bits.is_empty() && bits.memory() == 0);
}

#[test]
fn a_page_past_the_last_one_is_ignored() {
    let mut bits = Bitfield::new();
    bits.set_page(1 << 52, Page::Full);
    bits.set_page(u64::MAX, Page::Mixed([1; 512]));
    assert!(bits.is_empty());
    bits.set_page((1 << 52) - 1, Page::Full);
    assert_eq!((bits.count(), bits.last_set()), (PAGE_BITS, Some(u64::MAX)));
    assert_eq!(bits.pages().count(), 1);
    assert_eq!(
        (bits.page(1 << 52), bits.page(u64::MAX)),
        (Page::Empty, Page::Empty)
    );
}

#[test]
fn a_stored_page_that_is_in_truth_full_or_empty_is_taken_as_such() {
    let mut bits = Bitfield::new();
    bits.set_page(3, Page::Mixed([0xff; 512]));
    assert_eq!(
        (bits.page(3), bits.mixed_pages(), bits.count()),
        (Page::Full, 0, PAGE_BITS)
    );
    bits.set_page(3, Page::Mixed([0; 512]));
    assert_eq!(
        (bits.page(3), bits.mixed_pages(), bits.count()),
        (Page::Empty, 0, 0)
    );
}
