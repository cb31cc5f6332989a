//! Connections that fetch a feed.

use crate::args::Connection;
use crate::bar::Bar;
use crate::error::Failure;
use crate::output::Output;
use async_std::future::timeout;
use async_std::task::{self, JoinHandle};
use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::{FutureExt, SinkExt, StreamExt};
use hyperfeed::tcp::{self, Reconnect};
use hyperfeed::{
    Core, ErrorKind, Feed, Progress, PublicId, ReplicateOptions, Replication, ReplicationEvent,
    ReplicationEvents, Status,
};
use serde_json::json;
use std::ops::Range;
use std::pin::pin;
use std::time::Duration;

/// Connections that fetch one feed, one task each.
pub(crate) struct Fetch {
    tasks: Vec<JoinHandle<()>>,
    ended: mpsc::Receiver<Failure>,
}

impl Fetch {
    /// Connects to every address. With `live` for ever, again and again; otherwise once each.
    pub(crate) fn start(
        core: &Core,
        feed: &Feed,
        addresses: &[String],
        connection: &Connection,
        live: bool,
        bar: &Bar,
    ) -> Self {
        let (send, ended) = mpsc::channel(addresses.len());
        let tasks = addresses.iter().map(|address| {
            let line = Line {
                core: core.clone(),
                feed: feed.clone(),
                address: address.clone(),
                options: options(connection).listed([feed]),
                patience: patience(connection),
                bar: bar.clone(),
            };
            let mut send = send.clone();
            task::spawn(async move {
                let failure = if live {
                    line.keep().await
                } else {
                    line.once().await
                };
                // Nobody listens any more: the download is done.
                send.send(failure).await.ok();
            })
        });
        Self {
            tasks: tasks.collect(),
            ended,
        }
    }

    /// Downloads a range, with a bar; fails when the last connection has ended before. An end past the last block
    /// that peers have is taken back to it.
    pub(crate) async fn download(
        &mut self,
        feed: &Feed,
        range: Range<u64>,
        bar: &Bar,
        output: Output,
    ) -> Result<Progress, Failure> {
        let download = if range.end == u64::MAX {
            feed.download(range.start..)
        } else {
            feed.download(range.clone())
        };
        let mut progress = download.progress();
        let shows = async {
            let mut last = Progress::default();
            while let Some(progress) = progress.next().await {
                bar.show(&progress);
                last = progress;
                if output.json {
                    let object = json!({
                        "event": "progress", "held": progress.held, "total": progress.total,
                        "bytes": progress.held_bytes, "byte_length": progress.byte_length,
                        "rate": progress.rate, "peers": progress.peers,
                    });
                    // Nobody reads it: the download goes on all the same.
                    output.event("", &object).ok();
                }
            }
            last
        };
        let ends_early = reaches_end(feed, range);
        let whole = async {
            match select(pin!(download), pin!(ends_early)).await {
                Either::Left((done, _)) => Ok(done?),
                Either::Right((done, _)) => done,
            }
        };
        let work = async {
            // The stream of progress may end first: the download then has ended as well.
            let shows = pin!(async {
                shows.await;
                futures::future::pending::<()>().await;
            });
            match select(pin!(whole), shows).await {
                Either::Left((done, _)) => done,
                Either::Right(_) => Err(Failure::new("the progress ended")),
            }
        };
        self.until_all_ended(work, bar).await
    }

    /// Does some work that needs the connections: fails when the last of them has ended before.
    pub(crate) async fn until_all_ended<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
        bar: &Bar,
    ) -> Result<T, Failure> {
        let mut work = pin!(work);
        let mut failures = Vec::new();
        while failures.len() < self.tasks.len() {
            match select(work.as_mut(), self.ended.next()).await {
                Either::Left((result, _)) => return result,
                Either::Right((Some(failure), _)) => {
                    if failures.len() + 1 < self.tasks.len() {
                        bar.note(&format!("{failure}; going on with the other peers"));
                    }
                    failures.push(failure);
                }
                Either::Right((None, _)) => break,
            }
        }
        // The last blocks may have been on their way from socket to store.
        match timeout(SETTLE, work).await {
            Ok(result) => result,
            Err(_) => Err(Failure::together(failures)),
        }
    }

    /// Ends the connections.
    pub(crate) async fn stop(self) {
        for task in self.tasks {
            task.cancel().await;
        }
    }
}

/// Waits until every block of a range that any peer has is here, for ranges that reach past the end of the feed.
async fn reaches_end(feed: &Feed, range: Range<u64>) -> Result<Progress, Failure> {
    if range.end == u64::MAX {
        // An open end is watched by the download itself.
        return futures::future::pending().await;
    }
    loop {
        task::sleep(LOOK_EVERY).await;
        let state = feed.sync_state().await?;
        let told = state.peers.iter().any(|peer| peer.has_blocks > 0)
            || (state.known_blocks == 0 && state.status == Status::Complete);
        let end = range.end.min(state.known_blocks).max(range.start);
        if told && end < range.end && feed.missing(range.start..end).await?.is_empty() {
            return Ok(Progress {
                held: end - range.start,
                total: end - range.start,
                held_bytes: state.held_bytes,
                byte_length: state.byte_length,
                peers: state.peers.len(),
                rate: state.download_rate,
            });
        }
    }
}

