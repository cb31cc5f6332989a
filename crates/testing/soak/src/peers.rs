use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_std::task;
use futures::future;
use hyperfeed::{Error, FeedKey};

use crate::line::say;
use crate::peer::Peer;
use crate::stdin::orders;
use crate::writer::ordered;

/// What the peers of a process share.
#[derive(Debug)]
pub(crate) struct Process {
    /// No more churn, the feeds have these lengths: get everything and stay.
    pub(crate) settling: OnceLock<Vec<u64>>,
    /// Where each peer listens, if it does.
    pub(crate) ports: Vec<AtomicU16>,
    pub(crate) connections: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) sent: AtomicU64,
}

/// A process of peers that fetch feeds from both writers and from one another until they are told to
/// settle. `feeds` are the numbers and keys of all feeds there are.
///
/// # Errors
/// When something fails, which it must not.
pub fn peers(
    dir: &Path,
    process: usize,
    count: usize,
    feeds_of_peer: usize,
    writers: [SocketAddr; 2],
    feeds: &[(usize, FeedKey)],
) -> Result<(), Error> {
    let shared = Arc::new(Process {
        settling: OnceLock::new(),
        ports: (0..count).map(|_| AtomicU16::new(0)).collect(),
        connections: AtomicU64::new(0),
        received: AtomicU64::new(0),
        sent: AtomicU64::new(0),
    });
    let lives = (0..count).map(|place| {
        let number = process * count + place;
        let own = (0..feeds_of_peer).filter_map(|at| {
            // Spread, so that each feed has about as many readers.
            feeds.get((number * feeds_of_peer + at) % feeds.len().max(1))
        });
        let peer = Peer {
            number,
            place,
            dir: dir.join(format!("peer-{number}")),
            feeds: own.copied().collect(),
            writers,
            process: Arc::clone(&shared),
        };
        task::spawn(peer.live())
    });
    let lives: Vec<_> = lives.collect();
    task::spawn(tell_state(Arc::clone(&shared)));
    say("ready");
    task::block_on(async {
        let orders = orders();
        let settle = async {
            let lengths = ordered(&orders, "settle").await;
            let lengths = lengths.split_whitespace().filter_map(|l| l.parse().ok());
            shared.settling.get_or_init(|| lengths.collect());
        };
        let (read, ()) = future::join(future::try_join_all(lives), settle).await;
        let read: Vec<(u64, hyperfeed::Core)> = read?;
        say(&format!(
            "settled {}",
            read.iter().map(|(blocks, _)| blocks).sum::<u64>()
        ));
        ordered(&orders, "quit").await;
        for (_, core) in read {
            core.close().await?;
        }
        Ok(())
    })
}

async fn tell_state(process: Arc<Process>) {
    loop {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        say(&format!(
            "state {} {} {}",
            number(&process.connections),
            number(&process.sent),
            number(&process.received)
        ));
        task::sleep(Duration::from_secs(1)).await;
    }
}
