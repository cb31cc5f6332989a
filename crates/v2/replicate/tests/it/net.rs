//! Nodes, puppets and what lies between them, under a virtual clock. Links have no delay: what is sent has arrived.

mod feeds;
mod node;
mod traffic;

pub(crate) use feeds::{SPARSE, block};

use crate::puppet::Puppet;
use hyperfeed_storage::{KeyValue, MemoryStore};
use hyperfeed_types::{Instant, PeerId};
use hyperfeed_v2_feed::Store;
use hyperfeed_v2_replicate::{Config, Edge, EdgeConfig, PeerKey, PeerOptions, Replicator};
use node::Node;

pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node>,
    links: Vec<Link>,
    seeds: u8,
}

struct Link {
    ends: [End; 2],
    open: bool,
    /// Bytes that are under way and do not arrive.
    held: bool,
    /// What nodes send is never reported as written.
    clogged: bool,
    /// All that the node at the first end was sent, and all it sent.
    record: [Vec<u8>; 2],
}

struct End {
    who: Who,
    inbox: Vec<u8>,
}

enum Who {
    Node {
        at: usize,
        peer: PeerKey,
        edge: Box<Edge>,
    },
    Puppet(Box<Puppet>),
}

impl Net {
    pub(crate) fn new() -> Self {
        Self {
            now: Instant::from_millis(1000),
            nodes: Vec::new(),
            links: Vec::new(),
            seeds: 0,
        }
    }

    pub(crate) fn node(&mut self, config: Config) -> usize {
        self.node_over(config, Box::new(MemoryStore::new()))
    }

    pub(crate) fn node_over(&mut self, config: Config, store: Box<dyn KeyValue>) -> usize {
        let seed = self.seed();
        let store = Store::open(store).unwrap();
        self.nodes.push(Node {
            replicator: Replicator::new(config, store, seed),
            replies: Vec::new(),
            events: Vec::new(),
            dropped: Vec::new(),
            asleep: false,
        });
        self.nodes.len() - 1
    }

    fn seed(&mut self) -> [u8; 32] {
        self.seeds += 1;
        [self.seeds; 32]
    }

    /// Connects two nodes; nothing is joined.
    pub(crate) fn connect(&mut self, a: usize, b: usize) -> Wire {
        self.connect_with(a, PeerOptions::default(), b, PeerOptions::default())
    }

    pub(crate) fn connect_with(
        &mut self,
        a: usize,
        of_a: PeerOptions,
        b: usize,
        of_b: PeerOptions,
    ) -> Wire {
        let ends = [self.end(a, of_a), self.end(b, of_b)];
        let wire = Wire {
            link: self.links.len(),
            peers: [ends[0].peer(), ends[1].peer()].map(|peer| peer.unwrap()),
        };
        self.links.push(Link {
            ends,
            open: true,
            held: false,
            clogged: false,
            record: [Vec::new(), Vec::new()],
        });
        wire
    }

    /// Connects a node to a puppet: gives the number of the link and the node's name for it.
    pub(crate) fn puppet_of(&mut self, node: usize) -> (usize, PeerKey) {
        self.puppet_with(node, EdgeConfig::new(PeerId::new([0xee; 32])))
    }

    pub(crate) fn puppet_with(&mut self, node: usize, config: EdgeConfig) -> (usize, PeerKey) {
        let end = self.end(node, PeerOptions::default());
        let peer = end.peer().unwrap();
        let puppet = Puppet::new(config, self.seed(), self.now);
        self.links.push(Link {
            ends: [
                end,
                End {
                    who: Who::Puppet(Box::new(puppet)),
                    inbox: Vec::new(),
                },
            ],
            open: true,
            held: false,
            clogged: false,
            record: [Vec::new(), Vec::new()],
        });
        (self.links.len() - 1, peer)
    }

    fn end(&mut self, at: usize, options: PeerOptions) -> End {
        let config = EdgeConfig::new(PeerId::new([at as u8; 32]));
        let seed = self.seed();
        let peer = self.nodes[at].replicator.connect(self.now, options);
        End {
            who: Who::Node {
                at,
                peer,
                edge: Box::new(Edge::new(config, seed, self.now)),
            },
            inbox: Vec::new(),
        }
    }

    pub(crate) fn puppet(&mut self, link: usize) -> &mut Puppet {
        match &mut self.links[link].ends[1].who {
            Who::Puppet(puppet) => puppet,
            Who::Node { .. } => panic!("no puppet on this link"),
        }
    }

    /// Bytes for the node, past the puppet.
    pub(crate) fn inject(&mut self, link: usize, bytes: &[u8]) {
        self.links[link].ends[0].inbox.extend_from_slice(bytes);
    }

    pub(crate) fn is_open(&self, link: usize) -> bool {
        self.links[link].open
    }

    /// The peer does not read any more: the node's socket stays full.
    pub(crate) fn clog(&mut self, link: usize) {
        self.links[link].clogged = true;
    }

    /// All bytes that arrived at an end of a link.
    pub(crate) fn arrived(&self, link: usize, side: usize) -> &[u8] {
        &self.links[link].record[side]
    }

    pub(crate) fn hold(&mut self, link: usize, held: bool) {
        self.links[link].held = held;
    }

    /// Cuts a link; both sides notice.
    pub(crate) fn cut(&mut self, link: usize) {
        if !std::mem::take(&mut self.links[link].open) {
            return;
        }
        for end in &mut self.links[link].ends {
            end.inbox.clear();
            if let Who::Node { at, peer, .. } = &end.who {
                self.nodes[*at].replicator.disconnect(self.now, *peer);
            }
        }
    }
}

impl End {
    fn peer(&self) -> Option<PeerKey> {
        match &self.who {
            Who::Node { peer, .. } => Some(*peer),
            Who::Puppet(_) => None,
        }
    }
}

/// A link between two nodes, and how each calls the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire {
    pub(crate) link: usize,
    pub(crate) peers: [PeerKey; 2],
}
