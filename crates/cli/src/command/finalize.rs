use crate::args::OneFeed;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use serde_json::json;

/// Seals a static feed and prints its key.
pub(crate) async fn run(place: &Place, args: OneFeed, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let feed = place::feed(place, &core, &args.feed).await?;
    let key = feed.finalize().await?;
    output.result(
        &key.to_string(),
        &json!({ "key": key.to_string(), "length": feed.length() }),
    )?;
    Ok(core.close().await?)
}
