//! Growing.

use crate::node_index;
use crate::recursive::{Tree, block_data};
use crate::sha256_tree::Sha256Tree;
use hyperfeed_flat_tree::full_roots;
use hyperfeed_merkle::{AppendError, Appender, MAX_SIZE, Node, TreeHash};
use hyperfeed_types::Hash;
use proptest::prelude::*;

fn push(appender: &mut Appender<Sha256Tree>, data: &[u8], nodes: &mut Vec<Node>) {
    appender
        .push(Sha256Tree::leaf(data), data.len() as u64, nodes)
        .unwrap();
}

#[test]
fn every_length_has_the_nodes_and_roots_of_its_definition() {
    let tree = Tree::of(130);
    let mut appender = Appender::<Sha256Tree>::new();
    let mut nodes = Vec::new();
    for length in 0..=130 {
        assert_eq!(appender.length(), length);
        assert_eq!(appender.roots(), tree.roots(length));
        assert_eq!(appender.roots_hash(), tree.roots_hash(length));
        let bytes: u64 = tree.roots(length).iter().map(|root| root.size).sum();
        assert_eq!(appender.byte_length(), bytes);
        if length < 130 {
            push(&mut appender, &block_data(length), &mut nodes);
        }
    }
    assert_eq!(nodes.len(), tree.nodes.len());
    for node in nodes {
        assert_eq!(tree.nodes[&node.index], node);
    }
}

#[test]
fn new_nodes_come_upwards_behind_what_is_there() {
    let mut appender = Appender::<Sha256Tree>::default();
    let mut nodes = Vec::new();
    for block in 0..4 {
        push(&mut appender, &block_data(block), &mut nodes);
    }
    assert!(
        nodes
            .iter()
            .map(|node| node.index.get())
            .eq([0, 2, 1, 4, 6, 5, 3])
    );
}

proptest! {
    #[test]
    fn one_that_was_taken_up_again_grows_as_if_it_never_stopped(before in 0_u64..100, after in 0_u64..40) {
        let tree = Tree::of(before + after);
        let mut appender = Appender::<Sha256Tree>::from_roots(before, tree.roots(before)).unwrap();
        let mut nodes = Vec::new();
        for block in before..before + after {
            push(&mut appender, &block_data(block), &mut nodes);
        }
        prop_assert_eq!(appender.roots(), tree.roots(before + after));
        let new = tree.nodes.keys().filter(|index| index.blocks().end > before).count();
        prop_assert_eq!(nodes.len(), new);
    }
}

fn root(index: u64, size: u64) -> Node {
    Node {
        index: node_index(index),
        size,
        hash: Hash::new([0; 32]),
    }
}

#[test]
fn roots_of_another_length_are_refused() {
    let from = |length, roots| Appender::<Sha256Tree>::from_roots(length, roots).map(|_| ());
    assert_eq!(from(3, vec![root(1, 0), root(4, 0)]), Ok(()));
    assert_eq!(
        from(3, vec![root(4, 0), root(1, 0)]),
        Err(AppendError::Roots { length: 3 })
    );
    assert_eq!(
        from(3, vec![root(1, 0)]),
        Err(AppendError::Roots { length: 3 })
    );
    assert_eq!(
        from(2, vec![root(1, 0), root(4, 0)]),
        Err(AppendError::Roots { length: 2 })
    );
    let largest = full_roots(u64::MAX)
        .map(|index| root(index.get(), 0))
        .collect();
    assert_eq!(
        from(u64::MAX, largest),
        Err(AppendError::Roots { length: u64::MAX })
    );
}

#[test]
fn sizes_and_lengths_end_where_doubles_do() {
    let roots = vec![root(1, MAX_SIZE - 1), root(4, 1)];
    let mut appender = Appender::<Sha256Tree>::from_roots(3, roots).unwrap();
    let error = AppendError::SizeOverflow {
        node: node_index(6),
    };
    let before = appender.clone();
    let mut nodes = Vec::new();
    assert_eq!(appender.push(Hash::new([1; 32]), 1, &mut nodes), Err(error));
    assert_eq!(
        (appender.roots(), appender.length(), nodes.len()),
        (before.roots(), 3, 0)
    );
    appender.push(Hash::new([1; 32]), 0, &mut nodes).unwrap();
    assert_eq!(appender.byte_length(), MAX_SIZE);

    let more = vec![root(1, MAX_SIZE), root(4, 1)];
    let error = AppendError::SizeOverflow {
        node: node_index(4),
    };
    assert_eq!(
        Appender::<Sha256Tree>::from_roots(3, more).map(|_| ()),
        Err(error)
    );

    let longest = full_roots(1 << 52)
        .map(|index| root(index.get(), 0))
        .collect();
    let mut longest = Appender::<Sha256Tree>::from_roots(1 << 52, longest).unwrap();
    assert_eq!(
        longest.push(Hash::new([1; 32]), 0, &mut nodes),
        Err(AppendError::TooLong)
    );
}
