//! What the documentation says of memory, and that searches do not walk.

use hyperfeed_bitfield::{Bitfield, PAGE_BITS};

#[test]
fn a_contiguous_feed_costs_one_run_and_one_page() {
    let mut held = Bitfield::new();
    for block in 0..100_000 {
        assert!(held.insert(block));
    }
    assert_eq!((held.full_runs(), held.mixed_pages()), (1, 1));
    assert!(held.memory() < 1024);
    held.insert_range(100_000..10_000_000_000);
    assert_eq!((held.full_runs(), held.mixed_pages()), (1, 1));
    assert_eq!(held.count(), 10_000_000_000);
}

#[test]
fn a_scattered_field_costs_its_pages() {
    let mut held = Bitfield::new();
    for block in (0..10_000_000).step_by(2) {
        held.insert(block);
    }
    assert_eq!(
        held.mixed_pages() as u64,
        10_000_000_u64.div_ceil(PAGE_BITS)
    );
    assert_eq!(held.memory(), held.mixed_pages() * 560);
}

#[test]
fn picking_leaps_over_what_is_whole() {
    let (mut wanted, mut held, mut requested) = (Bitfield::new(), Bitfield::new(), Bitfield::new());
    wanted.insert_range(0..1 << 50);
    held.insert_range(0..(1 << 50) - 3);
    requested.insert((1 << 50) - 3);
    // Were it to walk page by page, this would take minutes.
    for _ in 0..10_000 {
        assert_eq!(
            Bitfield::first_available(&wanted, &held, &requested, 0..u64::MAX),
            Some((1 << 50) - 2)
        );
    }
}
