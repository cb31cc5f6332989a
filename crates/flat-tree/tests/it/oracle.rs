//! The crate `flat-tree` within the range it is safe in.

use hyperfeed_flat_tree::{NodeIndex, full_roots};
use proptest::prelude::*;

proptest! {
    #[test]
    fn relations_equal_the_crate_flat_tree(index in 0_u64..=NodeIndex::MAX.get()) {
        let node = NodeIndex::new(index).unwrap();
        prop_assert_eq!(u64::from(node.depth()), flat_tree::depth(index));
        prop_assert_eq!(node.offset(), flat_tree::offset(index));
        prop_assert_eq!(node.parent().get(), flat_tree::parent(index));
        prop_assert_eq!(node.sibling().get(), flat_tree::sibling(index));
        prop_assert_eq!(node.left_span().get(), flat_tree::left_span(index));
        prop_assert_eq!(node.right_span().get(), flat_tree::right_span(index));
        prop_assert_eq!(node.count(), flat_tree::count(index));
        prop_assert_eq!(node.left_child().map(NodeIndex::get), flat_tree::left_child(index));
        prop_assert_eq!(node.right_child().map(NodeIndex::get), flat_tree::right_child(index));
        prop_assert_eq!(NodeIndex::at(node.depth(), node.offset()), Some(node));
    }

    #[test]
    fn full_roots_equal_the_crate_flat_tree(length in 0_u64..1 << 51) {
        let mut roots = Vec::new();
        flat_tree::full_roots(length * 2, &mut roots);
        prop_assert!(full_roots(length).map(NodeIndex::get).eq(roots));
    }

    #[test]
    fn full_roots_cover_the_length_without_a_gap(length in 0_u64..1 << 52) {
        let mut covered = 0;
        for root in full_roots(length) {
            prop_assert_eq!(root.blocks().start, covered);
            covered = root.blocks().end;
        }
        prop_assert_eq!(covered, length);
    }
}
