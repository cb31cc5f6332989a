use crate::args::Cat;
use crate::bar::Bar;
use crate::error::Failure;
use crate::fetch::Fetch;
use crate::place::{self, Place};
use futures::StreamExt;
use hyperfeed::{Feed, FeedOptions};
use std::io::{self, Write};

/// Writes blocks to stdout, one after the other.
pub(crate) async fn run(place: &Place, args: Cat) -> Result<(), Failure> {
    let core = place.open_limited(&args.connection).await?;
    // With peers, only what is shown is fetched.
    let options = FeedOptions::new().sparse(true);
    let feed = place::feed_with(place, &core, &args.feed, options).await?;
    if args.peers.is_empty() {
        if args.live {
            return Err(
                Failure::new("--live needs somebody to get new blocks from").with_hint(
                    "name a peer with --peer ADDR; a store is open in one process at a time",
                ),
            );
        }
        held(&feed, &args).await?;
    } else {
        let bar = Bar::hidden();
        let mut fetch = Fetch::start(&core, &feed, &args.peers, &args.connection, args.live, &bar);
        fetch.until_all_ended(fetched(&feed, &args), &bar).await?;
        fetch.stop().await;
    }
    drop(feed);
    Ok(core.close().await?)
}

/// What is here.
async fn held(feed: &Feed, args: &Cat) -> Result<(), Failure> {
    let length = feed.length();
    let end = args.end.map_or(length, |end| end.min(length));
    let mut out = io::stdout().lock();
    for index in args.start..end {
        let block = feed.try_get(index).await?;
        out.write_all(&block.ok_or_else(|| missing(index, length))?)?;
    }
    Ok(out.flush()?)
}

/// What is here or comes from peers.
async fn fetched(feed: &Feed, args: &Cat) -> Result<(), Failure> {
    let mut blocks = match args.end {
        Some(end) => feed.read_stream(args.start..end),
        None => feed.read_stream(args.start..),
    };
    if args.live {
        blocks = blocks.live();
    }
    let mut out = io::stdout().lock();
    while let Some(block) = blocks.next().await {
        out.write_all(&block?)?;
        out.flush()?;
    }
    Ok(())
}

/// A block that is not held here.
pub(crate) fn missing(index: u64, length: u64) -> Failure {
    if index < length {
        Failure::new(format!("block {index} is not held here"))
            .with_hint("`hyperfeed clone KEY PEER` fetches it")
    } else {
        Failure::new(format!(
            "there is no block {index}: the feed has {length}, as far as known here"
        ))
    }
}
