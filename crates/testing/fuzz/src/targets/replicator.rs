//! A node between peers that have the keys and say anything at any time.

use super::feed::answer;
use super::fixture::{self, Written, index};
use crate::input::Input;
use bytes::Bytes;
use core::time::Duration;
use hyperfeed_storage::{Durability, MemoryStore};
use hyperfeed_types::{Instant, PublicId};
use hyperfeed_v2_feed::{Blocks, Slot};
use hyperfeed_v2_replicate::{
    Config, EdgeCommand, EdgeEvent, Event, FeedOptions, Incoming, Leaf, Outgoing, PeerKey,
    PeerOptions, Replicator,
};

/// Caps hold after each step, nothing is stored but what the writers wrote, everything sent can be checked, and in the
/// end an honest peer still brings the whole feed.
pub(crate) fn messages(data: &[u8]) {
    let mut input = Input::new(data);
    let mut node = Node::new();
    while !input.is_empty() {
        node.step(&mut input);
        node.check_caps();
    }
    node.turn();
    node.compare();
    node.complete();
    node.compare();
}

struct Node {
    replicator: Replicator,
    now: Instant,
    own: Slot,
    copy: Slot,
    peers: [PeerKey; 2],
    token: u64,
    /// Blocks our own feed must have at least.
    acknowledged: u64,
}

impl Node {
    fn new() -> Self {
        let config = Config {
            durability: Durability::Relaxed,
            max_in_flight: 64,
            max_queued_requests: 8,
            max_unrequested: 4,
            max_unwritten: 4 << 10,
            max_remote_memory: 16 << 10,
            ..Config::default()
        };
        let store = fixture::store(MemoryStore::new());
        let mut replicator = Replicator::new(config, store, [3; 32]);
        let options = FeedOptions::default();
        let own = replicator
            .create_live(fixture::pair(201), Blocks::InStore, options)
            .expect("a new store");
        let key = Written::one(2).key;
        let copy = replicator
            .create_clone(key, Blocks::InStore, options)
            .expect("a new store");
        let now = Instant::ZERO;
        let peers = [(); 2].map(|()| replicator.connect(now, PeerOptions::default()));
        let mut node = Self {
            replicator,
            now,
            own,
            copy,
            peers,
            token: 0,
            acknowledged: 0,
        };
        for which in 0..2 {
            node.join(which);
        }
        node
    }

