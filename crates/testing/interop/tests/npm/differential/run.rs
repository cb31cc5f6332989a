//! Runs a script and writes down what can be seen.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_timer::Delay;
use hyperfeed_testing_interop::{NpmPeer, Pattern};

use super::action::{Action, Certain};
use super::cast::{Cast, HOSTS};
use super::host::{Host, Names};
use crate::ours::within;

/// npm processes between scripts.
#[derive(Default)]
pub(crate) struct Pool(Vec<NpmPeer>);

impl Pool {
    pub(crate) fn take(&mut self) -> NpmPeer {
        self.0.pop().unwrap_or_else(|| NpmPeer::spawn().unwrap())
    }

    pub(crate) fn give(&mut self, host: Host) {
        self.0.extend(host.end());
    }
}

/// For each step what was seen, where it follows from the script.
pub(crate) type Trace = Vec<String>;

/// Runs a script with this cast.
pub(crate) fn run(pool: &mut Pool, seed: u64, script: &[Action], cast: Cast) -> Trace {
    within(async {
        let mut hosts = Vec::new();
        for host in 0..HOSTS {
            hosts.push(Host::start(cast.is_ours(host), host, || pool.take()).await);
        }
        let mut stage = Stage {
            hosts,
            feeds: Vec::new(),
            connections: Vec::new(),
            story: format!("seed {seed} with {cast}"),
        };
        let mut trace = Trace::new();
        for (step, action) in script.iter().enumerate() {
            stage.story += &format!("\n{step:4} {action:?}");
            trace.push(stage.act(seed, action).await);
            for host in 0..HOSTS {
                let complaints = stage.hosts[host].complaints();
                let story = &stage.story;
                assert!(
                    complaints.is_empty(),
                    "host {host} complains: {complaints:?}\n{story}"
                );
            }
        }
        // Only after a script that went well: a peer that failed is not used again.
        stage.hosts.into_iter().for_each(|host| pool.give(host));
        trace
    })
}

/// The first step that went differently, in words.
pub(crate) fn difference(
    script: &[Action],
    cast: Cast,
    reference: &Trace,
    trace: &Trace,
) -> Option<String> {
    let differs = |(expected, seen): &(&String, &String)| expected != seen;
    let step = reference
        .iter()
        .zip(trace)
        .position(|pair| differs(&pair))?;
    Some(format!(
        "npm alone: {}\n{cast}: {}\nafter\n{}",
        reference[step],
        trace[step],
        told(&script[..=step])
    ))
}

/// Steps, a line each.
pub(crate) fn told(script: &[Action]) -> String {
    let steps = script.iter().enumerate();
    let lines: Vec<String> = steps
        .map(|(step, action)| format!("{step:4} {action:?}"))
        .collect();
    lines.join("\n")
}

struct Stage {
    hosts: Vec<Host>,
    feeds: Vec<Feed>,
    connections: Vec<[usize; 2]>,
    /// What has happened, for whoever must understand a failure.
    story: String,
}

struct Feed {
    writer: usize,
    names: Names,
    length: u64,
    pattern: Pattern,
}

impl Stage {
    async fn act(&mut self, seed: u64, action: &Action) -> String {
        match action {
            Action::Append { feed, blocks } => self.append(*feed, *blocks).await,
            Action::Carry {
                feed,
                block,
                from,
                to,
                certain,
            } => self.carry(*feed, *block, (*from, *to), *certain).await,
            Action::Connect {
                from,
                to,
                feeds,
                encrypted,
            } => {
                let number = self.connections.len();
                let port = self.hosts[*to].listen(feeds, *encrypted).await;
                self.hosts[*from]
                    .connect(number, port, feeds, *encrypted)
                    .await;
                self.hosts[*to].accept(number, port).await;
                self.connections.push([*from, *to]);
                String::new()
            }
            Action::Create { feed, host, live } => self.create(seed, *feed, *host, *live).await,
            Action::Cut { connection } => {
                let [from, to] = self.connections[*connection];
                self.hosts[from].close(*connection).await;
                self.hosts[to].closed(*connection).await;
                String::new()
            }
            Action::Finalize { feed } => {
                let writer = self.feeds[*feed].writer;
                self.feeds[*feed].names = self.hosts[writer].finalize(*feed).await;
                format!("{:?}", self.feeds[*feed].names)
            }
            Action::Get { feed, host, block } => {
                let data = self.hosts[*host].get(*feed, *block).await;
                let expected = self.feeds[*feed]
                    .pattern
                    .block(u32::try_from(*block).unwrap());
                assert!(data == expected, "another block, {}", self.story);
                format!("{} bytes", data.len())
            }
            Action::Join { connection, feed } => {
                for host in self.connections[*connection] {
                    self.hosts[host].join(*connection, *feed).await;
                }
                String::new()
            }
            Action::Leave { connection, feed } => {
                let [from, to] = self.connections[*connection];
                self.hosts[from].met(*connection).await;
                self.hosts[to].met(*connection).await;
                self.hosts[to].leave(*connection, *feed).await;
                String::new()
            }
            Action::Look {
                feed,
                host,
                certain,
            } => self.look(*feed, *host, *certain).await,
            Action::Message {
                feed,
                from,
                to,
                body,
            } => self.message(*feed, *from, to, *body).await,
            Action::Pause {
                feed,
                host,
                connections,
            } => {
                self.hosts[*host].pause(*feed, connections).await;
                String::new()
            }
            Action::Resume {
                feed,
                host,
                connections,
            } => {
                self.hosts[*host].resume(*feed, connections).await;
                String::new()
            }
            Action::Open { feed, host } => {
                let key = self.feeds[*feed].names.key.clone();
                format!("{:?}", self.hosts[*host].open(*feed, &key).await)
            }
            Action::Reopen { feed, host } => {
                let key = self.feeds[*feed].names.key.clone();
                format!("{:?}", self.hosts[*host].reopen(*feed, &key).await)
            }
            Action::Settle { feed, hosts } => {
                self.settle(*feed, hosts).await;
                String::new()
            }
        }
    }

