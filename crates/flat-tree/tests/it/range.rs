//! The ends of the number line.

use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};

#[test]
fn indices_past_the_largest_are_refused() {
    assert!(NodeIndex::new(NodeIndex::MAX.get()).is_some());
    assert_eq!(NodeIndex::new(NodeIndex::MAX.get() + 1), None);
    assert_eq!(NodeIndex::new(u64::MAX), None);
    assert_eq!(BlockIndex::new(BlockIndex::MAX.get() + 1), None);
    assert_eq!(
        NodeIndex::leaf(BlockIndex::MAX).get(),
        NodeIndex::MAX.get() - 1
    );
    assert_eq!(NodeIndex::at(53, 1), None);
    assert_eq!(NodeIndex::at(64, 0), None);
    assert_eq!(NodeIndex::at(0, u64::MAX), None);
}

#[test]
fn climbing_from_anywhere_ends_at_the_apex_and_never_overflows() {
    for start in [
        0,
        2,
        5,
        (1 << 53) - 2,
        (1 << 53) - 1,
        1 << 52,
        (1 << 52) - 1,
        0x1234_5678_9abc,
    ] {
        let mut node = NodeIndex::new(start).unwrap();
        for _ in 0..100 {
            let parent = node.parent();
            assert!(
                parent == NodeIndex::APEX || parent.depth() == node.depth() + 1,
                "{node} {parent}"
            );
            assert!(parent.contains(node));
            for derived in [node.sibling(), node.left_span(), node.right_span()] {
                assert!(
                    parent.contains(derived) || parent == NodeIndex::APEX,
                    "{node} {derived}"
                );
            }
            assert!(node.count() > 0 && node.blocks().end > node.blocks().start);
            node = parent;
        }
        assert_eq!(node, NodeIndex::APEX);
        assert_eq!(node.sibling(), NodeIndex::APEX);
    }
}

#[test]
fn lengths_no_feed_has_are_cut() {
    assert!(full_roots(u64::MAX).eq(full_roots(1 << 52)));
    assert_eq!(full_roots(0).count(), 0);
}

#[test]
fn parents_contain_their_children_and_nobody_elses() {
    let parent = NodeIndex::new(11).unwrap();
    let inside: Vec<u64> = (0..32)
        .filter(|at| parent.contains(NodeIndex::new(*at).unwrap()))
        .collect();
    assert_eq!(inside, (8..=14).collect::<Vec<_>>());
    assert_eq!(parent.block(), None);
    assert_eq!(NodeIndex::new(8).unwrap().block(), BlockIndex::new(4));
}
