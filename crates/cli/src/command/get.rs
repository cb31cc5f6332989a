use crate::args::Get;
use crate::command::cat::missing;
use crate::error::Failure;
use crate::place::{self, Place};
use std::io::{self, Write};

/// Writes one block to stdout, raw.
pub(crate) async fn run(place: &Place, args: Get) -> Result<(), Failure> {
    let core = place.open().await?;
    let feed = place::feed(place, &core, &args.feed).await?;
    let block = feed
        .try_get(args.index)
        .await?
        .ok_or_else(|| missing(args.index, feed.length()))?;
    let mut out = io::stdout().lock();
    out.write_all(&block)?;
    out.flush()?;
    drop(out);
    Ok(core.close().await?)
}
