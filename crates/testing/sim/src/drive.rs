//! Time, and the order in which things happen.

use crate::host::{Host, HostId};
use crate::link::{Link, LinkId, Who};
use crate::oracle::Violation;
use crate::world::World;
use core::time::Duration;
use hyperfeed_types::Instant;
use hyperfeed_v2_replicate::{
    EdgeCommand, EdgeEvent, Event, Incoming, Outgoing, PeerError, PeerKey, Reply,
};

impl World {
    /// Lets time pass.
    ///
    /// # Errors
    /// A promise was broken on the way.
    pub fn run_for(&mut self, ms: u64) -> Result<(), Violation> {
        let end = self.now + Duration::from_millis(ms);
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step()?;
        }
        self.now = end;
        self.check()
    }

    /// Lets time pass until every host that is up has everything of its feeds, at most `limit_ms`.
    ///
    /// # Errors
    /// A promise was broken, or somebody is not complete by then.
    pub fn run_until_complete(&mut self, limit_ms: u64) -> Result<(), Violation> {
        let end = self.now + Duration::from_millis(limit_ms);
        loop {
            let Some(stuck) = self.incomplete() else {
                return self.check();
            };
            match self.next_time().filter(|next| *next <= end) {
                Some(next) => {
                    self.now = self.now.max(next);
                    self.step()?;
                }
                None => return Err(stuck),
            }
        }
    }

    /// Compares all nodes that everybody stores with those of the writers that are up.
    ///
    /// # Errors
    /// Somebody stores a node that is none of the writer's.
    pub fn prove(&mut self) -> Result<(), Violation> {
        let Self {
            oracle,
            hosts,
            feeds,
            ..
        } = self;
        oracle.prove(hosts, feeds)
    }

    fn incomplete(&self) -> Option<Violation> {
        for (at, host) in self.hosts.iter().enumerate() {
            if host.node.is_none() {
                continue;
            }
            for name in host.feeds.keys() {
                let feed = &self.feeds[name.0];
                let written = self.hosts[feed.writer.0].feed(*name);
                let length = written.map_or(feed.acknowledged, |written| written.contiguous());
                let sparse = host.options.get(name).is_some_and(|options| options.sparse);
                let held = host.feed(*name).map_or(0, |feed| feed.held_blocks());
                let waits = !host.getting.is_empty() || !host.appending.is_empty();
                if (!sparse && held < length) || waits {
                    return Some(Violation::Stuck {
                        host: HostId(at),
                        feed: *name,
                        held,
                        length,
                    });
                }
            }
        }
        None
    }

    fn next_time(&self) -> Option<Instant> {
        let links = self.links.iter().filter_map(Link::next_time);
        links
            .chain(self.hosts.iter().filter_map(Host::next_time))
            .min()
    }

    /// Everything that is due now.
    fn step(&mut self) -> Result<(), Violation> {
        self.stats.steps += 1;
        for link in 0..self.links.len() {
            for side in 0..2 {
                self.deliver(link, side);
            }
        }
        for at in 0..self.hosts.len() {
            let now = self.now;
            if self.hosts[at].next_time().is_none_or(|due| due > now) {
                continue;
            }
            if let Some(node) = &mut self.hosts[at].node {
                node.handle_timeout(now);
            }
            self.turn(HostId(at));
            let Self {
                oracle,
                hosts,
                feeds,
                ..
            } = self;
            oracle.look(HostId(at), &mut hosts[at], feeds)?;
        }
        // Also of hosts that think there is nothing to do.
        for (at, host) in self.hosts.iter().enumerate() {
            self.oracle
                .measure(self.now, HostId(at), host, &self.links)?;
        }
        // A machine that stopped in the middle of a write.
        for at in 0..self.hosts.len() {
            if self.hosts[at].disk.plan.is_halted() {
                self.crash(HostId(at));
            }
        }
        Ok(())
    }

    /// What has arrived at one end of a link, and its timers.
    fn deliver(&mut self, link: usize, side: usize) {
        let now = self.now;
        let mut touched = false;
        while self.links[link].ends[side].open {
            let end = &mut self.links[link].ends[side];
            if end.writing.front().is_some_and(|(at, _)| *at <= now) {
                let cost = end.writing.pop_front().map_or(0, |(_, cost)| cost);
                if let Some((host, peer)) = end.host()
                    && let Some(node) = &mut self.hosts[host.0].node
                {
                    node.handle_written(peer, cost);
                }
                touched = true;
                continue;
            }
            if end.incoming.front().is_none_or(|(at, _)| *at > now) {
                break;
            }
            let Some((_, bytes)) = end.incoming.pop_front() else {
                break;
            };
            touched = true;
            self.arrive(link, side, &bytes);
        }
        self.tick(link, side);
        if touched
            && self.links[link].ends[side].open
            && let Some((host, _)) = self.links[link].ends[side].host()
        {
            self.turn(host);
        }
    }

    fn arrive(&mut self, link: usize, side: usize, bytes: &[u8]) {
        let now = self.now;
        self.stats.bytes += bytes.len() as u64;
        let place = ((link as u64) << 50) ^ (side as u64);
        self.note(bytes.len() as u64 ^ (now.as_millis() << 20) ^ place);
        if !self.links[link].has_adversary() && link == 0 && side == 0 {
            let room = MAX_RECORDED.saturating_sub(self.recorded.len());
            self.recorded.extend(bytes.iter().take(room));
        }
        match &mut self.links[link].ends[side].who {
            Who::Adversary(adversary) => adversary.handle_input(now, bytes),
            Who::Node { edge, .. } => edge.handle_input(now, bytes),
        }
        self.drain(link, side);
    }

    fn tick(&mut self, link: usize, side: usize) {
        let now = self.now;
        let end = &mut self.links[link].ends[side];
        if !end.open {
            return;
        }
        match &mut end.who {
            Who::Adversary(adversary) => {
                adversary.handle_timeout(now);
                self.drain(link, side);
            }
            Who::Node { edge, .. } => {
                if edge.poll_timeout().is_none_or(|due| due > now) {
                    return;
                }
                let mut out = Vec::new();
                match edge.handle_timeout(now, &mut out) {
                    Ok(()) => {
                        let Self { links, random, .. } = self;
                        links[link].send(now, side, &out, random);
                    }
                    Err(reason) => self.dropped(link, side, &reason),
                }
            }
        }
    }

    /// What an end has to say after it was told something.
    fn drain(&mut self, link: usize, side: usize) {
        let now = self.now;
        loop {
            let end = &mut self.links[link].ends[side];
            if !end.open {
                return;
            }
            match &mut end.who {
                Who::Adversary(adversary) => {
                    let (out, over) = (core::mem::take(&mut adversary.out), adversary.over);
                    let Self { links, random, .. } = self;
                    links[link].send(now, side, &out, random);
                    if over {
                        self.cut(LinkId(link));
                    }
                    return;
                }
                Who::Node { host, peer, edge } => match edge.poll() {
                    Ok(Some(event)) => {
                        let (host, peer) = (*host, *peer);
                        if let EdgeEvent::Message { message, .. } = &event {
                            match message {
                                Incoming::Request(..) => end.asked += 1,
                                Incoming::Response(..) => end.last_response = now,
                                _ => {}
                            }
                        }
                        if let Some(node) = &mut self.hosts[host.0].node {
                            node.handle_edge(now, peer, event);
                        }
                    }
                    Ok(None) => return,
                    Err(reason) => return self.dropped(link, side, &reason),
                },
            }
        }
    }

    /// A node drops a connection: the other side sees it closed, unless nothing arrives there.
    fn dropped(&mut self, link: usize, side: usize, reason: &PeerError) {
        self.stats.dropped += 1;
        self.stats.reason(reason);
        self.say(|| format!("side {side} of {:?} is dropped: {reason}", LinkId(link)));
        self.close(link, side);
        if !self.links[link].half_open {
            self.close(link, 1 - side);
        }
    }

    /// One side of a link is told that it is over.
    pub(crate) fn close(&mut self, link: usize, side: usize) {
        let (now, end) = (self.now, &mut self.links[link].ends[side]);
        if !core::mem::take(&mut end.open) {
            return;
        }
        end.incoming.clear();
        let Some((host, peer)) = end.host() else {
            return;
        };
        if let Some(node) = &mut self.hosts[host.0].node {
            node.disconnect(now, peer);
        }
        self.turn(host);
    }

    /// One turn of a host: commit, then send, then answer, as the replicator's order asks for.
    pub(crate) fn turn(&mut self, id: HostId) {
        let now = self.now;
        self.stats.turns += 1;
        let Some(node) = &mut self.hosts[id.0].node else {
            return;
        };
        node.commit(now);
        for peer in node.peers_with_work() {
            let is_it = |link: &Link| {
                let side = |end: &crate::link::End| end.open && end.host() == Some((id, peer));
                link.ends.iter().position(side)
            };
            let mut links = self.links.iter().enumerate();
            if let Some((link, side)) = links.find_map(|(at, link)| Some((at, is_it(link)?))) {
                self.transmit(link, side, id, peer);
            }
        }
        self.settle(id);
    }

    fn transmit(&mut self, link: usize, side: usize, id: HostId, peer: PeerKey) {
        let now = self.now;
        let Self {
            links,
            hosts,
            random,
            oracle,
            ..
        } = self;
        let (found, end) = (&mut hosts[id.0], &mut links[link].ends[side]);
        let (Some(node), Who::Node { edge, .. }) = (&mut found.node, &mut end.who) else {
            return;
        };
        let (mut out, mut cost) = (Vec::new(), 0);
        while let Some(command) = node.poll_command(now, peer) {
            cost += command.cost();
            if let EdgeCommand::Send { slot, message } = &command
                && let Some((name, _)) = found.feeds.iter().find(|(_, own)| *own == slot)
            {
                match message {
                    Outgoing::Have(range) => oracle.told(id, *name, range.clone()),
                    Outgoing::HaveBits { start, coded } => {
                        oracle.told_bits(id, *name, *start, coded);
                    }
                    Outgoing::Response(answer) => {
                        let block = answer.block.get();
                        oracle.told(id, *name, block..block + 1);
                        end.answers += 1;
                    }
                    Outgoing::Request(..) => end.last_request = now,
                    _ => {}
                }
            }
            if let Some(event) = edge.handle_command(now, &command, &mut out) {
                node.handle_edge(now, peer, event);
            }
        }
        let reads = match &links[link].ends[1 - side].who {
            Who::Adversary(adversary) => adversary.mood != crate::Mood::Deaf,
            Who::Node { .. } => true,
        };
        let left = links[link].send(now, side, &out, random);
        if cost > 0 && reads {
            links[link].ends[side].writing.push_back((left, cost));
        }
        // What the peer sent before we opened the feed comes out now.
        self.drain(link, side);
    }

    fn settle(&mut self, id: HostId) {
        let mut dropped = Vec::new();
        let host = &mut self.hosts[id.0];
        let safe = host.disk.safe();
        let Some(node) = &mut host.node else { return };
        while let Some(reply) = node.poll_reply() {
            match reply {
                Reply::Appended { token, range } => {
                    if let Some((name, class)) = host.appending.remove(&token) {
                        let feed = &mut self.feeds[name.0];
                        if class >= safe {
                            feed.acknowledged = feed.acknowledged.max(range.end);
                        }
                    }
                }
                Reply::Block { token, .. } | Reply::Downloaded { token, .. } => {
                    host.getting.remove(&token);
                    host.got += 1;
                }
                Reply::Failed { token, .. } => {
                    host.appending.remove(&token);
                    host.getting.remove(&token);
                }
                _ => {}
            }
        }
        while let Some(event) = node.poll_event() {
            match event {
                Event::Dropped { peer, reason } => dropped.push((peer, reason)),
                Event::Upload { .. } => {
                    self.stats.uploads += 1;
                    host.uploads += 1;
                }
                _ => {}
            }
        }
        for (peer, reason) in dropped {
            self.hosts[id.0].dropped += 1;
            let place = self.links.iter().enumerate().find_map(|(at, link)| {
                let side = |end: &crate::link::End| end.open && end.host() == Some((id, peer));
                Some((at, link.ends.iter().position(side)?))
            });
            if let Some((link, side)) = place {
                self.dropped(link, side, &reason);
            }
        }
    }
}

/// Bytes of one link that are kept to be played back.
const MAX_RECORDED: usize = 64 << 10;
