use crate::args::{CloneFeed, Connection};
use crate::bar::Bar;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use crate::size::Size;
use async_std::task::{self, JoinHandle};
use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::{SinkExt, StreamExt};
use hyperfeed::tcp::{self, Reconnect};
use hyperfeed::{
    Core, ErrorKind, Feed, FeedOptions, FileStore, Progress, ReplicateOptions, Replication,
};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Downloads a feed from peers. What is here stays, whatever happens; the next run goes on from there.
pub(crate) async fn run(place: &Place, args: CloneFeed, output: Output) -> Result<(), Failure> {
    let key = place::key(&args.key)?;
    let core = place.open_limited(&args.connection).await?;
    let (feed, copy_to) = open(place, &core, &key, &args).await?;
    if let Some(alias) = &args.alias {
        core.set_alias(&feed.public_id(), Some(alias)).await?;
    }
    let bar = Bar::blocks(output);
    let had = feed.held_blocks();
    let mut fetch = Fetch::start(
        &core,
        &feed,
        &args.peers,
        &args.connection,
        args.live,
        output,
    );
    let range = args.start..args.end.unwrap_or(u64::MAX);
    let downloaded = fetch.download(&feed, range.clone(), &bar, output).await;
    bar.clear();
    let progress = downloaded.map_err(|failure| {
        let state = format!(
            "{} of {} blocks are here and stay",
            feed.held_blocks(),
            feed.length()
        );
        failure.with_hint(format!("{state}; run the command again to go on"))
    })?;
    finish_copy(&feed, copy_to.as_deref()).await?;
    tell(&feed, &progress, had, args.to.as_deref(), output)?;
    if args.live {
        output.note("staying connected; end with Ctrl-C");
        follow(&feed, copy_to.as_deref(), output).await?;
    }
    fetch.stop().await;
    drop(feed);
    Ok(core.close().await?)
}

/// The feed, new or not, and the file to copy its blocks to afterwards, if they do not go there by themselves.
async fn open(
    place: &Place,
    core: &Core,
    key: &hyperfeed::FeedKey,
    args: &CloneFeed,
) -> Result<(Feed, Option<PathBuf>), Failure> {
    let partial = args.start > 0 || args.end.is_some();
    let options = FeedOptions::new().sparse(partial);
    let Some(to) = &args.to else {
        return Ok((core.open_feed_with(key, options).await?, None));
    };
    let id = hyperfeed::v2::crypto::public_id(key);
    if core.stat(&id).await.is_ok() {
        let same = place
            .file(&id)
            .is_some_and(|file| std::path::absolute(to).is_ok_and(|to| to == file));
        let copy_to = (!same).then(|| to.clone());
        return Ok((core.open_feed_with(key, options).await?, copy_to));
    }
    if to.metadata().is_ok_and(|about| about.len() > 0) {
        return Err(Failure::new(format!("{} is there already", to.display()))
            .with_hint("remove it, or name another file with --to"));
    }
    let file = FileStore::open(to, true)
        .map_err(|error| Failure::new(error.to_string()).while_doing(to.display()))?;
    place.remember_file(&id, to)?;
    Ok((
        core.open_feed_with(key, options.external(file)).await?,
        None,
    ))
}

async fn finish_copy(feed: &Feed, to: Option<&Path>) -> Result<(), Failure> {
    let Some(to) = to else { return Ok(()) };
    let file = File::create(to).map_err(|error| Failure::from(error).while_doing(to.display()))?;
    let mut out = BufWriter::new(file);
    for block in 0..feed.length() {
        out.write_all(&feed.get(block).await?)?;
    }
    Ok(out.flush()?)
}

fn tell(
    feed: &Feed,
    progress: &Progress,
    had: u64,
    to: Option<&Path>,
    output: Output,
) -> Result<(), Failure> {
    let fetched = feed.held_blocks().saturating_sub(had);
    let file = to
        .map(|file| format!(", in {}", file.display()))
        .unwrap_or_default();
    let text = format!(
        "{} blocks, {}{file}; {fetched} of them new",
        progress.held,
        Size(feed.held_bytes()),
    );
    let object = json!({
        "event": "done", "held": progress.held, "fetched": fetched, "length": feed.length(),
        "bytes": feed.held_bytes(), "file": to,
    });
    Ok(output.event(&text, &object)?)
}

/// Tells of blocks that arrive later, for ever.
async fn follow(feed: &Feed, copy_to: Option<&Path>, output: Output) -> Result<(), Failure> {
    let mut known = feed.length();
    let mut events = feed.events();
    loop {
        let length = feed.contiguous_length();
        if length > known {
            known = length;
            finish_copy(feed, copy_to).await?;
            let object = json!({ "event": "have", "length": length, "bytes": feed.held_bytes() });
            output.event(
                &format!("length {length}, {}", Size(feed.held_bytes())),
                &object,
            )?;
        }
        if events.next().await.is_none() {
            return Ok(());
        }
    }
}

