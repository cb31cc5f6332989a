//! Networks of six, npm and ours by turns, whose connections come and go while the writer appends.

use std::time::{Duration, Instant};

use futures_timer::Delay;
use hyperfeed_testing_interop::Pattern;

use crate::differential::Pool;
use crate::differential::dice::Dice;
use crate::differential::host::Host;
use crate::ours::within;

const PEERS: usize = 6;
const FEED: usize = 0;
const SIZES: Pattern = Pattern::new(23, 1500);

#[test]
fn everybody_in_a_chain_ends_with_everything() {
    let edges: Vec<[usize; 2]> = (1..PEERS).map(|peer| [peer - 1, peer]).collect();
    run(&edges);
}

#[test]
fn everybody_in_a_star_ends_with_everything() {
    // The writer is at a point of the star, so that all goes through the middle.
    let edges: Vec<[usize; 2]> = (0..PEERS)
        .filter(|peer| *peer != 3)
        .map(|peer| [peer, 3])
        .collect();
    run(&edges);
}

#[test]
fn everybody_in_a_full_mesh_ends_with_everything() {
    let edges: Vec<[usize; 2]> = (0..PEERS)
        .flat_map(|from| (from + 1..PEERS).map(move |to| [from, to]))
        .collect();
    run(&edges);
}

/// Once with npm as the writer, once with us.
fn run(edges: &[[usize; 2]]) {
    let mut pool = Pool::default();
    for ours_first in [false, true] {
        within(async {
            let mut network = Network::start(&mut pool, ours_first, edges).await;
            for _ in 0..ROUNDS {
                network.append().await;
                network.churn().await;
            }
            network.end_with_everything().await;
            network.hosts.into_iter().for_each(|host| pool.give(host));
        });
    }
}

struct Network {
    hosts: Vec<Host>,
    edges: Vec<Edge>,
    connections: usize,
    length: u32,
    dice: Dice,
}

struct Edge {
    ends: [usize; 2],
    connection: Option<usize>,
}

impl Network {
    async fn start(pool: &mut Pool, ours_first: bool, edges: &[[usize; 2]]) -> Self {
        let mut hosts = Vec::new();
        for number in 0..PEERS {
            let ours = (number % 2 == 0) == ours_first;
            hosts.push(Host::start(ours, number, || pool.take()).await);
        }
        let key = hosts[0].create(FEED, true, [41; 32]).await.key;
        for host in hosts.iter_mut().skip(1) {
            host.open(FEED, &key).await;
        }
        let edge = |ends: &[usize; 2]| Edge {
            ends: *ends,
            connection: None,
        };
        let mut network = Self {
            hosts,
            edges: edges.iter().map(edge).collect(),
            connections: 0,
            length: 0,
            dice: Dice::new(edges.len() as u64 + u64::from(ours_first)),
        };
        network.append().await;
        network.connect_all().await;
        network
    }

    async fn append(&mut self) {
        let end = self.length + 1 + u32::try_from(self.dice.below(60)).unwrap();
        let blocks = SIZES.blocks(self.length..end).collect();
        self.hosts[0].append(FEED, blocks).await;
        self.length = end;
    }

    /// Cuts some connections, starts one of ours again, and makes some connections anew.
    async fn churn(&mut self) {
        for edge in 0..self.edges.len() {
            if self.dice.below(4) == 0 {
                self.cut(edge).await;
            }
        }
        let host = usize::try_from(self.dice.below(PEERS as u64)).unwrap();
        for edge in 0..self.edges.len() {
            if self.edges[edge].ends.contains(&host) {
                self.cut(edge).await;
            }
        }
        self.hosts[host].restart().await;
        Delay::new(Duration::from_millis(self.dice.below(100))).await;
        for edge in 0..self.edges.len() {
            if self.dice.below(3) > 0 {
                self.connect(edge).await;
            }
        }
        Delay::new(Duration::from_millis(self.dice.below(100))).await;
    }

    async fn cut(&mut self, edge: usize) {
        if let Some(connection) = self.edges[edge].connection.take() {
            let [from, to] = self.edges[edge].ends;
            self.hosts[from].close(connection).await;
            self.hosts[to].closed(connection).await;
        }
    }

    async fn connect(&mut self, edge: usize) {
        if self.edges[edge].connection.is_none() {
            let [from, to] = self.edges[edge].ends;
            let connection = self.connections;
            self.connections += 1;
            let port = self.hosts[to].listen(&[FEED], true).await;
            self.hosts[from]
                .connect(connection, port, &[FEED], true)
                .await;
            self.hosts[to].accept(connection, port).await;
            self.edges[edge].connection = Some(connection);
        }
    }

    async fn connect_all(&mut self) {
        for edge in 0..self.edges.len() {
            self.connect(edge).await;
        }
    }

    async fn end_with_everything(&mut self) {
        self.connect_all().await;
        let start = Instant::now();
        for (number, host) in self.hosts.iter_mut().enumerate() {
            for block in 0..self.length {
                while !host.has(FEED, u64::from(block)).await {
                    let waited = start.elapsed();
                    assert!(
                        waited < PATIENCE,
                        "host {number} lacks block {block} after {waited:?}"
                    );
                    Delay::new(Duration::from_millis(10)).await;
                }
                let found = host.get(FEED, u64::from(block)).await;
                assert!(
                    found == SIZES.block(block),
                    "block {block} of host {number}"
                );
            }
            assert_eq!(host.length(FEED).await, u64::from(self.length));
            assert_eq!(host.complaints(), Vec::<String>::new(), "host {number}");
        }
    }
}

const ROUNDS: usize = 6;
/// Upstream asks again for a lost request after five seconds.
const PATIENCE: Duration = Duration::from_secs(60);
