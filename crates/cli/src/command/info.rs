use crate::args::Info;
use crate::command::list::{kind, object};
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use crate::size::Size;
use hyperfeed::Feed;
use serde_json::json;
use std::ops::Range;

/// Tells about one feed.
pub(crate) async fn run(place: &Place, args: Info, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let feed = place::feed(place, &core, &args.feed).await?;
    let info = core.stat(&feed.public_id()).await?;
    let missing = feed.missing(..feed.length()).await?;
    let file = place.file(&info.public_id);
    let mut lines = vec![
        format!(
            "key        {}",
            info.key
                .map_or_else(|| "none until finalized".to_owned(), |key| key.to_string())
        ),
        format!("public id  {}", info.public_id),
        format!(
            "kind       {}, {}",
            kind(info.kind).trim_end(),
            if info.writable { "own" } else { "clone" }
        ),
        format!(
            "length     {} blocks, {} ({} bytes)",
            info.length,
            Size(info.byte_length),
            info.byte_length
        ),
        format!(
            "held       {} blocks, {}",
            info.held_blocks,
            Size(info.held_bytes)
        ),
        format!("missing    {}", ranges(&missing)),
    ];
    if let Some(alias) = &info.alias {
        lines.push(format!("alias      {alias}"));
    }
    if let Some(file) = &file {
        lines.push(format!("file       {}", file.display()));
    }
    if args.map {
        lines.push(map(&feed, &missing));
    }
    let mut told = object(&info);
    told["missing"] = missing
        .iter()
        .map(|range| json!([range.start, range.end]))
        .collect();
    told["file"] = json!(file);
    output.result(&lines.join("\n"), &told)?;
    Ok(core.close().await?)
}

fn ranges(missing: &[Range<u64>]) -> String {
    if missing.is_empty() {
        return "none".to_owned();
    }
    let shown = missing
        .iter()
        .take(8)
        .map(|range| match range.end - range.start {
            1 => range.start.to_string(),
            _ => format!("{}..{}", range.start, range.end),
        });
    let blocks: u64 = missing.iter().map(|range| range.end - range.start).sum();
    let more = if missing.len() > 8 { ", …" } else { "" };
    format!(
        "{blocks} blocks: {}{more}",
        shown.collect::<Vec<_>>().join(", ")
    )
}

/// A row of cells: full, partly held, empty.
fn map(feed: &Feed, missing: &[Range<u64>]) -> String {
    let length = feed.length();
    let cells = length.min(CELLS);
    let cell = |at: u64| {
        let (start, end) = (at * length / cells, (at + 1) * length / cells);
        let lacking: u64 = missing
            .iter()
            .map(|gap| gap.end.min(end).saturating_sub(gap.start.max(start)))
            .sum();
        match lacking {
            0 => '█',
            _ if lacking == end - start => '·',
            _ => '▒',
        }
    };
    let row: String = (0..cells).map(cell).collect();
    format!(
        "map        {row}\n           █ held  ▒ partly  · missing; a cell is about {} blocks",
        length.div_ceil(cells.max(1))
    )
}

const CELLS: u64 = 64;
