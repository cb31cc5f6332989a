//! The tree index against its slow twin.

use crate::index_model::IndexModel;
use crate::node_index;
use hyperfeed_bitfield::{Bitfield, Page};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Digest, TreeIndex};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Contiguous(u64),
    Insert(u64),
}

/// Nodes of a tree of 64 blocks, leaves and low ones more often; at times far out.
fn any_node() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..128, 2 => 0_u64..64, 4 => 0_u64..16, 1 => 0_u64..5000, 1 => 0_u64..NodeIndex::MAX.get()]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any_node().prop_map(Step::Insert),
        prop_oneof![0_u64..80, 0_u64..9].prop_map(Step::Contiguous),
    ]
}

fn grown(steps: &[Step]) -> (TreeIndex, IndexModel) {
    let (mut index, mut model) = (TreeIndex::new(), IndexModel::default());
    for step in steps {
        match step {
            Step::Insert(node) => {
                let node = node_index(*node);
                assert_eq!(index.insert(node), model.set(node), "{node}");
            }
            Step::Contiguous(blocks) => {
                index.set_contiguous(*blocks);
                for block in 0..*blocks {
                    model.set(BlockIndex::new(block).unwrap().into());
                }
            }
        }
    }
    (index, model)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn all_answers_equal_those_of_the_twin(
        steps in prop::collection::vec(any_step(), 0..40),
        digests in prop::collection::vec(prop_oneof![4 => 0_u64..256, 1 => any::<u64>()], 8),
    ) {
        let (index, model) = grown(&steps);
        prop_assert_eq!(index.allocated_bits(), model.bits());
        prop_assert!(index.roots().eq(model.roots()));
        for node in (0..160).map(node_index) {
            prop_assert_eq!(index.get(node), model.get(node), "{}", node);
            prop_assert_eq!(index.verified_by(node) * 2, model.verified_by(node), "{}", node);
            let digest = index.digest(node, index.allocated_bits());
            prop_assert_eq!(digest.get(), model.digest(node), "{}", node);
            for digest in digests.iter().copied().chain([0, 1]) {
                let ours = index.proof(node, Digest::new(digest)).map(|plan| (plan.nodes, plan.verified_by * 2));
                prop_assert_eq!(ours, model.proof(node, digest), "{} {}", node, digest);
            }
        }
    }

    #[test]
    fn what_is_forgotten_is_gone_and_nothing_else(
        steps in prop::collection::vec(any_step(), 0..20),
        removed in prop::collection::vec(any_node(), 1..10),
    ) {
        let (mut index, mut model) = grown(&steps);
        for node in removed.into_iter().map(node_index) {
            prop_assert_eq!(index.remove(node), model.set.remove(&node));
            let held: Vec<_> = (0..400).map(node_index).filter(|node| index.get(*node)).collect();
            let expected: Vec<_> = model.set.range(..node_index(400)).copied().collect();
            prop_assert_eq!(held, expected);
            for node in (0..100).map(node_index) {
                prop_assert_eq!(index.verified_by(node) * 2, model.verified_by(node), "{}", node);
            }
            assert_no_needless_bits(&index);
        }
    }

    #[test]
    fn stored_pages_and_the_contiguous_number_bring_it_back(steps in prop::collection::vec(any_step(), 0..40)) {
        let (index, _) = grown(&steps);
        let mut again = TreeIndex::new();
        again.set_contiguous(index.contiguous());
        for (page, content) in index.bits().pages() {
            again.set_page(page, content);
        }
        prop_assert_eq!(again, index);
    }

    #[test]
    fn the_contiguous_part_costs_no_bits(blocks in 1_u64..3000, sparse in prop::collection::vec(0_u64..6000, 0..50)) {
        let mut index = TreeIndex::new();
        for node in sparse {
            index.insert(node_index(node));
        }
        index.set_contiguous(blocks);
        assert_no_needless_bits(&index);
    }
}

fn assert_no_needless_bits(index: &TreeIndex) {
    for node in index.bits().runs(0..u64::MAX).flatten().map(node_index) {
        assert!(node.blocks().end > index.contiguous(), "{node}");
    }
}

#[test]
fn the_largest_feed_is_arithmetic() {
    let mut index = TreeIndex::new();
    index.set_contiguous(u64::MAX);
    assert_eq!(index.contiguous(), 1 << 52);
    assert_eq!(*index.bits(), Bitfield::new());
    let last = NodeIndex::leaf(BlockIndex::MAX);
    assert_eq!(index.verified_by(last), 1 << 52);
    assert_eq!(index.length(), 1 << 52);
    assert_eq!(index.digest(last, index.allocated_bits()), Digest::ALL);
    let plan = index.proof(last, Digest::NONE).unwrap();
    assert_eq!((plan.nodes.len(), plan.verified_by), (52, 1 << 52));
    assert!(index.remove(last));
    assert_eq!(index.contiguous(), (1 << 52) - 1);
    assert!(!index.get(last) && index.get(last.parent()) && index.get(last.sibling()));
}

#[test]
fn nodes_over_more_blocks_than_there_can_be_are_never_held() {
    let mut index = TreeIndex::new();
    for past in [NodeIndex::MAX, NodeIndex::MAX.parent(), NodeIndex::APEX] {
        assert!(!index.insert(past) && !index.get(past));
    }
    index.set_page(NodeIndex::MAX.get() / 4096 + 1, Page::Full);
    assert!(index.bits().is_empty());
    index.set_page(NodeIndex::MAX.get() / 4096, Page::Full);
    for node in [
        NodeIndex::MAX,
        node_index(NodeIndex::MAX.get() - 1),
        NodeIndex::APEX,
    ] {
        // None of these loops for ever or overflows.
        assert!(index.digest(node, u64::MAX).get() < 1 << 56);
        assert!(index.verified_by(node) <= 1 << 52);
        for bits in [u64::MAX, u64::MAX - 1] {
            let plan = index.proof(node, Digest::new(bits));
            assert!(plan.is_none_or(|plan| plan.nodes.len() < 110));
        }
    }
    assert!(index.insert(node_index(0)));
}

#[test]
fn siblings_that_are_not_usable_are_not_claimed() {
    let mut index = TreeIndex::new();
    for node in [2, 5, 11] {
        index.insert(node_index(node));
    }
    let leaf = node_index(0);
    assert_eq!(index.digest(leaf, 32).get(), 0b1110);
    assert_eq!(
        index.digest_where(leaf, 32, |node| node.get() != 5).get(),
        0b1010
    );
    index.insert(node_index(7));
    assert_eq!(index.digest(leaf, 32).get(), 1);
    assert_eq!(
        index.digest_where(leaf, 32, |node| node.get() != 5).get(),
        0b1_1011
    );
    // Those of the contiguous part were computed from data: nobody is asked.
    let mut index = TreeIndex::new();
    index.insert(node_index(7));
    index.set_contiguous(4);
    assert_eq!(
        index
            .digest_where(node_index(8), 32, |_| panic!("asked"))
            .get(),
        0b1_1001
    );
}
