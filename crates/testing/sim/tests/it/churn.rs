//! Random sessions: appends, cuts, stalls, crashes, restarts, reconnects. In the end everyone has everything.

use hyperfeed_testing_sim::{HostId, NamedFeed, Quality, Violation, World};
use hyperfeed_v2_replicate::FeedOptions;

struct Session {
    world: World,
    hosts: Vec<HostId>,
    down: Vec<bool>,
    feeds: Vec<NamedFeed>,
}

impl Session {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let count = 2 + world.random().below(4);
        let hosts: Vec<HostId> = (0..count).map(|_| world.add_host()).collect();
        let feeds: Vec<NamedFeed> = (0..1 + world.random().below(2))
            .map(|_| {
                let writer = hosts[world.random().below(count) as usize];
                let feed = world.create_live(writer);
                for host in hosts.iter().filter(|host| **host != writer) {
                    let sparse = world.random().chance(15);
                    world.clone_feed(
                        *host,
                        feed,
                        FeedOptions {
                            sparse,
                            ..FeedOptions::default()
                        },
                    );
                }
                feed
            })
            .collect();
        let down = vec![false; hosts.len()];
        Self {
            world,
            hosts,
            down,
            feeds,
        }
    }

    fn quality(&mut self) -> Quality {
        let random = self.world.random();
        Quality {
            delay_ms: random.below(80),
            bytes_per_ms: 20 + random.below(2000),
            chunk: 1 + random.below(3000) as usize,
        }
    }

    fn step(&mut self) -> Result<(), Violation> {
        let random = self.world.random();
        let (what, pick, other) = (random.below(100), random.next(), random.next());
        let count = self.hosts.len() as u64;
        let host = |pick: u64| (pick % count) as usize;
        let feed = self.feeds[(pick % self.feeds.len() as u64) as usize];
        match what {
            0..25 => {
                let count = 1 + other % 12;
                let blocks = (0..count)
                    .map(|at| vec![at as u8; (other >> 8) as usize % 300])
                    .collect();
                self.world.append(feed, blocks);
            }
            25..50 => {
                let quality = self.quality();
                let encrypted = self.world.random().chance(80);
                self.world.connect(
                    self.hosts[host(pick)],
                    self.hosts[host(other)],
                    quality,
                    encrypted,
                );
            }
            50..62 => {
                let links = self.world.open_links();
                if !links.is_empty() {
                    self.world.cut(links[(pick % links.len() as u64) as usize]);
                }
            }
            62..68 => {
                let links = self.world.open_links();
                if !links.is_empty() {
                    self.world.stall(
                        links[(pick % links.len() as u64) as usize],
                        1 + other % 3000,
                    );
                }
            }
            68..76 => {
                let at = host(pick);
                self.world.crash(self.hosts[at]);
                self.down[at] = true;
            }
            76..86 => {
                let at = host(pick);
                self.world.restart(self.hosts[at]);
                self.down[at] = false;
            }
            86..92 => {
                let length = self.world.acknowledged(feed);
                if length > 0 {
                    self.world.get(self.hosts[host(other)], feed, pick % length);
                }
            }
            _ => {
                let time = pick % 400;
                return self.world.run_for(time);
            }
        }
        self.world.run_for(1)
    }

    /// Faults end; everyone is linked to everyone.
    fn finish(&mut self) -> Result<(), Violation> {
        for host in self.hosts.clone() {
            self.world.restart(host);
        }
        for link in self.world.open_links() {
            self.world.cut(link);
        }
        for (at, a) in self.hosts.clone().into_iter().enumerate() {
            for b in self.hosts.clone().into_iter().skip(at + 1) {
                self.world.connect(a, b, Quality::default(), true);
            }
        }
        self.world.run_until_complete(120_000)
    }
}

fn session(seed: u64) -> Result<(), Violation> {
    let mut session = Session::new(seed);
    for _ in 0..40 {
        session.step()?;
    }
    session.finish()
}

#[test]
fn random_sessions_end_complete_and_break_no_promise() {
    let seeds: u64 = std::env::var("HYPERFEED_SIM_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(300);
    let first: u64 = std::env::var("HYPERFEED_SIM_FIRST")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let failed: Vec<(u64, Violation)> = (first..first + seeds)
        .filter_map(|seed| session(seed).err().map(|violation| (seed, violation)))
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {seeds} seeds failed: {:?}",
        failed.len(),
        &failed[..failed.len().min(5)]
    );
}
