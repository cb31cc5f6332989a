//! Random sessions, made of actions that can be left out one by one.

use crate::action::Action;
use crate::adversary::Mood;
use crate::disk::Trouble;
use crate::host::{HostId, NamedFeed};
use crate::lie::Lie;
use crate::link::{LinkId, Quality};
use crate::oracle::Violation;
use crate::random::Random;
use crate::stats::Stats;
use crate::world::World;
use hyperfeed_storage::{Durability, Fault};
use hyperfeed_v2_replicate::{FeedOptions, Strategy};

/// A session: a network drawn from a seed, and what happens to it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Draws the network, and everything that actions leave to chance.
    pub seed: u64,
    /// What happens, in order.
    pub actions: Vec<Action>,
}

/// How a session ended badly.
#[derive(Debug, Clone)]
pub struct Failure {
    /// How many actions had been carried out.
    pub actions: usize,
    /// What was broken.
    pub violation: Violation,
}

impl Scenario {
    /// The session of a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x5ce0_a210);
        let count = 20 + random.below(40);
        let actions = (0..count).map(|_| Action::drawn(&mut random)).collect();
        Self { seed, actions }
    }

    /// Carries it out, then lets all faults end and everyone meet: in the end everyone has everything.
    ///
    /// # Errors
    /// A promise was broken.
    pub fn run(&self, loud: bool) -> Result<Stats, Failure> {
        let run = || self.carry_out(loud);
        // A panic is a failure like another, and shrunk like one.
        std::panic::catch_unwind(run).unwrap_or(Err(Failure {
            actions: self.actions.len(),
            violation: Violation::Panicked,
        }))
    }

    fn carry_out(&self, loud: bool) -> Result<Stats, Failure> {
        let mut session = Session::new(self.seed);
        if loud {
            session.world.print_trace();
        }
        for (at, action) in self.actions.iter().enumerate() {
            session.world.say(|| format!("{action:?}"));
            session.act(*action).map_err(|violation| Failure {
                actions: at + 1,
                violation,
            })?;
        }
        let finished = session.finish();
        finished.map_err(|violation| Failure {
            actions: self.actions.len(),
            violation,
        })?;
        let mut stats = session.world.stats();
        stats.trace = session.world.trace_hash();
        Ok(stats)
    }

    /// The trace of a run: the same for the same session.
    #[must_use]
    pub fn trace(&self) -> u64 {
        let mut session = Session::new(self.seed);
        for action in &self.actions {
            session.act(*action).ok();
        }
        session.world.trace_hash()
    }

    /// Leaves out actions as long as the session still fails: at most `runs` runs.
    #[must_use]
    pub fn shrunk(&self, runs: usize) -> Self {
        let mut least = self.clone();
        let mut left = runs;
        let mut piece = least.actions.len().div_ceil(2);
        while piece > 0 {
            let mut at = 0;
            while at < least.actions.len() && left > 0 {
                let mut fewer = least.clone();
                fewer
                    .actions
                    .drain(at..(at + piece).min(least.actions.len()));
                left -= 1;
                match fewer.run(false) {
                    Err(_) => least = fewer,
                    Ok(_) => at += piece,
                }
            }
            piece = if piece == 1 { 0 } else { piece.div_ceil(2) };
        }
        least
    }
}

struct Session {
    world: World,
    hosts: Vec<HostId>,
    classes: Vec<Durability>,
    feeds: Vec<NamedFeed>,
    /// Every copy is sparse, and every adversary lies: what was believed once stays, and has to be seen through later.
    credulous: bool,
}

