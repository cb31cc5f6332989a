//! Arbitrary messages that own their bytes, and the borrowed form of each.

use hyperfeed_types::Hash;
use hyperfeed_v2_wire::{
    Cancel, Have, Message, NodeRecord, Nodes, Request, Response, Want, limits::MAX_NODES,
};
use proptest::{collection::vec, option, prelude::*};

#[derive(Debug, Clone)]
pub(crate) enum Owned {
    Have(u64, Option<u64>, Option<Vec<u8>>),
    Want(u64, Option<u64>),
    Request(u64, Option<u64>),
    Response(u64, Vec<u8>, Vec<NodeRecord>, Option<Vec<u8>>),
    Cancel(u64, Option<u64>),
    Pause,
    Resume,
    Extension(u8, Vec<u8>),
    Unknown(u8),
}

impl Owned {
    pub(crate) fn borrow(&self) -> Message<'_> {
        match self {
            Self::Have(start, end, bitfield) => Message::Have(Have {
                start: *start,
                end: *end,
                bitfield: bitfield.as_deref(),
            }),
            Self::Want(start, end) => Message::Want(Want {
                start: *start,
                end: *end,
            }),
            Self::Request(block, digest) => Message::Request(Request {
                block: *block,
                digest: *digest,
            }),
            Self::Response(block, data, nodes, signature) => Message::Response(Response {
                block: *block,
                data,
                nodes: Nodes::new(nodes),
                signature: signature.as_deref(),
            }),
            Self::Cancel(block, digest) => Message::Cancel(Cancel {
                block: *block,
                digest: *digest,
            }),
            Self::Pause => Message::Pause,
            Self::Resume => Message::Resume,
            Self::Extension(id, body) => Message::Extension { id: *id, body },
            Self::Unknown(kind) => Message::Unknown { kind: *kind },
        }
    }
}

pub(crate) fn message() -> impl Strategy<Value = Owned> {
    let numbers = || (number(), option::of(number()));
    prop_oneof![
        (number(), option::of(number()), option::of(bytes(200)))
            .prop_map(|(start, end, bitfield)| Owned::Have(start, end, bitfield)),
        numbers().prop_map(|(start, end)| Owned::Want(start, end)),
        numbers().prop_map(|(block, digest)| Owned::Request(block, digest)),
        (
            number(),
            bytes(400),
            vec(node(), 0..=20),
            option::of(bytes(70))
        )
            .prop_map(|(block, data, nodes, signature)| {
                assert!(nodes.len() <= MAX_NODES);
                Owned::Response(block, data, nodes, signature)
            }),
        numbers().prop_map(|(block, digest)| Owned::Cancel(block, digest)),
        Just(Owned::Pause),
        Just(Owned::Resume),
        (0_u8..64, bytes(100)).prop_map(|(id, body)| Owned::Extension(id, body)),
        prop_oneof![7_u8..64, 128_u8..=255].prop_map(Owned::Unknown),
    ]
}

/// Any `u64`, short encodings as often as long ones.
pub(crate) fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(number, shift)| number >> shift)
}

pub(crate) fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=max)
}

pub(crate) fn node() -> impl Strategy<Value = NodeRecord> {
    (number(), number(), any::<[u8; 32]>()).prop_map(|(index, size, hash)| NodeRecord {
        index,
        size,
        hash: Hash::new(hash),
    })
}
