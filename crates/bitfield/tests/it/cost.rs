//! What the documentation says of memory and of costs. Times are bounds a hundred times what is needed: they tell a
//! search that walks from one that leaps, not one machine from another.

use hyperfeed_bitfield::{Bitfield, PAGE_BITS, rle};
use std::time::{Duration, Instant};

const TEN_MILLION: u64 = 10_000_000;

/// Runs `work`; it must be done within `seconds`.
fn within<T>(seconds: u64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(seconds), "took {elapsed:?}");
    done
}

fn documented_memory(bits: &Bitfield) -> usize {
    576 * bits.mixed_pages() + 40 * bits.full_runs()
}

#[test]
fn a_feed_that_grows_block_by_block_costs_no_memory() {
    let held = within(10, || {
        let mut held = Bitfield::new();
        for block in 0..TEN_MILLION {
            assert!(held.insert(block));
            assert_eq!(held.memory(), 0);
        }
        held
    });
    assert_eq!(held.count(), TEN_MILLION);
    within(5, || {
        for at in 0..1_000_000 {
            assert_eq!(held.first_unset(at), TEN_MILLION);
            assert!(held.get(at) && !held.get(TEN_MILLION + at));
        }
    });
}

#[test]
fn what_becomes_whole_again_costs_nothing_again() {
    let mut held = Bitfield::new();
    held.insert_range(0..TEN_MILLION);
    held.remove(TEN_MILLION / 2);
    assert_eq!((held.full_runs(), held.mixed_pages()), (2, 2));
    assert_eq!(held.memory(), documented_memory(&held));
    held.insert(TEN_MILLION / 2);
    assert_eq!(held.memory(), 0);
    held.insert(TEN_MILLION + 1);
    assert_eq!((held.full_runs(), held.mixed_pages()), (1, 1));
    held.remove_range(5..u64::MAX);
    assert_eq!((held.count(), held.memory()), (5, 0));
}

#[test]
fn a_long_range_costs_what_a_short_one_costs() {
    let mut held = Bitfield::new();
    within(5, || {
        for _ in 0..10_000 {
            assert_eq!(held.insert_range(5..1 << 60), (1 << 60) - 5);
            assert_eq!(held.count_range(0..u64::MAX), (1 << 60) - 5);
            assert_eq!(held.remove_range(5..1 << 60), (1 << 60) - 5);
        }
    });
    assert_eq!(held.memory(), 0);
}

#[test]
fn a_scattered_field_costs_its_pages() {
    let held = within(20, || {
        let mut held = Bitfield::new();
        for block in (0..TEN_MILLION).step_by(2) {
            held.insert(block);
        }
        held
    });
    let pages = TEN_MILLION.div_ceil(PAGE_BITS);
    assert_eq!((held.mixed_pages() as u64, held.full_runs()), (pages, 0));
    assert_eq!(held.memory(), documented_memory(&held));
    assert!((held.memory() as u64) < TEN_MILLION / 6);
    within(20, || {
        assert_eq!(held.count_range(0..u64::MAX), TEN_MILLION / 2);
        assert_eq!(held.runs(0..u64::MAX).count() as u64, TEN_MILLION / 2);
        let mut coded = Vec::new();
        rle::encode(&held, TEN_MILLION, &mut coded);
        assert_eq!(coded.len() as u64, 1 + TEN_MILLION / 8);
        let runs = rle::decode(&coded, TEN_MILLION).unwrap();
        assert_eq!(runs.count() as u64, TEN_MILLION);
    });
}

#[test]
fn single_bits_far_apart_cost_a_page_each() {
    let mut held = Bitfield::new();
    within(20, || {
        for bit in 0..10_000_u64 {
            assert!(held.insert(bit << 40));
        }
    });
    assert_eq!(held.memory(), documented_memory(&held));
    assert_eq!(held.memory(), 576 * 10_000);
    within(20, || {
        assert_eq!(held.pages().count(), 10_000);
        assert_eq!(held.gaps(0..u64::MAX).count(), 10_000);
        for bit in 0..10_000_u64 {
            assert!(held.remove(bit << 40));
        }
    });
    assert_eq!(held.memory(), 0);
}

#[test]
fn picking_leaps_over_what_is_whole() {
    let (mut wanted, mut held, mut requested) = (Bitfield::new(), Bitfield::new(), Bitfield::new());
    wanted.insert_range(0..1 << 50);
    held.insert_range(0..(1 << 50) - 3);
    requested.insert((1 << 50) - 3);
    // Page by page, this would take days.
    within(5, || {
        for _ in 0..10_000 {
            let first = Bitfield::first_available(&wanted, &held, &requested, 0..u64::MAX);
            assert_eq!(first, Some((1 << 50) - 2));
        }
    });
    // The same with what is held and what is requested taking turns, and with a hole in what is wanted.
    let (mut even, mut odd) = (Bitfield::new(), Bitfield::new());
    for turn in 0..100_u64 {
        let turns = if turn % 2 == 0 { &mut even } else { &mut odd };
        turns.insert_range(turn << 40..(turn + 1) << 40);
    }
    wanted.remove_range(100 << 40..(1 << 50) - 1);
    within(5, || {
        for _ in 0..1000 {
            let first = Bitfield::first_available(&wanted, &even, &odd, 0..u64::MAX);
            assert_eq!(first, Some((1 << 50) - 1));
        }
    });
}
