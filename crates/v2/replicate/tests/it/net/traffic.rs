//! What happens on the links: bytes move, nodes take turns, and time passes.

use super::{End, Net, Who};
use core::time::Duration;
use hyperfeed_types::Instant;
use hyperfeed_v2_replicate::{Edge, Event, PeerError, PeerKey, Replicator};

impl Net {
    /// Moves bytes and takes turns until nothing happens any more.
    pub(crate) fn run(&mut self) {
        for _ in 0..100_000 {
            let mut moved = false;
            for link in 0..self.links.len() {
                moved |= self.receive(link);
            }
            for node in 0..self.nodes.len() {
                moved |= self.turn(node);
            }
            if !moved {
                return;
            }
        }
        panic!("the network does not come to rest");
    }

    /// Lets time pass in steps of 50 ms.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.now < end {
            self.now = (self.now + Duration::from_millis(50)).min(end);
            for node in self.nodes.iter_mut().filter(|node| !node.asleep) {
                let due = node.replicator.poll_timeout();
                if due.is_some_and(|due| due <= self.now) {
                    node.replicator.handle_timeout(self.now);
                }
            }
            for link in 0..self.links.len() {
                self.tick(link);
            }
            self.run();
        }
    }

    fn tick(&mut self, link: usize) {
        for side in 0..2 {
            let mut out = Vec::new();
            let now = self.now;
            if !self.links[link].open {
                return;
            }
            match &mut self.links[link].ends[side].who {
                Who::Node { at, peer, edge } => {
                    if let Err(error) = edge.handle_timeout(now, &mut out) {
                        let (at, peer) = (*at, *peer);
                        self.nodes[at].dropped.push((peer, error));
                        return self.cut(link);
                    }
                }
                Who::Puppet(puppet) => puppet.tick(now, &mut out),
            }
            self.links[link].ends[1 - side]
                .inbox
                .extend_from_slice(&out);
        }
    }

    fn receive(&mut self, link: usize) -> bool {
        let mut moved = false;
        for side in 0..2 {
            let found = &mut self.links[link];
            if !found.open || found.held {
                return moved;
            }
            let end = &mut found.ends[side];
            let bytes = std::mem::take(&mut end.inbox);
            moved |= !bytes.is_empty();
            found.record[side].extend_from_slice(&bytes);
            match &mut end.who {
                Who::Puppet(puppet) => {
                    puppet.receive(self.now, &bytes);
                    let out = std::mem::take(&mut puppet.out);
                    moved |= !out.is_empty();
                    found.ends[1 - side].inbox.extend_from_slice(&out);
                }
                Who::Node { at, peer, edge } => {
                    edge.handle_input(self.now, &bytes);
                    let node = &mut self.nodes[*at];
                    if let Err(error) = drain(self.now, *peer, edge, &mut node.replicator) {
                        node.dropped.push((*peer, error));
                        self.cut(link);
                        return true;
                    }
                }
            }
        }
        moved
    }

    fn turn(&mut self, at: usize) -> bool {
        let now = self.now;
        self.nodes[at].replicator.commit(now);
        let mut moved = false;
        for peer in self.nodes[at].replicator.peers_with_work() {
            moved |= self.transmit(at, peer);
        }
        let node = &mut self.nodes[at];
        while let Some(reply) = node.replicator.poll_reply() {
            node.replies.push(reply);
            moved = true;
        }
        let mut over = Vec::new();
        while let Some(event) = node.replicator.poll_event() {
            moved = true;
            match event {
                Event::Dropped { peer, reason } => {
                    node.dropped.push((peer, reason));
                    over.push(peer);
                }
                event => node.events.push(event),
            }
        }
        for peer in over {
            let is_end = |end: &End| matches!(&end.who, Who::Node { at: host, peer: name, .. } if *host == at && *name == peer);
            let link = self
                .links
                .iter()
                .position(|link| link.ends.iter().any(is_end));
            self.cut(link.unwrap());
        }
        moved
    }

    fn transmit(&mut self, at: usize, peer: PeerKey) -> bool {
        let replicator = &mut self.nodes[at].replicator;
        for link in self.links.iter_mut().filter(|link| link.open && !link.held) {
            for side in 0..2 {
                let mut out = Vec::new();
                let Who::Node {
                    at: host,
                    peer: name,
                    edge,
                } = &mut link.ends[side].who
                else {
                    continue;
                };
                if *host != at || *name != peer {
                    continue;
                }
                let mut cost = 0;
                while let Some(command) = replicator.poll_command(self.now, peer) {
                    cost += command.cost();
                    if let Some(said) = edge.handle_command(self.now, &command, &mut out) {
                        replicator.handle_edge(self.now, peer, said);
                    }
                }
                if cost > 0 && !link.clogged {
                    replicator.handle_written(peer, cost);
                }
                // Frames held for a feed opened now; an error comes again with the next input.
                drain(self.now, peer, edge, replicator).ok();
                link.ends[1 - side].inbox.extend_from_slice(&out);
                return !out.is_empty() || cost > 0;
            }
        }
        false
    }
}

fn drain(
    now: Instant,
    peer: PeerKey,
    edge: &mut Edge,
    replicator: &mut Replicator,
) -> Result<(), PeerError> {
    while let Some(event) = edge.poll()? {
        replicator.handle_edge(now, peer, event);
    }
    Ok(())
}