impl Session {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let count = 2 + world.random().below(4);
        let mut session = Self {
            hosts: Vec::new(),
            classes: Vec::new(),
            feeds: Vec::new(),
            credulous: seed % 8 == 3,
            world: {
                world.random().draw();
                world
            },
        };
        for _ in 0..count {
            let class = match session.world.random().below(100) {
                0..25 => Durability::Power,
                25..50 => Durability::Relaxed,
                _ => Durability::Process,
            };
            session.classes.push(class);
            session.hosts.push(session.world.add_host_of(class));
        }
        for _ in 0..1 + session.world.random().below(2) {
            session.add_feed();
        }
        session
    }

    fn add_feed(&mut self) {
        let draw = self.world.random().draw();
        let writer = self.hosts[(draw >> 8) as usize % self.hosts.len()];
        let feed = if draw % 100 < 15 {
            // Not the same as those of another feed: their key would be the same, too.
            let block = |at: u64| draw.to_le_bytes().repeat(1 + at as usize);
            let blocks = (0..1 + draw % 30).map(block);
            self.world.create_static(writer, blocks.collect())
        } else {
            self.world.create_live_in(writer, draw % 4 == 3)
        };
        for host in self
            .hosts
            .clone()
            .into_iter()
            .filter(|host| *host != writer)
        {
            let draw = self.world.random().draw();
            let options = FeedOptions {
                sparse: draw % 100 < 30 || self.credulous,
                strategy: match (draw >> 8) % 3 {
                    0 => Strategy::Linear,
                    1 => Strategy::Random,
                    _ => Strategy::Rarest,
                },
                ..FeedOptions::default()
            };
            let attached = (draw >> 16).is_multiple_of(4);
            self.world.clone_feed_in(host, feed, options, attached);
        }
        self.feeds.push(feed);
    }

    fn act(&mut self, action: Action) -> Result<(), Violation> {
        match action {
            Action::Append {
                feed,
                count,
                size,
                class,
            } => {
                let feed = self.feed(feed);
                let blocks = (0..count).map(|at| vec![at as u8; (size + at) as usize]);
                let class = self.class(feed, class);
                self.world.append_in(feed, blocks.collect(), class);
            }
            Action::Besiege { host, mood } => {
                let encrypted = !mood.is_multiple_of(5);
                let host = self.host(host);
                let mood_of = match self.credulous {
                    true => Mood::Lies(Lie::ALL[(mood >> 8) as usize % Lie::ALL.len()]),
                    false => Mood::drawn(mood),
                };
                self.world.besiege(host, mood_of, encrypted);
                // Who asks for nothing is told no lies.
                for feed in self.feeds.clone() {
                    let length = self.world.acknowledged(feed);
                    if length > 0 {
                        self.world.get(host, feed, mood % length);
                    }
                }
            }
            Action::Connect { a, b, quality } => {
                let (a, b) = (self.host(a), self.host(b));
                let encrypted = quality % 5 > 0;
                self.world.connect(a, b, bad(quality), encrypted);
            }
            Action::Crash { host } => self.world.crash(self.host(host)),
            Action::Download {
                host,
                feed,
                start,
                count,
            } => {
                let feed = self.feed(feed);
                let length = self.world.acknowledged(feed);
                if length > 0 {
                    let start = start % length;
                    let range = start..length.min(start + count);
                    self.world.download(self.host(host), feed, range);
                }
            }
            Action::Get { host, feed, block } => {
                let feed = self.feed(feed);
                let length = self.world.acknowledged(feed);
                if length > 0 {
                    self.world.get(self.host(host), feed, block % length);
                }
            }
            Action::Heal { host } => self.world.heal(self.host(host)),
            Action::Restart { host } => self.world.restart(self.host(host)),
            Action::Trouble { host, what, after } => {
                self.world.trouble(self.host(host), trouble(what), after);
            }
            Action::Wait { ms } => {
                self.world.run_for(ms)?;
                // Costs reading every feed: not at each step.
                return match ms % 4 {
                    0 => self.world.prove(),
                    _ => Ok(()),
                };
            }
            Action::Cut { link }
            | Action::HalfOpen { link }
            | Action::Pause { link, .. }
            | Action::Share { link, .. }
            | Action::Stall { link, .. } => self.act_on_link(action, link),
        }
        self.world.run_for(1)
    }

    fn act_on_link(&mut self, action: Action, link: u64) {
        let links = self.world.open_links();
        if links.is_empty() {
            return;
        }
        let side = (link >> 40) as usize % 2;
        let link: LinkId = links[link as usize % links.len()];
        match action {
            Action::Cut { .. } => self.world.cut(link),
            Action::HalfOpen { .. } => self.world.half_open(link),
            Action::Pause { feed, paused, .. } => {
                self.world.pause(link, side, self.feed(feed), paused);
            }
            Action::Share { feed, shared, .. } => {
                self.world.share(link, side, self.feed(feed), shared);
            }
            Action::Stall { ms, .. } => self.world.stall(link, ms),
            _ => {}
        }
    }

    /// Faults end, half of the adversaries stay; everyone is linked to everyone.
    fn finish(&mut self) -> Result<(), Violation> {
        for host in self.hosts.clone() {
            self.world.heal(host);
            self.world.restart(host);
        }
        for link in self.world.open_links() {
            if !self.world.is_besieged(link) || self.world.random().chance(50) {
                self.world.cut(link);
            }
        }
        for (at, a) in self.hosts.clone().into_iter().enumerate() {
            for b in self.hosts.clone().into_iter().skip(at + 1) {
                self.world.connect(a, b, Quality::default(), true);
            }
        }
        // Sparse copies want little of themselves: what they hold must still be of use for what they are asked.
        for host in self.hosts.clone() {
            for feed in self.feeds.clone() {
                let length = self.world.acknowledged(feed);
                if length > 0 {
                    let any = self.world.random().below(length);
                    self.world.get(host, feed, any);
                    self.world.get(host, feed, length - 1);
                }
            }
        }
        self.world.run_until_complete(CONVERGES_MS)?;
        // What adversaries still have to say changes nothing.
        self.world.run_for(10_000)?;
        self.world.run_until_complete(CONVERGES_MS)?;
        self.world.prove()
    }

    fn host(&self, draw: u64) -> HostId {
        self.hosts[draw as usize % self.hosts.len()]
    }

    fn feed(&self, draw: u64) -> NamedFeed {
        self.feeds[draw as usize % self.feeds.len()]
    }

    /// A class that the writer's crashes respect: after a loss of power, weaker promises are void.
    fn class(&self, feed: NamedFeed, draw: u64) -> Option<Durability> {
        let writer = self.world.feeds[feed.0].writer;
        match (self.classes[writer.0], draw % 6) {
            (_, 0..3) => None,
            (_, 3) => Some(Durability::Power),
            (Durability::Power, _) => None,
            (Durability::Relaxed, 4) => Some(Durability::Process),
            (_, 4) => Some(Durability::Relaxed),
            _ => Some(Durability::Process),
        }
    }
}

fn bad(draw: u64) -> Quality {
    Quality {
        delay_ms: draw % 80,
        bytes_per_ms: 20 + (draw >> 8) % 2000,
        chunk: 1 + (draw >> 20) as usize % 3000,
    }
}

fn trouble(draw: u64) -> Trouble {
    let fault = match (draw >> 8) % 4 {
        0 => Fault::After,
        1 => Fault::Before,
        2 => Fault::Hidden,
        _ => Fault::Torn,
    };
    match draw % 10 {
        0 => Trouble::Full,
        1..4 => Trouble::Halt(fault),
        4..6 => Trouble::Read,
        _ => Trouble::Operation(fault),
    }
}

/// Time in which everyone who is linked has everything, once faults have ended.
const CONVERGES_MS: u64 = 120_000;
