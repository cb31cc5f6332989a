//! What goes wrong in a world, and what puts it right again.

use crate::disk::Trouble;
use crate::host::{HostId, NamedFeed};
use crate::link::{End, Link, LinkId};
use crate::stats::{CUT, HALF_OPEN, STALLED, Stats};
use crate::world::World;
use core::time::Duration;
use hyperfeed_v2_replicate::PeerKey;

impl World {
    /// Cuts a link: both sides notice, what was on the way is lost.
    pub fn cut(&mut self, link: LinkId) {
        if self.links.get(link.0).is_some_and(Link::is_open) {
            self.stats.fault(CUT);
            self.say(|| format!("{link:?} is cut"));
            self.close(link.0, 0);
            self.close(link.0, 1);
        }
    }

    /// Nothing arrives on a link any more, and neither side is told.
    pub fn half_open(&mut self, link: LinkId) {
        if let Some(found) = self.links.get_mut(link.0) {
            found.half_open = true;
            found.ends.iter_mut().for_each(|end| end.incoming.clear());
            self.stats.fault(HALF_OPEN);
        }
    }

    /// Nothing moves on a link for a while.
    pub fn stall(&mut self, link: LinkId, for_ms: u64) {
        if let Some(found) = self.links.get_mut(link.0) {
            found.stalled_until = self.now + Duration::from_millis(for_ms);
            self.stats.fault(STALLED);
        }
    }

    /// Stops, or begins again, to answer the other side of a link about a feed.
    pub fn pause(&mut self, link: LinkId, side: usize, name: NamedFeed, paused: bool) {
        let Some((host, peer)) = self.host_at(link, side) else {
            return;
        };
        let found = &mut self.hosts[host.0];
        if let (Some(node), Some(slot)) = (&mut found.node, found.feeds.get(&name)) {
            match paused {
                true => node.pause(peer, *slot),
                false => node.resume(peer, *slot),
            }
            self.turn(host);
        }
    }

    /// Leaves a feed on a link, or joins it again.
    pub fn share(&mut self, link: LinkId, side: usize, name: NamedFeed, shared: bool) {
        let now = self.now;
        let Some((host, peer)) = self.host_at(link, side) else {
            return;
        };
        let found = &mut self.hosts[host.0];
        if let (Some(node), Some(slot)) = (&mut found.node, found.feeds.get(&name)) {
            match shared {
                true => drop(node.join(now, peer, *slot)),
                false => node.leave(now, peer, *slot),
            }
            self.turn(host);
        }
    }

    /// Who is at a side of a link, and its name for the connection; `None` for an adversary.
    fn host_at(&self, link: LinkId, side: usize) -> Option<(HostId, PeerKey)> {
        self.links.get(link.0)?.ends[side].host()
    }

    /// A host dies: its connections break, what its disk may lose is gone.
    pub fn crash(&mut self, id: HostId) {
        if self.hosts[id.0].node.is_none() {
            return;
        }
        self.stats.fault(Stats::crash(self.hosts[id.0].class));
        self.say(|| format!("{id:?} crashes"));
        let Self { hosts, random, .. } = self;
        hosts[id.0].crash(random);
        for link in 0..self.links.len() {
            let at = |end: &End| end.host().is_some_and(|(host, _)| host == id);
            if self.links[link].is_open() && self.links[link].ends.iter().any(at) {
                self.close(link, 0);
                self.close(link, 1);
            }
        }
    }

    /// Starts a host that is down. Its links stay cut.
    pub fn restart(&mut self, id: HostId) {
        if self.hosts[id.0].node.is_none() {
            let Self {
                hosts,
                feeds,
                random,
                ..
            } = self;
            hosts[id.0].start(feeds, random);
            self.oracle.restarted(id, &self.hosts[id.0], &self.feeds);
            self.say(|| format!("{id:?} starts"));
        }
    }

    /// Makes a host's disk fail, from the operation on that comes after so many others.
    pub fn trouble(&mut self, id: HostId, trouble: Trouble, after: u64) {
        if self.hosts[id.0].node.is_some() {
            self.hosts[id.0].disk.trouble(trouble, after);
            self.stats.fault(&Stats::trouble(&trouble));
            self.say(|| format!("the disk of {id:?} has a trouble: {trouble:?}"));
        }
    }

    /// A host's disk works again, if it did not.
    pub fn heal(&mut self, id: HostId) {
        if self.hosts[id.0].node.is_some() {
            self.hosts[id.0].disk.plan.heal();
        }
    }
}