    async fn create(&mut self, seed: u64, feed: usize, host: usize, live: bool) -> String {
        let mut key_seed = [u8::try_from(feed).unwrap(); 32];
        key_seed[..8].copy_from_slice(&seed.to_be_bytes());
        let names = self.hosts[host].create(feed, live, key_seed).await;
        let seen = format!("{names:?}");
        let pattern = Pattern::new(
            u32::try_from(seed % 0xffff_ffff).unwrap() ^ u32::try_from(feed).unwrap(),
            3000,
        );
        self.feeds.push(Feed {
            writer: host,
            names,
            length: 0,
            pattern,
        });
        seen
    }

    async fn append(&mut self, feed: usize, blocks: u32) -> String {
        let model = &mut self.feeds[feed];
        let from = u32::try_from(model.length).unwrap();
        model.length += u64::from(blocks);
        let blocks = model.pattern.blocks(from..from + blocks).collect();
        let length = self.hosts[model.writer].append(feed, blocks).await;
        format!("length {length}")
    }

    async fn carry(
        &mut self,
        feed: usize,
        block: u64,
        (from, to): (usize, usize),
        certain: Certain,
    ) -> String {
        let digest = self.hosts[to].digest(feed, block).await;
        let proof = self.hosts[from].proof(feed, block, digest).await;
        let data = self.hosts[from].get(feed, block).await;
        let put = self.hosts[to].put(feed, block, data, &proof).await;
        assert_eq!(
            put,
            Ok(()),
            "{}, digest {digest}, proof {proof:?}",
            self.story
        );
        if certain < Certain::Nodes {
            return String::new();
        }
        let length = self.hosts[to].length(feed).await;
        format!("digest {digest}, proof {proof:?}, length {length}")
    }

    /// Sends again until everybody has heard it: a channel may be open here and not yet there.
    async fn message(
        &mut self,
        feed: usize,
        from: usize,
        to: &[(usize, usize)],
        body: u8,
    ) -> String {
        let connections: Vec<usize> = to.iter().map(|(_, number)| *number).collect();
        let mut heard: BTreeSet<usize> = BTreeSet::new();
        let start = Instant::now();
        while heard.len() < to.len() {
            assert!(start.elapsed() < SETTLED, "unheard, {}", self.story);
            self.hosts[from].send(feed, &connections, body).await;
            let sent = Instant::now();
            while heard.len() < to.len() && sent.elapsed() < SENT_AGAIN {
                Delay::new(LOOK_EVERY).await;
                for (host, connection) in to {
                    if self.hosts[*host].has_heard(feed, *connection, body).await {
                        heard.insert(*host);
                    }
                }
            }
        }
        format!("{body} heard by {heard:?}")
    }

    /// Waits until each of `hosts` holds what any of them held. Nobody appends meanwhile.
    async fn settle(&mut self, feed: usize, hosts: &[usize]) {
        let mut union = BTreeSet::new();
        for host in hosts {
            union.append(&mut self.held(feed, *host).await);
        }
        let start = Instant::now();
        for host in hosts {
            loop {
                let missing: BTreeSet<u64> = &union - &self.held(feed, *host).await;
                if missing.is_empty() {
                    break;
                }
                assert!(
                    start.elapsed() < SETTLED,
                    "host {host} lacks {missing:?}, {}",
                    self.story
                );
                Delay::new(LOOK_EVERY).await;
            }
        }
    }

    async fn look(&mut self, feed: usize, host: usize, certain: Certain) -> String {
        let held = self.held(feed, host).await;
        for block in &held {
            let data = self.hosts[host].get(feed, *block).await;
            let expected = self.feeds[feed]
                .pattern
                .block(u32::try_from(*block).unwrap());
            assert!(data == expected, "block {block} is another, {}", self.story);
        }
        let mut seen = match certain {
            Certain::Bytes => return String::new(),
            Certain::Blocks => return format!("holds {held:?}"),
            Certain::Nodes => format!(
                "length {}, holds {held:?}",
                self.hosts[host].length(feed).await
            ),
        };
        for block in 0..self.feeds[feed].length {
            let digest = self.hosts[host].digest(feed, block).await;
            seen += &format!("\nblock {block}: digest {digest}");
            // Only npm gives proofs of a static feed that is not sealed; there is nothing yet that they could prove.
            if held.contains(&block) && !self.feeds[feed].names.key.is_empty() {
                for digest in [0, 1, 2 + block, 5] {
                    let proof = self.hosts[host].proof(feed, block, digest).await;
                    seen += &format!("\n  for {digest}: {proof:?}");
                }
            }
        }
        seen
    }

    async fn held(&mut self, feed: usize, host: usize) -> BTreeSet<u64> {
        let mut held = BTreeSet::new();
        for block in 0..self.feeds[feed].length {
            if self.hosts[host].has(feed, block).await {
                held.insert(block);
            }
        }
        held
    }
}

/// How often a state that will come is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// After which a message that was not heard is sent again.
const SENT_AGAIN: Duration = Duration::from_millis(500);
/// Upstream asks again for a lost request after five seconds.
const SETTLED: Duration = Duration::from_secs(60);
