use core::{fmt, iter::FusedIterator, slice};

use super::Response;
use crate::{NodeRecord, proto::Reader};

/// The nodes of a response: a view into a received message, or a list to be sent.
///
/// Those of a received message were checked when it was decoded and are read from it again on each
/// pass: going through n nodes costs O(n) and allocates nothing.
#[derive(Clone, Copy)]
pub struct Nodes<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    List(&'a [NodeRecord]),
    /// A whole body that [`Response::decode`] has accepted, and how many nodes are in it.
    Message {
        body: &'a [u8],
        count: usize,
    },
}

impl<'a> Nodes<'a> {
    /// No nodes.
    pub const EMPTY: Self = Self(Source::List(&[]));

    /// Nodes to be sent, in this order.
    pub const fn new(nodes: &'a [NodeRecord]) -> Self {
        Self(Source::List(nodes))
    }

    pub(super) const fn from_message(body: &'a [u8], count: usize) -> Self {
        Self(Source::Message { body, count })
    }

    /// How many there are; O(1).
    pub const fn len(&self) -> usize {
        match self.0 {
            Source::List(nodes) => nodes.len(),
            Source::Message { count, .. } => count,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them in order.
    pub fn iter(&self) -> NodesIter<'a> {
        NodesIter(match self.0 {
            Source::List(nodes) => Cursor::List(nodes.iter()),
            Source::Message { body, count } => Cursor::Message {
                reader: Reader::new(&Response::SCHEMA, body),
                left: count,
            },
        })
    }
}

impl Default for Nodes<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<'a> From<&'a [NodeRecord]> for Nodes<'a> {
    fn from(nodes: &'a [NodeRecord]) -> Self {
        Self::new(nodes)
    }
}

impl<'a> IntoIterator for Nodes<'a> {
    type Item = NodeRecord;
    type IntoIter = NodesIter<'a>;

    fn into_iter(self) -> NodesIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Nodes<'a> {
    type Item = NodeRecord;
    type IntoIter = NodesIter<'a>;

    fn into_iter(self) -> NodesIter<'a> {
        self.iter()
    }
}

impl PartialEq for Nodes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Nodes<'_> {}

impl fmt::Debug for Nodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Goes through [`Nodes`] in order.
#[derive(Debug, Clone)]
pub struct NodesIter<'a>(Cursor<'a>);

#[derive(Debug, Clone)]
enum Cursor<'a> {
    List(slice::Iter<'a, NodeRecord>),
    Message { reader: Reader<'a>, left: usize },
}

impl Iterator for NodesIter<'_> {
    type Item = NodeRecord;

    fn next(&mut self) -> Option<NodeRecord> {
        match &mut self.0 {
            Cursor::List(nodes) => nodes.next().copied(),
            Cursor::Message { reader, left } => {
                *left = left.checked_sub(1)?;
                // Decoding went through all of these once: no arm that ends early is taken.
                loop {
                    let field = reader.next().ok()??;
                    if field.number() == 3 {
                        return NodeRecord::decode(field.bytes().ok()?).ok();
                    }
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.0 {
            Cursor::List(nodes) => nodes.len(),
            Cursor::Message { left, .. } => *left,
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for NodesIter<'_> {}

impl FusedIterator for NodesIter<'_> {}
