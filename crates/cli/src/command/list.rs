use crate::error::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::size::Size;
use hyperfeed::{FeedInfo, Kind};
use serde_json::{Value, json};

/// Lists the feeds of the store.
pub(crate) async fn run(place: &Place, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let feeds = core.list().await?;
    if feeds.is_empty() {
        output.note(&format!(
            "no feeds in {}; `hyperfeed create` makes one",
            place.dir().display()
        ));
    }
    for info in &feeds {
        output.result(&row(info), &object(info))?;
    }
    Ok(core.close().await?)
}

fn row(info: &FeedInfo) -> String {
    let name = info
        .key
        .map_or_else(|| info.public_id.to_string(), |key| key.to_string());
    format!(
        "{name}  {}  {}  {}/{} blocks  {}{}",
        kind(info.kind),
        if info.writable { "own  " } else { "clone" },
        info.held_blocks,
        info.length,
        Size(info.held_bytes),
        info.alias
            .as_ref()
            .map(|alias| format!("  {alias}"))
            .unwrap_or_default(),
    )
}

/// What `--json` tells of a feed.
pub(crate) fn object(info: &FeedInfo) -> Value {
    json!({
        "key": info.key.map(|key| key.to_string()),
        "id": info.public_id.to_string(),
        "kind": kind(info.kind).trim_end(),
        "writable": info.writable,
        "alias": info.alias,
        "length": info.length,
        "byte_length": info.byte_length,
        "held_blocks": info.held_blocks,
        "held_bytes": info.held_bytes,
    })
}

/// A kind in words of one width.
pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Live => "live   ",
        Kind::Static => "static ",
        Kind::Unknown => "unknown",
    }
}
