//! Requests that count on the answers to those before them.

use crate::net::{Net, SPARSE, block};
use crate::puppet::answer_of;
use hyperfeed_types::FeedKey;
use hyperfeed_v2_feed::Slot;
use hyperfeed_v2_protocol::{ChannelId, Event};
use hyperfeed_v2_replicate::{Config, FeedOptions, PeerError, PeerKey};
use hyperfeed_v2_wire::Message;

/// A writer that only knows the answers, a copy with the first block, and the puppet it fetches the rest from.
struct Fetch {
    net: Net,
    writer: usize,
    source: Slot,
    copy: usize,
    slot: Slot,
    link: usize,
    peer: PeerKey,
    channel: ChannelId,
    /// Requests that were looked at.
    seen: usize,
}

impl Fetch {
    fn of(blocks: u64) -> Self {
        let mut net = Net::new();
        let (writer, source, key) = net.writer(blocks);
        let copy = net.node(Config::default());
        let slot = net.clone_on(copy, key, FeedOptions::default());
        let (link, peer) = net.puppet_of(copy);
        net.join(copy, peer, slot);
        let channel = net.puppet(link).open(&key);
        let mut fetch = Self {
            net,
            writer,
            source,
            copy,
            slot,
            link,
            peer,
            channel,
            seen: 0,
        };
        fetch.net.puppet(link).have(channel, 0, 1);
        fetch.net.run();
        let first = fetch.asked();
        assert_eq!(first.len(), 1);
        fetch.answer(first[0]);
        fetch.net.puppet(link).have(channel, 1, blocks);
        fetch.net.run();
        fetch
    }

    /// The requests that were not looked at yet: blocks and digests.
    fn asked(&mut self) -> Vec<(u64, u64)> {
        let heard = &self.net.puppet(self.link).heard;
        let request = |event: &Event| match event {
            Event::Message { kind, body, .. } => match Message::decode(*kind, body).unwrap() {
                Message::Request(request) => Some((request.block, request.digest.unwrap())),
                _ => None,
            },
            _ => None,
        };
        let all: Vec<_> = heard.iter().filter_map(request).collect();
        let new = all[self.seen..].to_vec();
        self.seen = all.len();
        new
    }

    /// Answers as the writer would; gives the number of nodes.
    fn answer(&mut self, (block, digest): (u64, u64)) -> usize {
        let writer = &mut self.net.nodes[self.writer].replicator;
        let answer = answer_of(writer, self.source, block, digest);
        let (link, channel) = (self.link, self.channel);
        self.net.puppet(link).answer(channel, block, &answer);
        self.net.run();
        answer.1.nodes.len()
    }

    fn lie(&mut self, (block, digest): (u64, u64)) {
        let writer = &mut self.net.nodes[self.writer].replicator;
        let mut answer = answer_of(writer, self.source, block, digest);
        answer.0.data = b"a lie".as_slice().into();
        let (link, channel) = (self.link, self.channel);
        self.net.puppet(link).answer(channel, block, &answer);
        self.net.run();
    }

    fn held(&self) -> u64 {
        self.net.held(self.copy, self.slot)
    }
}

#[test]
fn each_node_of_a_tree_is_sent_once() {
    let mut fetch = Fetch::of(500);
    let mut nodes = 0;
    loop {
        let asked = fetch.asked();
        if asked.is_empty() {
            break;
        }
        for request in asked {
            nodes += fetch.answer(request);
        }
    }
    assert_eq!(fetch.held(), 500);
    // One of two children; the other one, and all parents, are worked out.
    assert!(nodes < 500, "{nodes} nodes for 500 blocks");
}

#[test]
fn an_answer_left_out_costs_a_second_request_and_nobody_a_connection() {
    let mut fetch = Fetch::of(100);
    let asked = fetch.asked();
    assert!(asked.len() > 8);
    for request in &asked[2..] {
        fetch.answer(*request);
    }
    loop {
        // What the peer has passed over is asked for again after a while.
        fetch.net.pass(6_000);
        let asked = fetch.asked();
        if asked.is_empty() {
            break;
        }
        for request in asked {
            fetch.answer(request);
        }
    }
    assert_eq!(fetch.held(), 100);
    assert!(fetch.net.nodes[fetch.copy].dropped.is_empty());
}

#[test]
fn a_liar_is_asked_once_more_and_dropped_then() {
    let mut fetch = Fetch::of(100);
    let asked = fetch.asked();
    let (honest, ahead) = (asked[0], asked[5]);
    fetch.answer(honest);
    fetch.lie(ahead);
    assert!(fetch.net.nodes[fetch.copy].dropped.is_empty());
    let again = fetch.asked();
    let again = again.iter().find(|(block, _)| *block == ahead.0);
    fetch.lie(*again.unwrap());
    let verdict = fetch.net.nodes[fetch.copy].verdict(fetch.peer);
    assert!(matches!(verdict, Some(PeerError::BadBlock { .. })));
    assert_eq!(fetch.held(), 2);
}

#[test]
fn nodes_that_are_sparse_and_change_their_minds_lose_nothing() {
    let mut net = Net::new();
    let (writer, source, key): (usize, Slot, FeedKey) = net.writer(300);
    let copy = net.node(Config::default());
    let slot = net.clone_on(copy, key, SPARSE);
    let wire = net.connect(writer, copy);
    net.join(writer, wire.peers[0], source);
    net.join(copy, wire.peers[1], slot);
    let order: Vec<u64> = (0..300).map(|at| at * 7 % 300).collect();
    for (token, index) in (0..).zip(&order) {
        net.get(copy, slot, *index, token);
        if token % 5 == 0 {
            net.nodes[copy].replicator.cancel(token);
        }
        if token % 50 == 0 {
            net.run();
        }
    }
    net.run();
    let got = |net: &Net, token: u64| net.nodes[copy].got(token);
    assert!(
        (0..300)
            .filter(|token| token % 5 > 0)
            .all(|token| got(&net, token))
    );
    assert!(net.nodes[copy].dropped.is_empty());
    let (feed, store) = net.nodes[copy].replicator.feed_and_store(slot).unwrap();
    for index in feed.held().clone().runs(0..u64::MAX).flatten() {
        let found = feed.block(store, hyperfeed_flat_tree::BlockIndex::new(index).unwrap());
        assert_eq!(found.unwrap().unwrap().data, block(index));
    }
}
