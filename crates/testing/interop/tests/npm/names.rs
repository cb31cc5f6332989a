//! Keys, ids, hashes, digests, proofs: what both sides must compute alike.

use hyperfeed::{Core, Digest, Feed, KeyPair};
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_testing_interop::{FeedOptions, NpmPeer, NpmProof, Pattern};
use hyperfeed_types::hex;

use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(14, 300);

#[test]
fn a_key_pair_of_one_seed_has_one_key_and_one_public_id() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        for number in 0..4 {
            let seed = [number; 32];
            let theirs = npm
                .create_live_from(&format!("log {number}"), &seed)
                .unwrap();
            let feed = feed_from(&Core::memory().unwrap(), &seed).await;
            assert_eq!(theirs.key, feed.key().unwrap().to_string());
            assert_eq!(theirs.public_id, feed.public_id().to_string());
        }
    });
}

#[test]
fn proofs_and_signatures_of_equal_feeds_are_equal() {
    within(async {
        let seed = [5; 32];
        let mut npm = NpmPeer::spawn().unwrap();
        npm.create_live_from("log", &seed).unwrap();
        let feed = feed_from(&Core::memory().unwrap(), &seed).await;
        for length in [1_u32, 2, 3, 7, 8, 20, 33] {
            let from = u32::try_from(feed.length()).unwrap();
            npm.append("log", SIZES.blocks(from..length)).unwrap();
            feed.append_batch(SIZES.blocks(from..length)).await.unwrap();
            for block in 0..u64::from(length) {
                assert_eq!(
                    npm.digest("log", block).unwrap(),
                    feed.digest(block).await.unwrap().get()
                );
                for digest in [0, 1, 2, 3, 5, 8, 21] {
                    let theirs = npm.proof("log", block, digest).unwrap();
                    let proof = ours_proof(&feed, block, digest).await;
                    assert_eq!(
                        theirs, proof,
                        "block {block} of {length} for digest {digest}"
                    );
                }
            }
        }
    });
}

#[test]
fn a_static_feed_of_equal_blocks_has_one_key_at_every_length() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        for length in 1..=18_u32 {
            let name = format!("file of {length}");
            npm.create_static(&name).unwrap();
            npm.append(&name, SIZES.blocks(0..length)).unwrap();
            let theirs = npm.finalize(&name).unwrap();
            let feed = Core::memory().unwrap().create_static_feed().await.unwrap();
            ours::append_pattern(&feed, SIZES, 0..length, 5).await;
            assert_eq!(theirs.key, feed.finalize().await.unwrap().to_string());
            assert_eq!(theirs.public_id, feed.public_id().to_string());
        }
    });
}

#[test]
fn sparse_copies_fed_alike_have_equal_digests_and_give_equal_proofs() {
    within(async {
        let seed = [6; 32];
        let writing = Core::memory().unwrap();
        let writer = feed_from(&writing, &seed).await;
        ours::append_pattern(&writer, SIZES, 0..27, 1).await;
        let key = writer.key().unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        npm.open("copy", &key.to_string(), FeedOptions::default())
            .unwrap();
        let reading = Core::memory().unwrap();
        let copy = reading.open_feed(&key).await.unwrap();
        for block in [26, 3, 4, 17, 0, 1, 11, 8, 25, 16, 5] {
            let digest = copy.digest(block).await.unwrap();
            assert_eq!(
                npm.digest("copy", block).unwrap(),
                digest.get(),
                "digest of block {block}"
            );
            let data = writer.get(block).await.unwrap();
            let proof = writer.proof(block, digest).await.unwrap().unwrap();
            npm.put("copy", block, &data, &npm_proof(&proof)).unwrap();
            assert!(copy.put(block, data, proof).await.unwrap());
        }
        for block in 0..27 {
            let digest = copy.digest(block).await.unwrap();
            assert_eq!(
                npm.digest("copy", block).unwrap(),
                digest.get(),
                "digest of block {block}"
            );
            for digest in [0, 1, 2, 3, 4, 6, 9, 17] {
                let theirs = npm.proof("copy", block, digest).ok();
                let ours = copy
                    .proof(block, Digest::new(digest))
                    .await
                    .unwrap()
                    .as_ref()
                    .map(npm_proof);
                if copy.has(block).await.unwrap() {
                    assert_eq!(theirs, ours, "block {block} for digest {digest}");
                }
            }
        }
    });
}

async fn feed_from(core: &Core, seed: &[u8; 32]) -> Feed {
    let pair = KeyPair::from_seed(seed);
    let options = hyperfeed::FeedOptions::new().secret(pair.secret().clone());
    core.create_feed_with(options).await.unwrap()
}

async fn ours_proof(feed: &Feed, block: u64, digest: u64) -> NpmProof {
    npm_proof(
        &feed
            .proof(block, Digest::new(digest))
            .await
            .unwrap()
            .unwrap(),
    )
}

/// A proof of ours in the words of the driver.
pub(crate) fn npm_proof(proof: &hyperfeed::Proof) -> NpmProof {
    let node = |node: &hyperfeed::Node| (node.index.get(), node.size, node.hash.to_string());
    NpmProof {
        nodes: proof.nodes.iter().map(node).collect(),
        signature: proof
            .signature
            .as_ref()
            .map(|signature| hex::encode(signature.as_bytes())),
    }
}

/// A proof of npm in our words.
pub(crate) fn our_proof(proof: &NpmProof) -> hyperfeed::Proof {
    let node = |(index, size, hash): &(u64, u64, String)| hyperfeed::Node {
        index: NodeIndex::new(*index).unwrap(),
        size: *size,
        hash: hash.parse().unwrap(),
    };
    hyperfeed::Proof {
        nodes: proof.nodes.iter().map(node).collect(),
        signature: proof
            .signature
            .as_deref()
            .map(|text| hyperfeed::Signature::new(hex::decode(text).unwrap())),
    }
}
