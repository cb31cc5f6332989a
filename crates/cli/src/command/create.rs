use crate::args::Create;
use crate::error::Failure;
use crate::output::Output;
use crate::place::Place;
use hyperfeed::FeedOptions;
use serde_json::json;

/// Makes a feed and prints its key, or its local id while it has none.
pub(crate) async fn run(place: &Place, args: Create, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let mut options = FeedOptions::new();
    if let Some(alias) = &args.alias {
        options = options.alias(alias);
    }
    let feed = if args.is_static {
        core.create_static_feed_with(options).await?
    } else {
        core.create_feed_with(options).await?
    };
    let id = feed.public_id();
    let key = feed.key();
    let shown = key.map_or_else(|| id.to_string(), |key| key.to_string());
    let object = json!({
        "key": key.map(|key| key.to_string()),
        "id": id.to_string(),
        "kind": if args.is_static { "static" } else { "live" },
        "alias": args.alias,
    });
    output.result(&shown, &object)?;
    if args.is_static {
        output.note(
            "a static feed gets its key when it is finalized; until then this is its name here",
        );
    }
    Ok(core.close().await?)
}
