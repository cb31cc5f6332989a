use crate::args::Share;
use crate::command::clone::options;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use async_std::io::prelude::BufReadExt;
use async_std::task;
use futures::StreamExt;
use futures::future::{Either, select};
use hyperfeed::tcp::{self, Listener};
use hyperfeed::{Core, Feed, Feeds, Replication};
use serde_json::json;
use std::time::Duration;

/// Serves feeds until interrupted, or until somebody has everything.
pub(crate) async fn run(place: &Place, args: Share, output: Output) -> Result<(), Failure> {
    let core = place.open_limited(&args.connection).await?;
    let mut feeds = Vec::new();
    let mut names = args.feeds.clone();
    if names.is_empty() {
        let known = core.list().await?;
        names = known
            .iter()
            .filter(|info| info.key.is_some())
            .map(|info| info.public_id.to_string())
            .collect();
    }
    for name in &names {
        let feed = place::feed(&core, name).await?;
        if feed.key().is_none() {
            return Err(
                Failure::new(format!("{name} is a static feed that is not sealed yet"))
                    .with_hint("`hyperfeed finalize` seals it"),
            );
        }
        feeds.push(feed);
    }
    if feeds.is_empty() {
        return Err(
            Failure::new("there is no feed to share").with_hint("`hyperfeed create` makes one")
        );
    }
    let asked = options(&args.connection).feeds(Feeds::Listed(Vec::new()));
    let shared = if args.feeds.is_empty() {
        asked.feeds(Feeds::Requested)
    } else {
        asked.listed(&feeds)
    };
    let listener = tcp::listen(&core, args.listen.as_str(), shared).await?;
    let address = listener.local_addr()?.to_string();
    output.event(
        &format!("listening on {address}"),
        &json!({ "event": "listening", "address": address }),
    )?;
    for feed in &feeds {
        let key = feed.key().map(|key| key.to_string()).unwrap_or_default();
        output.note(&format!("  hyperfeed clone {key} {address}"));
    }
    let appender = match &args.stdin {
        Some(name) => Some(task::spawn(append_lines(
            place::feed(&core, name).await?,
            output,
        ))),
        None => None,
    };
    let accepting = Box::pin(accept(&core, listener, output));
    if args.exit_after_upload {
        let whole = Box::pin(somebody_has_all(&feeds));
        match select(accepting, whole).await {
            Either::Left((result, _)) => result?,
            Either::Right((result, _)) => result?,
        }
    } else {
        accepting.await?;
    }
    if let Some(appender) = appender {
        appender.cancel().await;
    }
    drop(feeds);
    Ok(core.close().await?)
}

async fn accept(core: &Core, listener: Listener, output: Output) -> Result<(), Failure> {
    loop {
        let (replication, from) = listener.accept().await?;
        output.event(
            &format!("{from} connected"),
            &json!({ "event": "connected", "peer": from.to_string() }),
        )?;
        let core = core.clone();
        task::spawn(async move { watch(&core, replication, &from.to_string(), output).await });
    }
}

/// Tells how a connection ends.
async fn watch(_core: &Core, replication: Replication, from: &str, output: Output) {
    let info = replication.peer().await;
    let ended = replication.finished().await;
    let reason = match &ended {
        Ok(()) => "closed".to_owned(),
        Err(error) => error.to_string(),
    };
    let uploaded = info.map(|info| info.uploaded).unwrap_or(0);
    let object =
        json!({ "event": "disconnected", "peer": from, "reason": reason, "uploaded": uploaded });
    // The reader of our output may be gone; serving goes on.
    output.event(&format!("{from}: {reason}"), &object).ok();
}

/// Waits until a peer has every block of every feed, and then until it has gone.
async fn somebody_has_all(feeds: &[Feed]) -> Result<(), Failure> {
    loop {
        let mut whole = true;
        for feed in feeds {
            let state = feed.sync_state().await?;
            whole &= state
                .peers
                .iter()
                .any(|peer| state.length > 0 && peer.has_blocks >= state.length);
        }
        if whole {
            break;
        }
        task::sleep(LOOK_EVERY).await;
    }
    for _ in 0..LEAVE_LOOKS {
        let mut gone = true;
        for feed in feeds {
            gone &= feed.sync_state().await?.peers.is_empty();
        }
        if gone {
            break;
        }
        task::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Appends each line of stdin as a block.
async fn append_lines(feed: Feed, output: Output) {
    let mut lines = async_std::io::BufReader::new(async_std::io::stdin()).lines();
    while let Some(line) = lines.next().await {
        let appended = match line {
            Ok(line) => feed.append(line.into_bytes()).await,
            Err(error) => {
                output.note(&format!("stdin: {error}"));
                return;
            }
        };
        match appended {
            Ok(index) => {
                output
                    .event(
                        &format!("appended block {index}"),
                        &json!({ "event": "appended", "block": index }),
                    )
                    .ok();
            }
            Err(error) => output.note(&format!("stdin: {error}")),
        }
    }
}

/// How often progress of peers is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looks during which a peer that has everything may close by itself.
const LEAVE_LOOKS: u32 = 50;
