use crate::args::CloneFeed;
use crate::bar::Bar;
use crate::copy::Copy;
use crate::error::Failure;
use crate::fetch::Fetch;
use crate::output::Output;
use crate::place::{self, Place};
use crate::size::Size;
use futures::StreamExt;
use hyperfeed::{Core, Feed, FeedEvent, FeedKey, FeedOptions, FileStore, Progress};
use serde_json::json;
use std::path::Path;

/// Downloads a feed from peers. What is here stays, whatever happens; the next run goes on from there.
pub(crate) async fn run(place: &Place, args: CloneFeed, output: Output) -> Result<(), Failure> {
    let core = place.open_limited(&args.connection).await?;
    let key = place::key(&core, &args.key).await?;
    let (feed, mut copy) = open(place, &core, &key, &args).await?;
    if let Some(alias) = &args.alias {
        core.set_alias(&feed.public_id(), Some(alias)).await?;
    }
    let bar = Bar::download(output);
    let had = feed.held_blocks();
    let mut fetch = Fetch::start(&core, &feed, &args.peers, &args.connection, args.live, &bar);
    let range = args.start..args.end.unwrap_or(u64::MAX);
    let downloaded = fetch.download(&feed, range, &bar, output).await;
    bar.clear();
    let progress = downloaded.map_err(|failure| go_on(&feed, failure))?;
    let reached = args.start + progress.held;
    if let Some(copy) = &mut copy {
        copy.advance(&feed, reached).await?;
    }
    tell(&feed, &progress, had, args.to.as_deref(), output)?;
    if args.live {
        output.note("staying connected; end with Ctrl-C");
        let live = follow(&feed, reached, copy, output);
        fetch.until_all_ended(live, &bar).await?;
    }
    fetch.stop().await;
    drop(feed);
    Ok(core.close().await?)
}

/// The feed, new or not, and the copy of its blocks if they do not go into the file by themselves.
async fn open(
    place: &Place,
    core: &Core,
    key: &FeedKey,
    args: &CloneFeed,
) -> Result<(Feed, Option<Copy>), Failure> {
    let partial = args.start > 0 || args.end.is_some();
    let options = FeedOptions::new().sparse(partial);
    let id = hyperfeed::v2::crypto::public_id(key);
    let is_here = core.stat(&id).await.is_ok();
    if is_here {
        place.check_file(&id)?;
    }
    let Some(to) = &args.to else {
        return Ok((core.open_feed_with(key, options).await?, None));
    };
    let same = place
        .file(&id)
        .is_some_and(|file| std::path::absolute(to).is_ok_and(|to| to == file));
    if is_here && same {
        return Ok((core.open_feed_with(key, options).await?, None));
    }
    if is_here || args.start > 0 {
        // Blocks in the middle have no place in the file before those to their left are known.
        let copy = Copy::open(to, args.start..args.end.unwrap_or(u64::MAX))?;
        return Ok((core.open_feed_with(key, options).await?, Some(copy)));
    }
    if to.metadata().is_ok_and(|about| about.len() > 0) {
        return Err(Failure::new(format!("{} is there already", to.display()))
            .with_hint("remove it, or name another file with --to"));
    }
    let file = FileStore::open(to, true).map_err(|error| {
        Failure::new(error.to_string()).with_hint("name another file with --to")
    })?;
    place.remember_file(&id, to)?;
    let feed = core.open_feed_with(key, options.external(file)).await?;
    Ok((feed, None))
}

/// Says what is here, after a failure.
fn go_on(feed: &Feed, failure: Failure) -> Failure {
    match feed.held_blocks() {
        0 => failure,
        held => failure.and_hint(format_args!(
            "{held} of {} blocks are here and stay: run the command again to go on",
            feed.length()
        )),
    }
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
async fn follow(
    feed: &Feed,
    reached: u64,
    mut copy: Option<Copy>,
    output: Output,
) -> Result<(), Failure> {
    let mut events = feed.events();
    let mut reached = reached;
    loop {
        let length = feed.length();
        let missing = feed.missing(reached..length).await?;
        let end = missing.first().map_or(length, |gap| gap.start);
        if end > reached {
            reached = end;
            if let Some(copy) = &mut copy {
                copy.advance(feed, end).await?;
            }
            let object = json!({ "event": "have", "length": end, "bytes": feed.held_bytes() });
            let text = format!("length {end}, {}", Size(feed.held_bytes()));
            output.event(&text, &object)?;
        }
        match events.next().await {
            None => return Ok(()),
            Some(FeedEvent::Failed { error }) => return Err(go_on(feed, error.into())),
            Some(_) => {}
        }
    }
}