/// One address.
struct Line {
    core: Core,
    feed: Feed,
    address: String,
    options: ReplicateOptions,
    /// How long a peer may take to answer, and to open the feed.
    patience: Duration,
    bar: Bar,
}

impl Line {
    async fn once(self) -> Failure {
        match connect(&self.core, &self.address, &self.options, self.patience).await {
            Ok(replication) => self.until_gone(replication).await.failure,
            Err(failure) => failure,
        }
    }

    /// Connects again and again, but not to a peer that has never opened the feed: most likely the key is wrong.
    async fn keep(self) -> Failure {
        let mut opened = false;
        let mut replication =
            connect(&self.core, &self.address, &self.options, self.patience).await;
        let mut reconnect = Reconnect::new(&self.core, self.address.clone(), self.options.clone());
        loop {
            let failure = match replication {
                Ok(replication) => {
                    let gone = self.until_gone(replication).await;
                    opened |= gone.opened == Opened::This;
                    if !opened && gone.is_refusal {
                        return gone.failure;
                    }
                    gone.failure
                }
                Err(failure) => failure,
            };
            self.bar.note(&format!("{failure}; trying again"));
            replication = match reconnect.next().await {
                Ok(replication) => {
                    self.bar.note(&format!("{}: connected", self.address));
                    Ok(replication)
                }
                Err(error) => return Failure::from(error),
            };
        }
    }

    /// Waits until a connection is over, and says why.
    async fn until_gone(&self, replication: Replication) -> Gone {
        let mut seen = Seen::of(&replication, &self.feed);
        let mut finished = pin!(replication.finished());
        let result = match timeout(self.patience, finished.as_mut()).await {
            Ok(result) => result,
            Err(_) if seen.look() == Opened::This => finished.await,
            Err(_) => {
                replication.close().await;
                return self.does_not_share(seen.look());
            }
        };
        self.explain(result, seen.look())
    }

    fn explain(&self, result: Result<(), hyperfeed::Error>, opened: Opened) -> Gone {
        let failure = match (result, opened) {
            (Err(error), _) if error.kind() == ErrorKind::TimedOut => {
                Failure::new(format!("{} has been silent for too long", self.address))
            }
            (Err(error), _) => Failure::from(error).while_doing(&self.address),
            (Ok(()), Opened::This) => {
                Failure::new(format!("{} closed the connection", self.address))
            }
            (Ok(()), Opened::Another) => return self.does_not_share(opened),
            (Ok(()), Opened::Nothing) => {
                let text = format!("{} closed the connection without a word", self.address);
                Failure::new(text).with_hint(
                    "is it a peer? And --unencrypted must be given on both sides or on none",
                )
            }
        };
        Gone {
            failure,
            opened,
            is_refusal: false,
        }
    }

    fn does_not_share(&self, opened: Opened) -> Gone {
        let failure = if opened == Opened::Another {
            let text = format!("{} shares another feed, not this one", self.address);
            Failure::new(text).with_hint("check the key")
        } else {
            let text = format!(
                "{} did not open this feed within {:?}",
                self.address, self.patience
            );
            Failure::new(text)
                .with_hint("check the key: the peer does not have its feed, or is no peer at all")
        };
        Gone {
            failure,
            opened,
            is_refusal: true,
        }
    }
}

/// A connection that is over.
struct Gone {
    failure: Failure,
    opened: Opened,
    /// The peer was there, and did not open the feed.
    is_refusal: bool,
}

/// What a peer has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    Another,
    Nothing,
    This,
}

/// Looks at what a peer opens.
struct Seen {
    events: ReplicationEvents,
    wanted: PublicId,
    opened: Opened,
}

impl Seen {
    fn of(replication: &Replication, feed: &Feed) -> Self {
        Self {
            events: replication.events(),
            wanted: feed.public_id(),
            opened: Opened::Nothing,
        }
    }

    /// What was opened until now.
    fn look(&mut self) -> Opened {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            match event {
                ReplicationEvent::Feed { public_id, .. } if public_id == self.wanted => {
                    self.opened = Opened::This;
                }
                ReplicationEvent::Feed { .. } if self.opened == Opened::Nothing => {
                    self.opened = Opened::Another;
                }
                _ => {}
            }
        }
        self.opened
    }
}

/// Connects, within `patience`.
pub(crate) async fn connect(
    core: &Core,
    address: &str,
    options: &ReplicateOptions,
    patience: Duration,
) -> Result<Replication, Failure> {
    let failure = match timeout(patience, tcp::connect(core, address, options.clone())).await {
        Ok(Ok(replication)) => return Ok(replication),
        Ok(Err(error)) => Failure::from(error),
        Err(_) => Failure::new(format!(
            "cannot connect to {address}: no answer within {patience:?}"
        )),
    };
    Err(failure.with_hint("`hyperfeed share` must be running there; it prints its address"))
}

/// What the flags say of a connection.
pub(crate) fn options(connection: &Connection) -> ReplicateOptions {
    ReplicateOptions::new()
        .encrypted(!connection.unencrypted)
        .timeout(connection.timeout)
}

/// How long a peer may take to do the first thing.
pub(crate) fn patience(connection: &Connection) -> Duration {
    connection.timeout.max(Duration::from_secs(1))
}

/// Time for blocks that have left the socket to be stored.
const SETTLE: Duration = Duration::from_millis(500);
/// How often an end past the last block is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);
