//! A peer that does what a test says: the protocol is real, the messages are whatever they are.

use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::Digest;
use hyperfeed_types::{FeedKey, Instant, Signature};
use hyperfeed_v2_feed::{Block, Proof};
use hyperfeed_v2_protocol::{ChannelId, Config, Event, Protocol};
use hyperfeed_v2_replicate::Replicator;
use hyperfeed_v2_wire::{self as wire, Message, NodeRecord, Nodes};

pub(crate) struct Puppet {
    pub(crate) protocol: Protocol,
    pub(crate) out: Vec<u8>,
    /// What the node said, decoded as far as the protocol goes.
    pub(crate) heard: Vec<Event>,
    /// Neither sends keep-alives nor minds silence.
    pub(crate) silent: bool,
    /// Does not read what it is sent.
    pub(crate) deaf: bool,
    now: Instant,
}

impl Puppet {
    pub(crate) fn new(config: Config, seed: [u8; 32], now: Instant) -> Self {
        Self {
            protocol: Protocol::new(config, seed, now),
            out: Vec::new(),
            heard: Vec::new(),
            silent: false,
            deaf: false,
            now,
        }
    }

    pub(crate) fn open(&mut self, key: &FeedKey) -> ChannelId {
        self.protocol.open(self.now, key, &mut self.out).unwrap()
    }

    pub(crate) fn send(&mut self, channel: ChannelId, message: &Message<'_>) {
        self.protocol
            .send(self.now, channel, message, &mut self.out)
            .unwrap();
    }

    pub(crate) fn send_raw(&mut self, channel: ChannelId, kind: u8, body: &[u8]) {
        self.protocol
            .send_raw(self.now, channel, kind, body, &mut self.out)
            .unwrap();
    }

    pub(crate) fn have(&mut self, channel: ChannelId, start: u64, end: u64) {
        let have = wire::Have {
            start,
            end: Some(end),
            bitfield: None,
        };
        self.send(channel, &Message::Have(have));
    }

    pub(crate) fn have_bits(&mut self, channel: ChannelId, start: u64, coded: &[u8]) {
        let have = wire::Have {
            start,
            end: None,
            bitfield: Some(coded),
        };
        self.send(channel, &Message::Have(have));
    }

    pub(crate) fn request(&mut self, channel: ChannelId, block: u64) {
        let request = wire::Request {
            block,
            digest: Some(0),
        };
        self.send(channel, &Message::Request(request));
    }

    /// Answers as the holder of the block would, for an asker who has nothing.
    pub(crate) fn answer(&mut self, channel: ChannelId, block: u64, answer: &(Block, Proof)) {
        let nodes: Vec<NodeRecord> = answer.1.nodes.iter().map(record).collect();
        let response = wire::Response {
            block,
            data: &answer.0.data,
            nodes: Nodes::new(&nodes),
            signature: answer.1.signature.as_ref().map(Signature::as_bytes),
        };
        self.send(channel, &Message::Response(response));
    }

    /// The blocks the node has asked for so far, in order.
    pub(crate) fn asked(&self) -> Vec<u64> {
        let block = |event: &Event| match event {
            Event::Message { kind, body, .. } => match Message::decode(*kind, body).unwrap() {
                Message::Request(request) => Some(request.block),
                _ => None,
            },
            _ => None,
        };
        self.heard.iter().filter_map(block).collect()
    }

    /// The blocks the node has sent so far, in order.
    pub(crate) fn received(&self) -> Vec<u64> {
        let block = |event: &Event| match event {
            Event::Message { kind, body, .. } => match Message::decode(*kind, body).unwrap() {
                Message::Response(response) => Some(response.block),
                _ => None,
            },
            _ => None,
        };
        self.heard.iter().filter_map(block).collect()
    }

    /// How many messages of a type the node has sent.
    pub(crate) fn count(&self, wanted: u8) -> usize {
        let is = |event: &&Event| matches!(event, Event::Message { kind, .. } if *kind == wanted);
        self.heard.iter().filter(is).count()
    }

    pub(crate) fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.now = now;
        if self.deaf || bytes.is_empty() {
            return;
        }
        self.protocol.handle_input(now, bytes);
        while let Ok(Some(event)) = self.protocol.poll_event() {
            self.heard.push(event);
        }
    }

    pub(crate) fn tick(&mut self, now: Instant, out: &mut Vec<u8>) {
        self.now = now;
        if !self.silent {
            self.protocol.handle_timeout(now, out).ok();
        }
    }
}

/// What the holder of a block would answer.
pub(crate) fn answer_of(
    holder: &mut Replicator,
    slot: hyperfeed_v2_feed::Slot,
    block: u64,
    digest: u64,
) -> (Block, Proof) {
    let index = BlockIndex::new(block).unwrap();
    let (feed, store) = holder.feed_and_store(slot).unwrap();
    let proof = feed.proof(store, index, Digest::new(digest)).unwrap();
    let block = feed.block(store, index).unwrap();
    (block.unwrap(), proof.unwrap())
}

pub(crate) fn record(node: &hyperfeed_merkle::Node) -> NodeRecord {
    NodeRecord {
        index: node.index.get(),
        size: node.size,
        hash: node.hash,
    }
}
