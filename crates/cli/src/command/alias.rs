use crate::args::Alias;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use serde_json::json;

/// Names a feed, or takes its name away.
pub(crate) async fn run(place: &Place, args: Alias, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let feed = place::feed(place, &core, &args.feed).await?;
    core.set_alias(&feed.public_id(), args.name.as_deref())
        .await?;
    let text = match &args.name {
        Some(name) => format!("{} is now {name}", feed.public_id()),
        None => format!("{} has no alias now", feed.public_id()),
    };
    output.event(
        &text,
        &json!({ "id": feed.public_id().to_string(), "alias": args.name }),
    )?;
    Ok(core.close().await?)
}
