//! Ways not to tell the truth about a block.

use crate::known::Known;
use crate::random::Random;
use hyperfeed_merkle::Node;
use hyperfeed_v2_feed::{Block, Proof};
use hyperfeed_v2_wire::{NodeRecord, Nodes, Response};

/// What an adversary changes in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// A bit of the block, or a byte more.
    Data,
    /// The length of the block.
    Length,
    /// A node's hash.
    Node,
    /// A node left out, doubled, or moved.
    Nodes,
    /// The index of the block.
    Place,
    /// The block, behind the true roots of a length and their signature, which prove nothing about it.
    Roots,
    /// The signature: changed, cut, or missing.
    Signature,
    /// A node's size.
    Size,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Data,
        Self::Length,
        Self::Node,
        Self::Nodes,
        Self::Place,
        Self::Roots,
        Self::Signature,
        Self::Size,
    ];
}

/// An answer that can be spoilt before it is sent.
pub(crate) struct Answer {
    block: u64,
    data: Vec<u8>,
    nodes: Vec<NodeRecord>,
    signature: Option<Vec<u8>>,
}

impl Answer {
    pub(crate) fn new(block: u64, (found, proof): &(Block, Proof)) -> Self {
        Self {
            block,
            data: found.data.to_vec(),
            nodes: proof.nodes.iter().map(record).collect(),
            signature: proof.signature.as_ref().map(|s| s.as_bytes().to_vec()),
        }
    }

    pub(crate) fn spoil(&mut self, lie: Lie, known: &Known, random: &mut Random) {
        let draw = random.draw();
        match lie {
            Lie::Data => match self.data.first_mut() {
                Some(first) => *first ^= 1 << (draw % 8),
                None => self.data.push(1),
            },
            Lie::Length if draw.is_multiple_of(2) => self.data.push(0),
            Lie::Length => self.data.clear(),
            Lie::Place => self.block = self.block.wrapping_add(1 + draw % 3),
            Lie::Roots => {
                if let Some(roots) = known.roots() {
                    self.nodes = roots.iter().map(record).collect();
                }
                self.data.push(1);
            }
            Lie::Signature => match (&mut self.signature, draw % 3) {
                (Some(signature), 0) => signature[5] ^= 1,
                (Some(signature), 1) => signature.truncate(63),
                (signature, _) => *signature = None,
            },
            Lie::Node | Lie::Nodes | Lie::Size => self.spoil_nodes(lie, draw),
        }
    }

    fn spoil_nodes(&mut self, lie: Lie, draw: u64) {
        let count = self.nodes.len() as u64;
        if count == 0 {
            return;
        }
        let at = ((draw >> 8) % count) as usize;
        match (lie, draw % 4) {
            (Lie::Node, _) => self.nodes[at].hash = [7; 32].into(),
            (Lie::Size, 0) => self.nodes[at].size = u64::MAX - 1,
            // The last ones are roots: no hash covers their sizes until the feed grows over them.
            (Lie::Size, 1) => self.nodes[count as usize - 1].size += 1 + draw % 1000,
            (Lie::Size, _) => self.nodes[at].size += 1 + draw % 1000,
            (_, 0) => drop(self.nodes.remove(at)),
            (_, 1) => {
                let node = self.nodes[at];
                self.nodes.push(node);
            }
            (_, 2) => self.nodes.reverse(),
            _ => self.nodes[at].index ^= 2,
        }
    }

    pub(crate) fn send<R>(&self, send: impl FnOnce(Response<'_>) -> R) -> R {
        send(Response {
            block: self.block,
            data: &self.data,
            nodes: Nodes::new(&self.nodes),
            signature: self.signature.as_deref(),
        })
    }
}

fn record(node: &Node) -> NodeRecord {
    NodeRecord {
        index: node.index.get(),
        size: node.size,
        hash: node.hash,
    }
}
