//! The same messages by prost, an independent protobuf implementation.
//!
//! Where we are stricter by design: prost takes a missing required field for its default, and skips groups.

use hyperfeed_types::{Hash, PublicId};
use hyperfeed_v2_wire::{FeedRecord, Have, NodeRecord, Request, Response};
use proptest::{collection::vec, prelude::*};
use prost::Message;

use crate::strategy::{self, Owned};

#[derive(Clone, PartialEq, Message)]
struct ProstNode {
    #[prost(uint64, optional, tag = "1")]
    index: Option<u64>,
    #[prost(uint64, optional, tag = "2")]
    size: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "3")]
    hash: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct ProstFeed {
    #[prost(bytes = "vec", optional, tag = "1")]
    prefix: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    public_id: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    secret_key: Option<Vec<u8>>,
    #[prost(bool, optional, tag = "5")]
    live: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
struct ProstHave {
    #[prost(uint64, optional, tag = "1")]
    start: Option<u64>,
    #[prost(uint64, optional, tag = "2")]
    end: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "3")]
    bitfield: Option<Vec<u8>>,
}

/// Want, Request and Cancel look alike.
#[derive(Clone, PartialEq, Message)]
struct ProstTwo {
    #[prost(uint64, optional, tag = "1")]
    first: Option<u64>,
    #[prost(uint64, optional, tag = "2")]
    second: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct ProstResponse {
    #[prost(uint64, optional, tag = "1")]
    block: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    data: Option<Vec<u8>>,
    #[prost(message, repeated, tag = "3")]
    nodes: Vec<ProstNode>,
    #[prost(bytes = "vec", optional, tag = "4")]
    signature: Option<Vec<u8>>,
}

impl From<NodeRecord> for ProstNode {
    fn from(node: NodeRecord) -> Self {
        Self {
            index: Some(node.index),
            size: Some(node.size),
            hash: Some(node.hash.as_bytes().to_vec()),
        }
    }
}

fn by_prost(message: &Owned) -> Option<Vec<u8>> {
    Some(match message.clone() {
        Owned::Have(start, end, bitfield) => {
            let start = Some(start);
            let have = ProstHave {
                start,
                end,
                bitfield,
            };
            have.encode_to_vec()
        }
        Owned::Want(first, second)
        | Owned::Request(first, second)
        | Owned::Cancel(first, second) => {
            let first = Some(first);
            ProstTwo { first, second }.encode_to_vec()
        }
        Owned::Response(block, data, nodes, signature) => ProstResponse {
            block: Some(block),
            data: Some(data),
            nodes: nodes.into_iter().map(ProstNode::from).collect(),
            signature,
        }
        .encode_to_vec(),
        _ => return None,
    })
}

/// A message as a list of fields that are well formed, in any order, known or not, of the right wire type
/// or not, with repetitions: what a random byte string almost never is.
fn fields() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        4 => strategy::number().prop_map(|number| {
            let mut out = Vec::new();
            hyperfeed_v2_wire::varint::encode(number, &mut out);
            (0_u64, out)
        }),
        4 => prop_oneof![
            strategy::bytes(6),
            vec(any::<u8>(), 32),
            strategy::node().prop_map(|node| {
                let mut out = Vec::new();
                node.encode(&mut out);
                out
            }),
        ].prop_map(|bytes| {
            let mut out = Vec::new();
            hyperfeed_v2_wire::varint::encode(bytes.len() as u64, &mut out);
            out.extend(bytes);
            (2, out)
        }),
        1 => any::<[u8; 8]>().prop_map(|bytes| (1, bytes.to_vec())),
        1 => any::<[u8; 4]>().prop_map(|bytes| (5, bytes.to_vec())),
    ];
    // Mostly in the types of a response, so that many are accepted.
    let number = prop_oneof![8 => Just(0_u64), 1 => 1_u64..40];
    vec((number, 1_u64..5, value), 0..8).prop_map(|fields| {
        let mut out = Vec::new();
        for (number, usual, (wire_type, value)) in fields {
            let usual = match wire_type {
                0 => 1 + usual % 2,
                2 => 2 + usual % 3,
                _ => 17,
            };
            let number = if number == 0 { usual } else { number };
            hyperfeed_v2_wire::varint::encode(number << 3 | wire_type, &mut out);
            out.extend(value);
        }
        out
    })
}

fn whole(node: &ProstNode) -> Option<NodeRecord> {
    let hash: [u8; 32] = node.hash.as_deref()?.try_into().ok()?;
    Some(NodeRecord {
        index: node.index?,
        size: node.size?,
        hash: Hash::new(hash),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn messages_have_the_bytes_prost_gives_them(owned in strategy::message()) {
        if let Some(expected) = by_prost(&owned) {
            let mut out = Vec::new();
            owned.borrow().encode(&mut out);
            prop_assert_eq!(&out[1..], expected);
        }
    }

    #[test]
    fn feed_records_have_the_bytes_prost_gives_them(
        prefix: Option<[u8; 32]>, id: [u8; 32], key: [u8; 32], secret: Option<[u8; 32]>, live: Option<bool>,
    ) {
        let record = FeedRecord {
            prefix: prefix.as_ref().map(|bytes| &bytes[..]),
            public_id: PublicId::new(id),
            key: hyperfeed_types::FeedKey::new(key),
            secret_key: secret.as_ref().map(|bytes| &bytes[..]),
            live,
        };
        let expected = ProstFeed {
            prefix: prefix.map(|bytes| bytes.to_vec()),
            public_id: Some(id.to_vec()),
            key: Some(key.to_vec()),
            secret_key: secret.map(|bytes| bytes.to_vec()),
            live,
        };
        let mut out = Vec::new();
        record.encode(&mut out);
        prop_assert_eq!(out, expected.encode_to_vec());
    }

    #[test]
    fn responses_are_accepted_exactly_when_prost_finds_all_that_is_required(bytes in fields()) {
        let oracle = ProstResponse::decode(&bytes[..]).ok().and_then(|response| {
            let nodes = response.nodes.iter().map(whole).collect::<Option<Vec<_>>>()?;
            Some((response.block?, response.data?, nodes, response.signature))
        });
        let ours = Response::decode(&bytes).ok().map(|response| {
            let signature = response.signature.map(<[u8]>::to_vec);
            (response.block, response.data.to_vec(), response.nodes.iter().collect(), signature)
        });
        prop_assert_eq!(ours, oracle);
    }

    #[test]
    fn haves_and_requests_are_accepted_exactly_when_prost_finds_all_that_is_required(bytes in fields()) {
        let oracle = ProstHave::decode(&bytes[..]).ok().and_then(|have| {
            Some((have.start?, have.end, have.bitfield))
        });
        let ours = Have::decode(&bytes).ok().map(|have| {
            (have.start, have.end, have.bitfield.map(<[u8]>::to_vec))
        });
        prop_assert_eq!(ours, oracle);
        let oracle = ProstTwo::decode(&bytes[..]).ok();
        let oracle = oracle.and_then(|two| Some((two.first?, two.second)));
        let ours = Request::decode(&bytes).ok();
        prop_assert_eq!(ours.map(|request| (request.block, request.digest)), oracle);
    }
}
