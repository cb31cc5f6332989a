//! Every case of `proofs.json`, as far as the tree goes.
//!
//! There is no cryptography here but the hashes: a signature is good for the hash it came with in a put that upstream
//! accepted, under the same key.

use crate::sha256_tree::Sha256Tree;
use crate::{bits, bytes, list, node, number, numbers};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Anchor, Node, TreeHash, TreeIndex, VerifyError, VerifyPlan};
use hyperfeed_testing_vectors::json;
use hyperfeed_types::Hash;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a signature signs under a key.
type Signed = BTreeMap<(String, String), Hash>;

/// A copy of a feed, as far as its tree goes.
#[derive(Debug, Default)]
struct Copy {
    key: String,
    index: TreeIndex,
    nodes: BTreeMap<NodeIndex, Node>,
    /// Twice the lengths whose signature was good.
    signatures: BTreeSet<u64>,
    /// The largest length that was vouched for.
    blocks: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    HashSize,
    Key,
    Signature,
    Unread,
    Verify(VerifyError),
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}

impl Copy {
    fn of(case: &Value) -> Self {
        Self {
            key: case["key"].as_str().unwrap().to_owned(),
            ..Self::default()
        }
    }

    fn put(
        &mut self,
        put: &Value,
        is_signed: &mut dyn FnMut((String, String), Hash) -> bool,
    ) -> Result<(), Refusal> {
        let nodes: Option<Vec<Node>> = list(&put["nodes"]).iter().map(node).collect();
        let nodes = nodes.ok_or(Refusal::HashSize)?;
        let indices: Vec<NodeIndex> = nodes.iter().map(|node| node.index).collect();
        let data = bytes(&put["data"]);
        let block = BlockIndex::new(number(&put["block"])).unwrap();
        let leaf = Node {
            index: block.into(),
            size: data.len() as u64,
            hash: Sha256Tree::leaf(&data),
        };

        let plan = VerifyPlan::new(|node| self.index.get(node), block, &indices)?;
        let stored: Vec<Node> = plan.reads().iter().map(|index| self.nodes[index]).collect();
        let verified = plan.run::<Sha256Tree>(leaf, &nodes, &stored)?;
        if let Anchor::Roots {
            length,
            hash,
            unread,
            ..
        } = verified.anchor
        {
            match put["signature"].as_str() {
                Some(signature) if !is_signed((self.key.clone(), signature.to_owned()), hash) => {
                    return Err(Refusal::Signature);
                }
                None if hash.to_string() != self.key => return Err(Refusal::Key),
                _ if unread > 0 => return Err(Refusal::Unread),
                Some(_) => drop(self.signatures.insert(length * 2)),
                None => {}
            }
            self.blocks = self.blocks.max(length);
        }
        for node in verified.nodes {
            self.nodes.insert(node.index, node);
            self.index.insert(node.index);
        }
        Ok(())
    }

    fn assert_state(&self, after: &Value, name: &str) {
        assert_eq!(self.blocks, number(&after["blocks"]), "{name}");
        let held: Vec<u64> = self.index.bits().runs(0..u64::MAX).flatten().collect();
        assert_eq!(held, bits(&after["treeBitfield"]), "{name}");
        let stored: Vec<u64> = self.nodes.keys().map(|index| index.get()).collect();
        assert_eq!(stored, held, "{name}");
        if after["nodesStored"].is_array() {
            assert_eq!(stored, numbers(&after["nodesStored"]), "{name}");
            assert!(
                self.signatures
                    .iter()
                    .copied()
                    .eq(numbers(&after["signaturesStored"])),
                "{name}"
            );
        }
    }
}

/// The signatures of all puts that upstream accepted. None is for two hashes.
fn signed(cases: &[Value]) -> Signed {
    let mut signed = Signed::new();
    for case in cases {
        let mut copy = Copy::of(case);
        let is_ok = case["expect"]["ok"] == true;
        for put in list(&case["prior"])
            .iter()
            .chain(is_ok.then_some(&case["put"]))
        {
            let mut learn = |signature, hash| *signed.entry(signature).or_insert(hash) == hash;
            assert_eq!(copy.put(put, &mut learn), Ok(()), "{}", case["name"]);
        }
    }
    signed
}

#[test]
fn puts_end_as_upstream_ends_them() {
    let vectors = json("proofs");
    let cases = list(&vectors["cases"]);
    assert_eq!(cases.len(), 137);
    let signed = signed(cases);
    assert_eq!(signed.len(), 15);
    let mut refused = 0;
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let mut copy = Copy::of(case);
        let mut is_signed = |signature, hash| signed.get(&signature) == Some(&hash);
        for put in list(&case["prior"]) {
            assert_eq!(copy.put(put, &mut is_signed), Ok(()), "{name}");
        }
        let result = copy.put(&case["put"], &mut is_signed);
        let expect = &case["expect"];
        let refusal = [&expect["error"], &expect["throws"]]
            .into_iter()
            .find_map(Value::as_str);
        let is_as_expected = match refusal {
            None => result == Ok(()),
            // Upstream hashes what it is given.
            Some(_) if name.ends_with("node hash of 31 bytes") => result == Err(Refusal::HashSize),
            Some("Signature does not verify" | "bad signature size") => {
                result == Err(Refusal::Signature)
            }
            Some("Checksum does not match key") => result == Err(Refusal::Key),
            Some("Checksum mismatch") => matches!(
                result,
                Err(Refusal::Verify(VerifyError::ChecksumMismatch { .. }))
            ),
            Some("Key not found in database [...]") => {
                matches!(
                    result,
                    Err(Refusal::Verify(VerifyError::MissingNode { .. }))
                )
            }
            Some("Cannot verify all nodes") => result == Err(Refusal::Unread),
            Some(other) => panic!("{name}: {other}"),
        };
        assert!(is_as_expected, "{name}: {result:?}, upstream: {expect}");
        copy.assert_state(&case["after"], name);
        refused += u32::from(result.is_err());
    }
    assert_eq!(refused, 53);
}
