use crate::args::Verify;
use crate::bar::Bar;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use serde_json::json;

/// Re-hashes everything that is held.
pub(crate) async fn run(place: &Place, args: Verify, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let mut names = args.feeds.clone();
    if names.is_empty() {
        names = core
            .list()
            .await?
            .iter()
            .map(|info| info.public_id.to_string())
            .collect();
    }
    let mut bad = 0;
    for name in &names {
        let feed = place::feed(&core, name).await?;
        let bar = Bar::blocks(output);
        let report = feed.verify(|done, total| bar.count(done, total)).await?;
        bar.clear();
        let object = json!({
            "feed": feed.public_id().to_string(), "blocks": report.blocks, "bytes": report.bytes, "corrupt": report.corrupt,
        });
        let text = if report.is_sound() {
            format!(
                "{name}: {} blocks, {} bytes, all sound",
                report.blocks, report.bytes
            )
        } else {
            let shown: Vec<String> = report
                .corrupt
                .iter()
                .take(16)
                .map(ToString::to_string)
                .collect();
            format!(
                "{name}: {} of {} blocks are damaged: {}",
                report.corrupt.len(),
                report.blocks,
                shown.join(", ")
            )
        };
        output.result(&text, &object)?;
        bad += report.corrupt.len();
    }
    core.close().await?;
    if bad > 0 {
        return Err(Failure::new(format!("{bad} blocks are damaged")));
    }
    Ok(())
}
