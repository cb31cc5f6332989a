//! Whatever a peer sends: nothing but the writer's blocks is ever stored, and nothing it sends spoils what comes after.

use crate::place::{Place, Where, index, pair};
use bytes::Bytes;
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::{Node, VerifyError};
use hyperfeed_types::{Hash, Signature};
use hyperfeed_v2_feed::{Accepted, FeedError, Put};
use proptest::prelude::*;
use proptest::sample::Index;

fn blocks(count: u64) -> Vec<Vec<u8>> {
    (0..count)
        .map(|block| vec![block as u8; (block % 4) as usize])
        .collect()
}

/// One change to an honest put.
#[derive(Clone, Debug)]
enum Twist {
    Block(u64),
    Data(Vec<u8>),
    Drop(Index),
    Hash(Index),
    Insert(Index, u64, u64),
    Move(Index, u64),
    OldSignature(Index),
    Signature(Option<Vec<u8>>),
    Size(Index, u64),
    Swap(Index, Index),
    Twice(Index),
}

fn twist() -> impl Strategy<Value = Twist> {
    let index = any::<Index>;
    prop_oneof![
        (0..40u64).prop_map(Twist::Block),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Twist::Data),
        index().prop_map(Twist::Drop),
        index().prop_map(Twist::Hash),
        (index(), 0..80u64, any::<u64>())
            .prop_map(|(at, node, size)| Twist::Insert(at, node, size)),
        (index(), 0..80u64).prop_map(|(at, node)| Twist::Move(at, node)),
        index().prop_map(Twist::OldSignature),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..70)).prop_map(Twist::Signature),
        (index(), any::<u64>()).prop_map(|(at, size)| Twist::Size(at, size)),
        (index(), index()).prop_map(|(a, b)| Twist::Swap(a, b)),
        index().prop_map(Twist::Twice),
    ]
}

fn apply(put: Put, twist: &Twist, old: &[Signature]) -> Put {
    let Put {
        mut block,
        mut data,
        mut nodes,
        mut signature,
        ..
    } = put;
    let count = nodes.len();
    match twist {
        Twist::Block(number) => block = index(*number),
        Twist::Data(bytes) => data = Bytes::from(bytes.clone()),
        Twist::OldSignature(pick) => signature = Some(pick.get(old).clone()),
        Twist::Signature(bytes) => signature = bytes.clone().map(Signature::new),
        Twist::Insert(at, node, size) => {
            let node = Node {
                index: NodeIndex::new(*node).unwrap(),
                size: *size,
                hash: Hash::new([7; 32]),
            };
            nodes.insert(at.index(count + 1), node);
        }
        _ if count == 0 => {}
        Twist::Drop(at) => {
            nodes.remove(at.index(count));
        }
        Twist::Hash(at) => nodes[at.index(count)].hash = Hash::new([9; 32]),
        Twist::Move(at, node) => nodes[at.index(count)].index = NodeIndex::new(*node).unwrap(),
        Twist::Size(at, size) => nodes[at.index(count)].size = *size,
        Twist::Swap(a, b) => nodes.swap(a.index(count), b.index(count)),
        Twist::Twice(at) => {
            let node = nodes[at.index(count)];
            nodes.insert(at.index(count), node);
        }
    }
    Put::new(block, data, nodes, signature)
}

/// Upstream takes any bytes for a block if only the proof has all the roots of a signed length.
#[test]
fn a_block_that_no_root_is_made_of_is_refused() {
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks(5));
    let mut copy = Place::copy(pair().key(), Where::InStore);
    let roots = writer.feed.roots().to_vec();
    for block in 0..5 {
        let signature = writer.feed.signature().cloned();
        let put = Put::new(
            index(block),
            Bytes::from_static(b"anything"),
            roots.clone(),
            signature,
        );
        let refused = copy.put(put);
        assert!(
            matches!(
                refused,
                Err(FeedError::Verify(VerifyError::Unbound { .. }) | FeedError::Signature(_))
            ),
            "{refused:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn only_the_blocks_of_the_writer_are_stored(
        lengths in prop::collection::vec(1..9u64, 1..4),
        puts in prop::collection::vec(
            (any::<Index>(), prop::collection::vec(twist(), 0..3)), 1..24),
    ) {
        let mut writer = Place::live(Where::Attached);
        let mut copy = Place::copy(pair().key(), Where::Attached);
        let mut signatures = Vec::new();
        let mut puts = puts.into_iter();
        for length in lengths {
            writer.append(&blocks(length));
            signatures.extend(writer.feed.signature().cloned());
            for (pick, twists) in puts.by_ref().take(8) {
                let block = pick.index(writer.feed.length() as usize) as u64;
                let honest = writer.answer(&copy.feed, block);
                let is_honest = twists.is_empty();
                let put = twists.iter().fold(honest, |put, twist| apply(put, twist, &signatures));
                let block = put.block.get();
                let before = (copy.feed.held().clone(), copy.feed.length(), copy.feed.staged());
                match copy.put(put) {
                    Ok(Accepted::New | Accepted::Known) => {
                        prop_assert_eq!(copy.read(block), writer.read(block));
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(FeedError::Unproven) => {}
                    Err(error) => {
                        prop_assert!(!is_honest, "{:?}", error);
                        let after = (copy.feed.held().clone(), copy.feed.length(), copy.feed.staged());
                        prop_assert_eq!(before, after);
                    }
                }
            }
        }
        copy.reopen();
        for block in (0..writer.feed.length()).rev() {
            for _ in 0..8 {
                if !copy.feed.has(index(block)) {
                    let put = writer.answer(&copy.feed, block);
                    copy.put(put).ok();
                }
            }
            prop_assert_eq!(copy.read(block), writer.read(block));
        }
        prop_assert_eq!(copy.bytes(), writer.bytes());
    }
}
