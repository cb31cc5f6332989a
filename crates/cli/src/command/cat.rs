use crate::args::Cat;
use crate::command::clone::Fetch;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use futures::StreamExt;
use std::io::{self, Write};

/// Writes blocks to stdout, one after the other.
pub(crate) async fn run(place: &Place, args: Cat) -> Result<(), Failure> {
    let core = place.open().await?;
    let feed = place::feed(&core, &args.feed).await?;
    let quiet = Output {
        json: false,
        quiet: true,
    };
    let fetching = !args.peers.is_empty();
    let _fetch = fetching.then(|| {
        Fetch::start(
            &core,
            &feed,
            &args.peers,
            &args.connection,
            args.live,
            quiet,
        )
    });
    if args.live && !fetching {
        return Err(Failure::new("--live needs somebody to get new blocks from")
            .with_hint("name a peer with --peer ADDR; a store is open in one process at a time"));
    }
    let mut out = io::stdout().lock();
    if args.live || fetching {
        let mut blocks = match args.end {
            Some(end) => feed.read_stream(args.start..end),
            None => feed.read_stream(args.start..),
        };
        if args.live {
            blocks = blocks.live();
        }
        while let Some(block) = blocks.next().await {
            out.write_all(&block?)?;
            out.flush()?;
        }
    } else {
        let end = args.end.map_or(feed.length(), |end| end.min(feed.length()));
        for index in args.start..end {
            let block = feed
                .try_get(index)
                .await?
                .ok_or_else(|| missing(index, feed.length()))?;
            out.write_all(&block)?;
        }
    }
    out.flush()?;
    drop(out);
    Ok(core.close().await?)
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