/// Connections that fetch, one task each.
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
        output: Output,
    ) -> Self {
        let (send, ended) = mpsc::channel(addresses.len());
        let tasks = addresses.iter().map(|address| {
            let line = Line {
                core: core.clone(),
                feed: feed.clone(),
                address: address.clone(),
                options: options(connection).listed([feed]),
                patience: connection.timeout.max(Duration::from_secs(1)),
                output,
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

    /// Downloads a range, with a bar; fails when the last connection has ended before.
    pub(crate) async fn download(
        &mut self,
        feed: &Feed,
        range: std::ops::Range<u64>,
        bar: &Bar,
        output: Output,
    ) -> Result<Progress, Failure> {
        let download = if range.end == u64::MAX {
            feed.download(range.start..)
        } else {
            feed.download(range)
        };
        let mut progress = download.progress();
        let shows = async {
            while let Some(progress) = progress.next().await {
                bar.show(&progress);
                if output.json {
                    let object = json!({
                        "event": "progress", "held": progress.held, "total": progress.total,
                        "bytes": progress.held_bytes, "rate": progress.rate, "peers": progress.peers,
                    });
                    output.event("", &object).ok();
                }
            }
            futures::future::pending::<()>().await;
        };
        let failures = async {
            let mut told = Vec::new();
            while let Some(failure) = self.ended.next().await {
                bar.say(&failure.to_string());
                told.push(failure);
                if told.len() == self.tasks.len() {
                    break;
                }
            }
            told
        };
        let work = select(download, Box::pin(failures));
        match select(work, Box::pin(shows)).await {
            Either::Left((Either::Left((result, _)), _)) => Ok(result?),
            Either::Left((Either::Right((failures, download)), _)) => {
                // The last blocks may have been on their way from socket to store.
                match select(download, Box::pin(task::sleep(SETTLE))).await {
                    Either::Left((result, _)) => Ok(result?),
                    Either::Right(_) => Err(together(failures)),
                }
            }
            Either::Right(((), _)) => Err(Failure::new("the progress ended")),
        }
    }

    /// Ends the connections.
    pub(crate) async fn stop(self) {
        for task in self.tasks {
            task.cancel().await;
        }
    }
}

/// One address.
struct Line {
    core: Core,
    feed: Feed,
    address: String,
    options: ReplicateOptions,
    /// How long a peer may take to open the feed.
    patience: Duration,
    output: Output,
}

impl Line {
    async fn once(self) -> Failure {
        match tcp::connect(&self.core, self.address.as_str(), self.options.clone()).await {
            Ok(replication) => self.until_gone(replication).await,
            Err(error) => Failure::from(error),
        }
    }

    async fn keep(self) -> Failure {
        let mut reconnect = Reconnect::new(&self.core, self.address.clone(), self.options.clone());
        loop {
            match reconnect.next().await {
                Ok(replication) => {
                    let failure = self.until_gone(replication).await;
                    self.output.note(&format!("{failure}; connecting again"));
                }
                Err(error) => return Failure::from(error),
            }
        }
    }

    /// Waits until a connection is over, and says why.
    async fn until_gone(&self, replication: Replication) -> Failure {
        let finished = Box::pin(replication.finished());
        let finished = match select(finished, Box::pin(task::sleep(self.patience))).await {
            Either::Left((result, _)) => return self.explain(result),
            Either::Right(((), finished)) => finished,
        };
        if !self.shares(&replication).await {
            replication.close().await;
            return Failure::new(format!("{} does not share this feed", self.address))
                .with_hint("check the key, and that the peer has the feed");
        }
        self.explain(finished.await)
    }

    /// Whether the peer has opened the feed.
    async fn shares(&self, replication: &Replication) -> bool {
        let (Ok(info), Ok(state)) = (replication.peer().await, self.feed.sync_state().await) else {
            return false;
        };
        state.peers.iter().any(|peer| peer.peer == info.peer)
    }

    fn explain(&self, result: Result<(), hyperfeed::Error>) -> Failure {
        match result {
            Ok(()) => Failure::new(format!("{} closed the connection", self.address)),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Failure::new(format!("{} is silent: {error}", self.address))
            }
            Err(error) => Failure::from(error).while_doing(&self.address),
        }
    }
}

/// What the flags say of a connection.
pub(crate) fn options(connection: &Connection) -> ReplicateOptions {
    ReplicateOptions::new()
        .encrypted(!connection.unencrypted)
        .timeout(connection.timeout)
}

/// All connections have failed: the reasons in one.
fn together(failures: Vec<Failure>) -> Failure {
    let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    Failure::new(texts.join("; "))
}

/// Time for blocks that have left the socket to be stored.
const SETTLE: Duration = Duration::from_millis(500);
