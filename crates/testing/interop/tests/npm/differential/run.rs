//! Runs a script and writes down what can be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_timer::Delay;
use hyperfeed_testing_interop::Pattern;

use super::action::Action;
use super::cast::{Cast, HOSTS};
use super::certain::Certain;
use super::host::{Host, Names};
use super::model::Step;
use super::pool::Pool;
use crate::ours::within;

/// For each step what was seen, where it follows from the script.
pub(crate) type Trace = Vec<String>;

/// Runs the steps of a script with this cast. Panics when something goes wrong that never may.
pub(crate) fn run(pool: &mut Pool, seed: u64, steps: &[Step], cast: Cast) -> Trace {
    within(async {
        let mut hosts = Vec::new();
        for host in 0..HOSTS {
            hosts.push(Host::start(cast.is_ours(host), host, || pool.take()).await);
        }
        let mut stage = Stage {
            hosts,
            feeds: BTreeMap::new(),
            connections: BTreeMap::new(),
            messages: 0,
            seed,
            story: format!("seed {seed} with {cast}"),
        };
        let mut trace = Trace::new();
        for step in steps {
            stage.story += &format!("\n{}", step.action);
            trace.push(stage.act(step).await);
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
    steps: &[Step],
    cast: Cast,
    reference: &Trace,
    trace: &Trace,
) -> Option<String> {
    let mut pairs = reference.iter().zip(trace);
    let step = pairs.position(|(expected, seen)| expected != seen)?;
    let told: Vec<String> = steps[..=step]
        .iter()
        .map(|step| step.action.to_string())
        .collect();
    Some(format!(
        "expected: {}\n{cast}: {}\nafter\n{}",
        reference[step],
        trace[step],
        told.join("\n")
    ))
}

struct Stage {
    hosts: Vec<Host>,
    feeds: BTreeMap<usize, Feed>,
    connections: BTreeMap<usize, [usize; 2]>,
    messages: u8,
    seed: u64,
    /// What has happened, for whoever must understand a failure.
    story: String,
}

struct Feed {
    writer: usize,
    names: Names,
    length: u64,
    pattern: Pattern,
    /// Who has it open.
    open: BTreeSet<usize>,
}

impl Stage {
    /// What is seen of a step, as far as it follows from the script.
    async fn act(&mut self, step: &Step) -> String {
        let connection = step.connection;
        let mut seen = String::new();
        match step.action {
            Action::Append { feed, blocks } => {
                seen = self.append(feed, u32::try_from(blocks).unwrap()).await;
            }
            Action::Carry {
                feed,
                block,
                from,
                to,
            } => {
                seen = self
                    .carry(feed, block as u64, (from, to), step.certain)
                    .await
            }
            Action::Connect {
                ends,
                encrypted,
                ref feeds,
            } => self.connect(connection, ends, encrypted, feeds).await,
            Action::Create { feed, host, live } => seen = self.create(feed, host, live).await,
            Action::Cut { .. } => {
                let [from, to] = self.connections[&connection];
                self.hosts[from].close(connection).await;
                self.hosts[to].closed(connection).await;
            }
            Action::Finalize { feed } => {
                let names = self.hosts[self.feeds[&feed].writer].finalize(feed).await;
                seen = format!("{names:?}");
                self.feeds.get_mut(&feed).unwrap().names = names;
            }
            Action::Get { feed, host, block } => {
                let data = self.hosts[host].get(feed, block as u64).await;
                assert!(
                    data == self.block(feed, block as u64),
                    "another block, {}",
                    self.story
                );
                seen = format!("{} bytes", data.len());
            }
            Action::Join { feed, .. } => {
                for host in self.connections[&connection] {
                    self.hosts[host].join(connection, feed).await;
                }
            }
            Action::Leave { feed, .. } => {
                let [from, to] = self.connections[&connection];
                self.hosts[from].met(connection).await;
                self.hosts[to].met(connection).await;
                self.hosts[to].leave(connection, feed).await;
            }
            Action::Look { feed, host } => seen = self.look(feed, host, step.certain).await,
            Action::Open { feed, host, sparse } => {
                let model = self.feeds.get_mut(&feed).unwrap();
                model.open.insert(host);
                let key = model.names.key.clone();
                seen = format!("{:?}", self.hosts[host].open_as(feed, &key, sparse).await);
            }
            Action::Pause { feed, host } => {
                let near = numbers(&step.hosts);
                self.hosts[host].pause(feed, &near).await;
            }
            Action::Reopen { feed, host } => {
                let key = self.feeds[&feed].names.key.clone();
                seen = format!("{:?}", self.hosts[host].reopen(feed, &key).await);
            }
            Action::Restart { host } => seen = self.restart(host).await,
            Action::Resume { feed, host } => {
                let near = numbers(&step.hosts);
                self.hosts[host].resume(feed, &near).await;
            }
            Action::Say { feed, host } => {
                self.messages += 1;
                seen = self.message(feed, host, &step.hosts, self.messages).await;
            }
            Action::Settle { feed, .. } => self.settle(feed, &step.hosts).await,
        }
        seen
    }

    async fn connect(
        &mut self,
        connection: usize,
        [from, to]: [usize; 2],
        encrypted: bool,
        feeds: &[usize],
    ) {
        let port = self.hosts[to].listen(feeds, encrypted).await;
        self.hosts[from]
            .connect(connection, port, feeds, encrypted)
            .await;
        self.hosts[to].accept(connection, port).await;
        self.connections.insert(connection, [from, to]);
    }

    /// Closes the host's store and opens it with all its feeds again.
    async fn restart(&mut self, host: usize) -> String {
        let feeds = self.feeds.iter();
        let open: Vec<(usize, String)> = feeds
            .filter(|(_, feed)| feed.open.contains(&host))
            .map(|(number, feed)| (*number, feed.names.key.clone()))
            .collect();
        format!("{:?}", self.hosts[host].reopen_all(&open).await)
    }

    async fn create(&mut self, feed: usize, host: usize, live: bool) -> String {
        let number = u8::try_from(feed).unwrap();
        let mut key_seed = [number; 32];
        key_seed[..8].copy_from_slice(&self.seed.to_be_bytes());
        let names = self.hosts[host].create(feed, live, key_seed).await;
        let seen = format!("{names:?}");
        let pattern_seed = u32::try_from(self.seed % 0xffff_ffff).unwrap() ^ u32::from(number);
        let made = Feed {
            writer: host,
            names,
            length: 0,
            pattern: Pattern::new(pattern_seed, 3000),
            open: BTreeSet::from([host]),
        };
        self.feeds.insert(feed, made);
        seen
    }

    fn block(&self, feed: usize, block: u64) -> Vec<u8> {
        self.feeds[&feed]
            .pattern
            .block(u32::try_from(block).unwrap())
    }

    async fn append(&mut self, feed: usize, blocks: u32) -> String {
        let model = self.feeds.get_mut(&feed).unwrap();
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
    async fn settle(&mut self, feed: usize, hosts: &[(usize, usize)]) {
        let mut union = BTreeSet::new();
        for (host, _) in hosts {
            union.append(&mut self.held(feed, *host).await);
        }
        for (host, _) in hosts {
            self.hosts[*host].fetch(feed, &union);
        }
        let start = Instant::now();
        for (host, _) in hosts {
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
            let expected = self.block(feed, *block);
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
        for block in 0..self.feeds[&feed].length {
            let digest = self.hosts[host].digest(feed, block).await;
            seen += &format!("\nblock {block}: digest {digest}");
            // Only npm gives proofs of a static feed that is not sealed; there is nothing yet that they could prove.
            if held.contains(&block) && !self.feeds[&feed].names.key.is_empty() {
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
        for block in 0..self.feeds[&feed].length {
            if self.hosts[host].has(feed, block).await {
                held.insert(block);
            }
        }
        held
    }
}

fn numbers(near: &[(usize, usize)]) -> Vec<usize> {
    near.iter().map(|(_, connection)| *connection).collect()
}

/// How often a state that will come is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// After which a message that was not heard is sent again.
const SENT_AGAIN: Duration = Duration::from_millis(500);
/// Upstream asks again for a lost request after five seconds.
const SETTLED: Duration = Duration::from_secs(60);
