use crate::args::Sync;
use crate::bar::Bar;
use crate::error::Failure;
use crate::fetch::{connect, options, patience};
use crate::output::Output;
use crate::place::{self, Place};
use async_std::task;
use futures::future::{Either, join_all, select};
use hyperfeed::tcp::Reconnect;
use hyperfeed::{Core, Feed, Replication};
use serde_json::json;
use std::time::{Duration, Instant};

/// Exchanges feeds with peers in both directions: all feeds on one connection to each peer.
pub(crate) async fn run(place: &Place, args: Sync, output: Output) -> Result<(), Failure> {
    let (peers, names) = args.peers_and_feeds();
    let core = place.open_limited(&args.connection).await?;
    let mut feeds = Vec::new();
    for name in &names {
        feeds.push(known_or_new(place, &core, name).await?);
    }
    let options = options(&args.connection).listed(&feeds);
    if args.live {
        output.note("staying connected; end with Ctrl-C");
        let lines = peers
            .iter()
            .map(|peer| Reconnect::new(&core, peer.clone(), options.clone()).run());
        for ended in join_all(lines).await {
            ended?;
        }
        return Ok(core.close().await?);
    }
    let patience = patience(&args.connection);
    let mut connections = Vec::new();
    for peer in &peers {
        connections.push(connect(&core, peer, &options, patience).await?);
    }
    let bar = Bar::download(output);
    for (name, feed) in names.iter().zip(&feeds) {
        let exchanged = async {
            wait_for_sharers(name, feed, &connections, patience).await?;
            bar.say(name);
            let mut download = feed.download(..);
            let shows = show(download.progress(), &bar);
            match select(&mut download, Box::pin(shows)).await {
                Either::Left((done, _)) => drop(done?),
                Either::Right(_) => drop(download.await?),
            }
            upload(feed, &connections, patience).await
        };
        let gone = join_all(connections.iter().map(Replication::finished));
        match select(Box::pin(exchanged), gone).await {
            Either::Left((done, _)) => done?,
            Either::Right((ended, _)) => return Err(all_gone(name, ended)),
        }
    }
    bar.clear();
    for (name, feed) in names.iter().zip(&feeds) {
        let (held, length) = (feed.held_blocks(), feed.length());
        let object = json!({ "event": "done", "feed": name, "held": held, "length": length });
        output.event(&format!("{name}: {held} of {length} blocks"), &object)?;
    }
    for connection in &connections {
        connection.close().await;
    }
    drop((feeds, connections));
    Ok(core.close().await?)
}

async fn known_or_new(place: &Place, core: &Core, name: &str) -> Result<Feed, Failure> {
    match place::feed(place, core, name).await {
        Ok(feed) => Ok(feed),
        Err(failure) => match name.parse() {
            Ok(key) => Ok(core.open_feed(&key).await?),
            Err(_) => Err(failure),
        },
    }
}

async fn show(mut progress: hyperfeed::DownloadProgress, bar: &Bar) {
    use futures::StreamExt;
    while let Some(progress) = progress.next().await {
        bar.show(&progress);
    }
}

fn all_gone(name: &str, ended: Vec<Result<(), hyperfeed::Error>>) -> Failure {
    let reasons: Vec<String> = ended
        .into_iter()
        .filter_map(Result::err)
        .map(|error| error.to_string())
        .collect();
    let reason = if reasons.is_empty() {
        "the peers closed the connection".to_owned()
    } else {
        reasons.join("; ")
    };
    Failure::new(format!("{name}: {reason}"))
        .with_hint("what is here stays; run the command again to go on")
}

/// Waits until all peers that are still there have opened the feed.
async fn wait_for_sharers(
    name: &str,
    feed: &Feed,
    connections: &[Replication],
    patience: Duration,
) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let there = connections.iter().filter(|c| !c.is_finished()).count();
        let sharers = feed.sync_state().await?.peers.len();
        if sharers >= there || (sharers > 0 && start.elapsed() > patience) {
            return Ok(());
        }
        if start.elapsed() > patience {
            return Err(Failure::new(format!("{name}: no peer shares this feed"))
                .with_hint("check the key, and that the peers have the feed"));
        }
        task::sleep(LOOK_EVERY).await;
    }
}

/// Waits until each peer that is still there has what is held here, or takes no more.
async fn upload(
    feed: &Feed,
    connections: &[Replication],
    patience: Duration,
) -> Result<(), Failure> {
    let mut best = (0, Instant::now());
    while !connections.iter().all(Replication::is_finished) {
        let state = feed.sync_state().await?;
        let has = |blocks: u64| blocks >= state.held_blocks;
        let taken: u64 = state.peers.iter().map(|peer| peer.has_blocks).sum();
        if taken > best.0 {
            best = (taken, Instant::now());
        }
        if state.peers.iter().all(|peer| has(peer.has_blocks)) || best.1.elapsed() > patience {
            break;
        }
        task::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// How often peers are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
