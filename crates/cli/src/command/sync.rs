use crate::args::Sync;
use crate::bar::Bar;
use crate::command::clone::options;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use async_std::task;
use futures::future::{Either, join_all, select};
use hyperfeed::tcp::{self, Reconnect};
use hyperfeed::{Core, Feed};
use serde_json::json;

/// Exchanges feeds with peers in both directions: all feeds on one connection to each peer.
pub(crate) async fn run(place: &Place, args: Sync, output: Output) -> Result<(), Failure> {
    // An address has a port; no name of a feed has a colon.
    let (peers, names): (Vec<String>, Vec<String>) = args
        .names
        .iter()
        .cloned()
        .partition(|name| name.contains(':'));
    if peers.is_empty() || names.is_empty() {
        return Err(Failure::new(
            "name at least one feed and one peer, as in `hyperfeed sync FEED HOST:PORT`",
        ));
    }
    let core = place.open_limited(&args.connection).await?;
    let mut feeds = Vec::new();
    for name in &names {
        feeds.push(known_or_new(&core, name).await?);
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
    let mut connections = Vec::new();
    for peer in &peers {
        connections.push(tcp::connect(&core, peer.as_str(), options.clone()).await?);
    }
    let bar = Bar::blocks(output);
    for (name, feed) in names.iter().zip(&feeds) {
        bar.say(name);
        let gone = join_all(connections.iter().map(hyperfeed::Replication::finished));
        match select(feed.download(..), gone).await {
            Either::Left((done, _)) => {
                done?;
            }
            Either::Right((ended, _)) => {
                let reasons: Vec<String> = ended
                    .into_iter()
                    .filter_map(Result::err)
                    .map(|e| e.to_string())
                    .collect();
                let reason = if reasons.is_empty() {
                    "the peers closed".to_owned()
                } else {
                    reasons.join("; ")
                };
                return Err(Failure::new(format!("{name}: {reason}"))
                    .with_hint("run the command again to go on"));
            }
        }
    }
    await_uploads(&feeds, &connections).await?;
    bar.clear();
    for (name, feed) in names.iter().zip(&feeds) {
        let object = json!({ "event": "done", "feed": name, "held": feed.held_blocks(), "length": feed.length() });
        output.event(
            &format!("{name}: {} of {} blocks", feed.held_blocks(), feed.length()),
            &object,
        )?;
    }
    for connection in &connections {
        connection.close().await;
    }
    drop((feeds, connections));
    Ok(core.close().await?)
}

async fn known_or_new(core: &Core, name: &str) -> Result<Feed, Failure> {
    match place::feed(core, name).await {
        Ok(feed) => Ok(feed),
        Err(failure) => match place::key(name) {
            Ok(key) => Ok(core.open_feed(&key).await?),
            Err(_) => Err(failure),
        },
    }
}

/// Waits until each peer that is still there has what is held here.
async fn await_uploads(
    feeds: &[Feed],
    connections: &[hyperfeed::Replication],
) -> Result<(), Failure> {
    for feed in feeds {
        while !connections.iter().all(hyperfeed::Replication::is_finished) {
            let state = feed.sync_state().await?;
            if state
                .peers
                .iter()
                .all(|peer| peer.has_blocks >= state.held_blocks)
            {
                break;
            }
            task::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    Ok(())
}
