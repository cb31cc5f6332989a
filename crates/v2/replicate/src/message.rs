//! The seven messages as the owner sees them: decoded, bounded, owned.

use crate::PeerError;
use bytes::Bytes;
use hyperfeed_bitfield::{Bitfield, rle};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Digest, Node};
use hyperfeed_types::{Hash, Signature};
use hyperfeed_v2_feed::{Proof, Put};
use hyperfeed_v2_wire as wire;
use std::ops::Range;

/// A message from a peer, past the cipher and the decoder.
///
/// A message that is well-formed but names blocks past [`BlockIndex::MAX`] cannot come from an honest peer and
/// does not become one of these.
#[derive(Debug)]
pub enum Incoming {
    /// The peer takes a request back.
    Cancel(BlockIndex),
    /// The peer has a range of blocks.
    Have(Range<u64>),
    /// What the peer has from a block on: bits in the run length coding, already checked.
    HaveBits {
        /// The block of the first bit.
        start: u64,
        /// The coded bits.
        coded: Bytes,
    },
    /// The peer will not answer for a while.
    Pause,
    /// The peer asks for a block.
    Request(BlockIndex, Digest),
    /// A block, its leaf hash already made.
    Response(Box<Put>),
    /// The peer answers again.
    Resume,
    /// The peer asks what is held from a block on.
    Want(u64),
}

impl Incoming {
    /// Decodes a body of type `kind`. `None` for types that generation 2 does not know.
    ///
    /// The leaf of a received block is hashed here, in the caller's task.
    ///
    /// # Errors
    /// A body that cannot be read, or a bitfield that cannot be.
    pub fn decode(kind: u8, body: &Bytes) -> Result<Option<Self>, PeerError> {
        Ok(Some(match wire::Message::decode(kind, body)? {
            wire::Message::Cancel(cancel) => Self::Cancel(block(cancel.block)?),
            wire::Message::Have(have) => {
                let start = block(have.start)?.get();
                match have.bitfield {
                    Some(coded) => {
                        rle::decode(coded, BLOCKS - start).map_err(|_| PeerError::Bitfield)?;
                        Self::HaveBits {
                            start,
                            coded: body.slice_ref(coded),
                        }
                    }
                    // npm: an end of 0 means one block.
                    None => {
                        let end = have.end.filter(|end| *end != 0).unwrap_or(start + 1);
                        Self::Have(start..end.min(BLOCKS))
                    }
                }
            }
            wire::Message::Pause => Self::Pause,
            wire::Message::Request(request) => Self::Request(
                block(request.block)?,
                Digest::new(request.digest.unwrap_or(0)),
            ),
            wire::Message::Response(response) => {
                let nodes = response
                    .nodes
                    .iter()
                    .map(node)
                    .collect::<Result<Vec<Node>, PeerError>>()?;
                let signature = response.signature.map(Signature::new);
                let data = body.slice_ref(response.data);
                Self::Response(Box::new(Put::new(
                    block(response.block)?,
                    data,
                    nodes,
                    signature,
                )))
            }
            wire::Message::Resume => Self::Resume,
            wire::Message::Want(want) => Self::Want(block(want.start)?.get()),
            wire::Message::Extension { .. } | wire::Message::Unknown { .. } => return Ok(None),
        }))
    }
}

/// A message to a peer, encoded when the socket can take it.
#[derive(Debug)]
pub enum Outgoing {
    /// Takes a request back.
    Cancel(BlockIndex),
    /// A range of blocks is held.
    Have(Range<u64>),
    /// What is held from a block on, in the run length coding.
    HaveBits {
        /// The block of the first bit, a multiple of 8.
        start: u64,
        /// The coded bits.
        coded: Vec<u8>,
    },
    /// No answers for a while.
    Pause,
    /// Asks for a block.
    Request(BlockIndex, Digest),
    /// A block with its proof. The edge hashes it once more, so that bytes gone bad on disk stay here.
    Response(Box<Answer>),
    /// Answers again.
    Resume,
    /// Asks what the peer has, from the first block on.
    Want,
}

/// A block on its way to a peer.
#[derive(Debug)]
pub struct Answer {
    /// Which block.
    pub block: BlockIndex,
    /// Its bytes as read from storage.
    pub data: Bytes,
    /// The hash its bytes must have.
    pub leaf: Hash,
    /// What makes it checkable.
    pub proof: Proof,
}

impl Outgoing {
    /// That nothing is held below a block.
    pub(crate) fn nothing_below(end: u64) -> Self {
        let end = end.next_multiple_of(8).min(BLOCKS);
        let mut coded = Vec::new();
        rle::encode(&Bitfield::new(), end, &mut coded);
        Self::HaveBits { start: 0, coded }
    }

    /// Bytes on the wire, estimated: what a connection's allowance is charged.
    #[must_use]
    pub fn cost(&self) -> usize {
        match self {
            Self::HaveBits { coded, .. } => coded.len() + SMALL,
            Self::Response(answer) => {
                answer.data.len() + answer.proof.nodes.len() * NODE_BYTES + 64 + SMALL
            }
            _ => SMALL,
        }
    }

    /// Hands the wire form to `send`.
    pub(crate) fn with_wire<R>(&self, send: impl FnOnce(&wire::Message<'_>) -> R) -> R {
        match self {
            Self::Cancel(block) => send(&wire::Message::Cancel(wire::Cancel {
                block: block.get(),
                digest: None,
            })),
            Self::Have(range) => {
                // npm: a single block is announced without an end.
                let end = (range.end > range.start + 1).then_some(range.end);
                send(&wire::Message::Have(wire::Have {
                    start: range.start,
                    end,
                    bitfield: None,
                }))
            }
            Self::HaveBits { start, coded } => send(&wire::Message::Have(wire::Have {
                start: *start,
                end: None,
                bitfield: Some(coded),
            })),
            Self::Pause => send(&wire::Message::Pause),
            Self::Request(block, digest) => send(&wire::Message::Request(wire::Request {
                block: block.get(),
                digest: Some(digest.get()),
            })),
            Self::Response(answer) => {
                let nodes: Vec<wire::NodeRecord> = answer.proof.nodes.iter().map(record).collect();
                send(&wire::Message::Response(wire::Response {
                    block: answer.block.get(),
                    data: &answer.data,
                    nodes: wire::Nodes::new(&nodes),
                    signature: answer.proof.signature.as_ref().map(Signature::as_bytes),
                }))
            }
            Self::Resume => send(&wire::Message::Resume),
            Self::Want => send(&wire::Message::Want(wire::Want {
                start: 0,
                end: None,
            })),
        }
    }
}

fn block(index: u64) -> Result<BlockIndex, PeerError> {
    BlockIndex::new(index).ok_or(PeerError::OutOfRange { index })
}

fn node(record: wire::NodeRecord) -> Result<Node, PeerError> {
    let index = NodeIndex::new(record.index).ok_or(PeerError::OutOfRange {
        index: record.index,
    })?;
    Ok(Node {
        index,
        size: record.size,
        hash: record.hash,
    })
}

fn record(node: &Node) -> wire::NodeRecord {
    wire::NodeRecord {
        index: node.index.get(),
        size: node.size,
        hash: node.hash,
    }
}

/// Blocks that have an index: one more than the largest.
pub(crate) const BLOCKS: u64 = BlockIndex::MAX.get() + 1;
/// What a message without data costs on the wire, tag and framing included.
const SMALL: usize = 48;
/// What a node costs on the wire.
const NODE_BYTES: usize = 50;
