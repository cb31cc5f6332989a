use crate::args::Share;
use crate::error::Failure;
use crate::fetch::options;
use crate::output::Output;
use crate::place::{self, Place};
use async_std::io::BufReader;
use async_std::io::prelude::BufReadExt;
use async_std::task;
use futures::future::{join_all, pending, select_all};
use futures::{FutureExt, StreamExt};
use hyperfeed::tcp::{self, Listener};
use hyperfeed::{Core, ErrorKind, Feed, FeedEvent, FeedEvents, Feeds, Replication};
use serde_json::json;
use std::time::Duration;

/// Serves feeds until interrupted, or until somebody has everything.
pub(crate) async fn run(place: &Place, args: Share, output: Output) -> Result<(), Failure> {
    let core = place.open_limited(&args.connection).await?;
    let feeds = open(place, &core, &args, output).await?;
    let appended = match &args.stdin {
        Some(name) => Some(place::feed(place, &core, name).await?),
        None => None,
    };
    let options = options(&args.connection);
    let options = if args.feeds.is_empty() {
        options.feeds(Feeds::Requested)
    } else {
        options.listed(&feeds)
    };
    let listener = tcp::listen(&core, args.listen.as_str(), options)
        .await
        .map_err(in_use)?;
    let address = listener.local_addr()?.to_string();
    let object = json!({ "event": "listening", "address": address });
    output.event(&format!("listening on {address}"), &object)?;
    for feed in &feeds {
        let key = feed.key().map(|key| key.to_string()).unwrap_or_default();
        output.note(&format!("  hyperfeed clone {key} {address}"));
    }
    let uploads = args.exit_after_upload.then(|| Uploads::of(&feeds));
    let whole = async {
        if let Some(uploads) = uploads {
            uploads.end().await
        } else {
            pending().await
        }
    };
    let lines = async {
        if let Some(feed) = &appended {
            append_lines(feed, output).await?;
        }
        // Its input has ended; serving goes on.
        pending().await
    };
    let work = [
        accept(&listener, output).boxed_local(),
        whole.boxed_local(),
        lines.boxed_local(),
    ];
    let (ended, _, rest) = select_all(work).await;
    drop(rest);
    ended?;
    drop((feeds, appended));
    Ok(core.close().await?)
}

/// The feeds to share. Those that nobody named are left out where they cannot be shared.
async fn open(
    place: &Place,
    core: &Core,
    args: &Share,
    output: Output,
) -> Result<Vec<Feed>, Failure> {
    let mut feeds = Vec::new();
    for name in &args.feeds {
        let feed = place::feed(place, core, name).await?;
        if feed.key().is_none() {
            let text = format!("{name} is a static feed that is not sealed yet");
            return Err(Failure::new(text).with_hint("`hyperfeed finalize` seals it"));
        }
        feeds.push(feed);
    }
    if args.feeds.is_empty() {
        for info in core.list().await? {
            let name = place::name(&info);
            match place::feed(place, core, &name).await {
                Ok(feed) if feed.key().is_some() => feeds.push(feed),
                Ok(_) => {}
                Err(failure) => output.warn(&format!("{name} is not shared: {failure}")),
            }
        }
    }
    if feeds.is_empty() {
        return Err(
            Failure::new("there is no feed to share").with_hint("`hyperfeed create` makes one")
        );
    }
    Ok(feeds)
}

fn in_use(error: hyperfeed::Error) -> Failure {
    match error.kind() {
        ErrorKind::InUse => Failure::from(error)
            .with_hint("another process listens there; --listen 127.0.0.1:0 takes a free port"),
        _ => Failure::from(error).with_hint(
            "--listen takes an address of this machine; 0.0.0.0:3282 listens on all of them",
        ),
    }
}

async fn accept(listener: &Listener, output: Output) -> Result<(), Failure> {
    loop {
        let (replication, from) = listener.accept().await?;
        let from = from.to_string();
        let object = json!({ "event": "connected", "peer": from });
        output.event(&format!("{from} connected"), &object)?;
        task::spawn(watch(replication, from, output));
    }
}

/// Tells how a connection ends.
async fn watch(replication: Replication, from: String, output: Output) {
    let reason = replication
        .finished()
        .await
        .err()
        .map(|error| error.to_string());
    let text = match &reason {
        Some(reason) => format!("{from} left: {reason}"),
        None => format!("{from} left"),
    };
    let object = json!({ "event": "disconnected", "peer": from, "reason": reason });
    // The reader of our output may be gone; serving goes on.
    output.event(&text, &object).ok();
}

/// Watches whether feeds have been uploaded.
struct Uploads<'a>(Vec<(&'a Feed, FeedEvents)>);

impl<'a> Uploads<'a> {
    /// Of what happens from now on.
    fn of(feeds: &'a [Feed]) -> Self {
        Self(feeds.iter().map(|feed| (feed, feed.events())).collect())
    }

    /// Waits until each feed has been seen whole at a peer, and then until the peers have gone.
    async fn end(self) -> Result<(), Failure> {
        let whole = self.0.into_iter().map(async |(feed, mut events)| {
            while let Some(event) = events.next().await {
                if matches!(event, FeedEvent::PeerComplete { .. }) {
                    return feed;
                }
            }
            feed
        });
        let feeds = join_all(whole).await;
        for _ in 0..LEAVE_LOOKS {
            let mut gone = true;
            for feed in &feeds {
                gone &= feed.sync_state().await?.peers.is_empty();
            }
            if gone {
                break;
            }
            task::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

/// Appends each line of stdin as a block. One that cannot be appended ends it: those after it would take its place.
async fn append_lines(feed: &Feed, output: Output) -> Result<(), Failure> {
    let mut lines = BufReader::new(async_std::io::stdin());
    for number in 1_u64.. {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        let index = feed.append(line).await.map_err(|error| {
            Failure::from(error).while_doing(format_args!("stdin, line {number}"))
        })?;
        let object = json!({ "event": "appended", "block": index });
        output.event(&format!("appended block {index}"), &object)?;
    }
    Ok(())
}

/// How often it is looked whether peers have gone.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looks during which a peer that has everything may close by itself.
const LEAVE_LOOKS: u32 = 50;
