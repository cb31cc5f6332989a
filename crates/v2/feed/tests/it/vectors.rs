//! What npm hypercore 2.3.0 does: `proofs.json` and `feeds.json`.

use crate::place::{Place, Where, index, pair};
use bytes::Bytes;
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::{Node, VerifyError};
use hyperfeed_testing_vectors::{hex, json, pattern};
use hyperfeed_types::{FeedKey, Hash, Signature};
use hyperfeed_v2_feed::{Accepted, FeedError, Kind, Put, leaf_hash};
use serde_json::Value;

/// The rows in which something is refused that upstream takes, each for a reason.
const STRICTER: [&str; 0] = [];

#[test]
fn puts_end_as_upstream_ends_them() {
    let vectors = json("proofs");
    let mut stricter = Vec::new();
    for case in vectors["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        for place in [Where::InStore, Where::Attached] {
            if !replay(case, place) && place == Where::InStore {
                stricter.push(name);
            }
        }
    }
    assert_eq!(stricter, STRICTER);
}

/// Replays a case; tells whether the put under test was taken and refused as it was upstream.
fn replay(case: &Value, place: Where) -> bool {
    let name = case["name"].as_str().unwrap();
    let mut copy = Place::copy(key(&case["key"]), place);
    for prior in case["prior"].as_array().unwrap() {
        copy.put(put(prior).expect("readable"))
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    let before = (
        copy.feed.length(),
        copy.feed.held().clone(),
        stored(&mut copy),
    );
    let after = &case["after"];
    // A hash of 31 bytes is refused before there is a put.
    let outcome = put(&case["put"]).map(|put| copy.put(put));
    if case["expect"]["ok"] == true {
        let Some(Ok(accepted)) = outcome else {
            return false;
        };
        let news = after["have"].as_array().unwrap();
        assert_eq!(accepted == Accepted::New, !news.is_empty(), "{name}");
        for _ in 0..2 {
            assert_eq!(
                copy.feed.length(),
                after["blocks"].as_u64().unwrap(),
                "{name}"
            );
            assert_eq!(
                copy.feed.kind() == Kind::Live,
                after["live"] == true,
                "{name}"
            );
            let bits = hex(after["blocksBitfield"].as_str().unwrap());
            for block in 0..bits.len() as u64 * 8 {
                let bit = bits[block as usize / 8] & (128 >> (block % 8)) != 0;
                assert_eq!(copy.feed.has(index(block)), bit, "{name}: block {block}");
            }
            let nodes: Vec<u64> = numbers(&after["nodesStored"]);
            assert_eq!(stored(&mut copy), nodes, "{name}");
            copy.reopen();
        }
    } else {
        let Some(refused) = outcome else { return true };
        let refused = refused.expect_err(name);
        assert!(fits(&refused, &case["expect"]), "{name}: {refused:?}");
        let left = (
            copy.feed.length(),
            copy.feed.held().clone(),
            stored(&mut copy),
        );
        assert_eq!(left, before, "{name}");
        // The next honest put is not spoilt by it.
        assert!(copy.feed.staged().blocks == 0, "{name}");
    }
    true
}

/// Whether our error is of the kind that upstream's text speaks of.
fn fits(error: &FeedError, expected: &Value) -> bool {
    let text = expected["error"]
        .as_str()
        .or_else(|| expected["throws"].as_str())
        .unwrap();
    match text {
        "Signature does not verify" | "bad signature size" => matches!(
            error,
            // A root that is missing or not made of the block is noticed before the signature.
            FeedError::Signature(_) | FeedError::Verify(VerifyError::Unbound { .. })
        ),
        "Checksum does not match key" => {
            matches!(
                error,
                FeedError::KeyMismatch | FeedError::Verify(VerifyError::Unbound { .. })
            )
        }
        "Checksum mismatch" => {
            matches!(
                error,
                FeedError::Verify(VerifyError::ChecksumMismatch { .. })
            )
        }
        "Cannot verify all nodes" => matches!(error, FeedError::UnusedNodes { .. }),
        _ => matches!(
            error,
            FeedError::Verify(VerifyError::MissingNode { .. } | VerifyError::Unbound { .. })
        ),
    }
}

#[test]
fn feeds_have_the_nodes_roots_and_keys_of_upstream() {
    let vectors = json("feeds");
    for feed in vectors["feeds"].as_array().unwrap() {
        let name = feed["name"].as_str().unwrap();
        let blocks = blocks(feed);
        let mut writer = Place::live(Where::InStore);
        let mut number = 0;
        for (length, block) in feed["lengths"].as_array().unwrap().iter().zip(&blocks) {
            writer.append(core::slice::from_ref(block));
            number += 1;
            assert_eq!(length["blocks"].as_u64(), Some(number));
            let roots: Vec<u64> = writer
                .feed
                .roots()
                .iter()
                .map(|root| root.index.get())
                .collect();
            assert_eq!(roots, numbers(&length["roots"]), "{name}");
            let signature = writer.feed.signature().unwrap().as_bytes();
            assert_eq!(
                signature,
                hex(length["signature"].as_str().unwrap()),
                "{name}, {number}"
            );
        }
        check_nodes(&mut writer, feed);
        let state = &feed["finalState"];
        assert_eq!(state["blocks"].as_u64(), Some(number));

        // The same as a static feed, of all lengths there are.
        for (length, last) in feed["lengths"].as_array().unwrap().iter().zip(1..) {
            let mut writer = Place::unfinished(Where::InStore);
            writer.append(&blocks[..last]);
            let key = writer.feed.stage_finalize(&mut writer.store).unwrap();
            writer.commit();
            assert_eq!(
                key.as_bytes()[..],
                hex(length["treeHash"].as_str().unwrap())
            );
            let id = writer.feed.id();
            // Only some lengths of the longer feeds were finalized.
            if let Some(expected) = length["staticPublicId"].as_str() {
                assert_eq!(length["staticKey"], length["treeHash"]);
                assert_eq!(id.as_bytes()[..], hex(expected));
            }
            assert_eq!(writer.store.find(id).unwrap(), Some(writer.feed.slot()));
        }
    }
}

#[test]
fn one_signature_serves_a_whole_batch() {
    let vectors = json("feeds");
    let forty = vectors["feeds"]
        .as_array()
        .unwrap()
        .iter()
        .find(|feed| feed["name"] == "forty blocks");
    let blocks = blocks(forty.unwrap());
    let mut writer = Place::live(Where::InStore);
    writer.append(&blocks);
    let signature = writer.feed.signature().unwrap().as_bytes();
    assert_eq!(
        signature,
        hex(vectors["batchedSignatureOfForty"].as_str().unwrap())
    );
}

#[test]
fn a_static_feed_without_blocks_is_not_finalized() {
    let mut writer = Place::unfinished(Where::InStore);
    assert!(json("feeds")["emptyStatic"]["key"].is_null());
    let refused = writer.feed.stage_finalize(&mut writer.store);
    assert!(matches!(refused, Err(FeedError::EmptyStatic)));
    assert_eq!(writer.feed.key(), None);
}

/// Upstream takes more blocks after the end and gives the feed a second key: better is to refuse.
#[test]
fn a_static_feed_ends_once() {
    let mut writer = Place::unfinished(Where::InStore);
    writer.append(&[b"a".to_vec()]);
    let data = Bytes::from_static(b"b");
    for committed in [false, true] {
        if !committed {
            writer.feed.stage_finalize(&mut writer.store).unwrap();
        } else {
            writer.commit();
        }
        let again = writer.feed.stage_finalize(&mut writer.store);
        assert!(matches!(again, Err(FeedError::Finalized)));
        let more = writer
            .feed
            .stage_append(&mut writer.store, data.clone(), leaf_hash(&data));
        assert!(matches!(more, Err(FeedError::Finalized)));
    }
}

fn check_nodes(writer: &mut Place, feed: &Value) {
    let mut expected: Vec<Node> = feed["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(object)
        .collect();
    expected.sort_by_key(|node| node.index);
    let stored: Vec<Node> = (0..2 * writer.feed.length())
        .filter_map(NodeIndex::new)
        .filter_map(|index| writer.feed.node(&mut writer.store, index).unwrap())
        .collect();
    assert_eq!(stored, expected);
}

fn stored(copy: &mut Place) -> Vec<u64> {
    let there = |index: &u64| {
        let index = NodeIndex::new(*index).unwrap();
        copy.feed.node(&mut copy.store, index).unwrap().is_some()
    };
    (0..128).filter(there).collect()
}

fn put(put: &Value) -> Option<Put> {
    let nodes = put["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(triple)
        .collect::<Option<Vec<Node>>>()?;
    let signature = put["signature"]
        .as_str()
        .map(|digits| Signature::new(hex(digits)));
    let data = Bytes::from(hex(put["data"].as_str().unwrap()));
    Some(Put::new(
        index(put["block"].as_u64().unwrap()),
        data,
        nodes,
        signature,
    ))
}

fn triple(node: &Value) -> Option<Node> {
    Some(Node {
        index: NodeIndex::new(node[0].as_u64()?)?,
        size: node[1].as_u64()?,
        hash: Hash::from_slice(&hex(node[2].as_str()?))?,
    })
}

fn object(node: &Value) -> Node {
    Node {
        index: NodeIndex::new(node["index"].as_u64().unwrap()).unwrap(),
        size: node["size"].as_u64().unwrap(),
        hash: node["hash"].as_str().unwrap().parse().unwrap(),
    }
}

fn blocks(feed: &Value) -> Vec<Vec<u8>> {
    match &feed["data"] {
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| hex(block.as_str().unwrap()))
            .collect(),
        // Told in words: pattern data of these sizes.
        _ => [65_536, 1_048_576, 10].map(pattern).to_vec(),
    }
}

fn key(digits: &Value) -> FeedKey {
    digits.as_str().unwrap().parse().unwrap()
}

fn numbers(list: &Value) -> Vec<u64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_u64().unwrap())
        .collect()
}

#[test]
fn the_vectors_are_signed_by_the_pair_of_these_tests() {
    assert_eq!(json("feeds")["publicKey"], pair().key().to_string());
}