    fn join(&mut self, which: usize) {
        for slot in [self.own, self.copy] {
            self.replicator
                .join(self.now, self.peers[which], slot)
                .expect("the feed is open");
            let ready = EdgeEvent::Ready {
                slot,
                missed: false,
            };
            self.replicator
                .handle_edge(self.now, self.peers[which], ready);
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let what = input.byte();
        let (peer, slot) = (
            self.peers[usize::from(what >> 6 & 1)],
            [self.own, self.copy][usize::from(what >> 7)],
        );
        let tell = match what % 16 {
            0 => {
                self.now = self.now + Duration::from_millis(u64::from(input.byte()) * 40);
                return self.replicator.handle_timeout(self.now);
            }
            1 => return self.turn(),
            2 => return self.command(input, peer, slot),
            3 => EdgeEvent::Ready {
                slot,
                missed: input.byte() & 1 == 1,
            },
            4 => EdgeEvent::Closed { slot },
            5 => {
                let ids = self.replicator.feed(slot).map(|feed| *feed.id());
                let public_id = ids.unwrap_or_else(|| PublicId::new([input.byte(); 32]));
                EdgeEvent::Opened { public_id }
            }
            6 => EdgeEvent::Corrupt {
                slot,
                block: index(u64::from(input.byte())),
            },
            7..12 => {
                let message = Incoming::Response(Box::new(answer(input, Written::one(2))));
                EdgeEvent::Message { slot, message }
            }
            _ => {
                let kind = input.byte();
                let body = Bytes::copy_from_slice(input.string());
                match Incoming::decode(kind, &body) {
                    Ok(Some(message)) => EdgeEvent::Message { slot, message },
                    _ => return,
                }
            }
        };
        self.replicator.handle_edge(self.now, peer, tell);
    }

    fn command(&mut self, input: &mut Input<'_>, peer: PeerKey, slot: Slot) {
        let (node, now, byte) = (&mut self.replicator, self.now, input.byte());
        self.token += 1;
        let block = index(u64::from(byte >> 3));
        match byte % 8 {
            0 => {
                let data = Bytes::copy_from_slice(input.string());
                node.append(self.own, vec![Leaf::new(data)], None, self.token);
            }
            1 => node.get(slot, block, true, self.token),
            2 => node.download(now, slot, block.get()..block.get() + 9, self.token),
            3 => node.cancel(self.token.saturating_sub(u64::from(byte >> 3))),
            4 => node.pause(peer, slot),
            5 => node.resume(peer, slot),
            6 => node.leave(now, peer, slot),
            // Not joined twice; a feed that was left is joined again.
            _ => drop(node.join(now, peer, slot)),
        }
    }

    /// Commits, takes everything that goes out, and what is to be told.
    fn turn(&mut self) {
        self.replicator.commit(self.now);
        for which in 0..2 {
            while let Some(command) = self.replicator.poll_command(self.now, self.peers[which]) {
                self.replicator
                    .handle_written(self.peers[which], command.cost());
                self.check_sent(&command);
            }
        }
        while let Some(reply) = self.replicator.poll_reply() {
            if let hyperfeed_v2_replicate::Reply::Appended { range, .. } = reply {
                self.acknowledged = self.acknowledged.max(range.end);
            }
        }
        while let Some(event) = self.replicator.poll_event() {
            if let Event::Dropped { peer, .. } = event
                && let Some(which) = self.peers.iter().position(|own| *own == peer)
            {
                self.peers[which] = self.replicator.connect(self.now, PeerOptions::default());
                self.join(which);
            }
        }
    }

    /// What is announced or answered is held, and an answer is what its hash says.
    fn check_sent(&self, command: &EdgeCommand) {
        let EdgeCommand::Send { slot, message } = command else {
            return;
        };
        let held = self.replicator.feed(*slot).expect("it is open").held();
        match message {
            Outgoing::Have(range) => assert!(held.contains_range(range.clone()), "{range:?}"),
            Outgoing::Response(answer) => {
                assert!(held.get(answer.block.get()));
                assert_eq!(hyperfeed_v2_feed::leaf_hash(&answer.data), answer.leaf);
            }
            _ => {}
        }
    }

    fn check_caps(&self) {
        for info in self.replicator.peers() {
            assert!(info.queued_requests <= 8, "{info:?}");
            assert!(info.in_flight <= 64 + 2 * 24, "{info:?}");
            assert!(info.remote_memory <= (16 << 10) + (64 << 10), "{info:?}");
            assert!(info.unwritten <= (4 << 10) + 2048, "{info:?}");
        }
    }

    fn compare(&mut self) {
        let truth = Written::one(2);
        let (feed, store) = self
            .replicator
            .feed_and_store(self.copy)
            .expect("it is open");
        for block in feed.held().runs(0..u64::MAX).flatten().collect::<Vec<_>>() {
            let found = feed
                .block(store, index(block))
                .expect("it is in memory")
                .expect("it is held");
            assert!(truth.is_true(block, &found.data), "block {block}");
        }
        let own = self.replicator.feed(self.own).expect("it is open");
        assert!(own.contiguous() >= self.acknowledged);
    }

    /// Nobody lies any more: a new peer has everything and answers all requests.
    fn complete(&mut self) {
        let truth = Written::one(2);
        let length = truth.blocks.len() as u64;
        for peer in self.peers {
            self.replicator.disconnect(self.now, peer);
        }
        self.peers[0] = self.replicator.connect(self.now, PeerOptions::default());
        self.join(0);
        self.tell(Incoming::Have(0..length));
        for _ in 0..200 {
            self.replicator.commit(self.now);
            let mut asked = Vec::new();
            while let Some(command) = self.replicator.poll_command(self.now, self.peers[0]) {
                self.replicator
                    .handle_written(self.peers[0], command.cost());
                match command {
                    EdgeCommand::Send {
                        message: Outgoing::Request(block, _),
                        ..
                    } => asked.push(block),
                    EdgeCommand::Send { message, .. } => drop(message),
                    _ => {}
                }
            }
            for block in asked {
                let put = truth.put(block.get() as usize, true);
                self.tell(Incoming::Response(Box::new(put)));
            }
            if self
                .replicator
                .feed(self.copy)
                .is_some_and(|feed| feed.held_blocks() == length)
            {
                return;
            }
            self.now = self.now + Duration::from_millis(500);
            self.replicator.handle_timeout(self.now);
            while let Some(event) = self.replicator.poll_event() {
                if let Event::Dropped { peer, .. } = event
                    && peer == self.peers[0]
                {
                    // It is believed that sizes were lied about, until a proof shows better.
                    self.peers[0] = self.replicator.connect(self.now, PeerOptions::default());
                    self.join(0);
                    self.tell(Incoming::Have(0..length));
                }
            }
        }
        let state = self.replicator.sync_state(self.now, self.copy);
        unreachable!("an honest peer could not bring everything: {state:?}");
    }

    fn tell(&mut self, message: Incoming) {
        let event = EdgeEvent::Message {
            slot: self.copy,
            message,
        };
        self.replicator.handle_edge(self.now, self.peers[0], event);
    }
}
