use crate::args::Verify;
use crate::bar::Bar;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use hyperfeed::Core;
use serde_json::json;

/// Re-hashes everything that is held.
pub(crate) async fn run(place: &Place, args: Verify, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let mut names = args.feeds.clone();
    if names.is_empty() {
        let known = core.list().await?;
        names.extend(known.iter().map(place::name));
    }
    let mut bad = 0;
    for name in &names {
        match verify(place, &core, name, output).await {
            Ok(true) => {}
            Ok(false) => bad += 1,
            // The others may be sound all the same.
            Err(failure) if names.len() > 1 => {
                output.warn(&format!("{name}: {failure}"));
                bad += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
    core.close().await?;
    if bad > 0 {
        return Err(
            Failure::new(format!("{bad} of {} feeds are damaged", names.len()))
                .with_hint("a feed that a peer has can be removed and cloned again"),
        );
    }
    Ok(())
}

/// Whether one feed is sound.
async fn verify(place: &Place, core: &Core, name: &str, output: Output) -> Result<bool, Failure> {
    let feed = place::feed(place, core, name).await?;
    let bar = Bar::blocks(output);
    let report = feed.verify(|done, total| bar.count(done, total)).await;
    bar.clear();
    let report = report?;
    let object = json!({
        "feed": feed.public_id().to_string(), "blocks": report.blocks, "bytes": report.bytes,
        "corrupt": report.corrupt,
    });
    let text = if report.is_sound() {
        format!(
            "{name}: {} blocks, {} bytes, all sound",
            report.blocks, report.bytes
        )
    } else {
        let mut shown: Vec<String> = report
            .corrupt
            .iter()
            .take(SHOWN)
            .map(ToString::to_string)
            .collect();
        if report.corrupt.len() > SHOWN {
            shown.push("…".to_owned());
        }
        format!(
            "{name}: {} of {} blocks are damaged: {}",
            report.corrupt.len(),
            report.blocks,
            shown.join(", ")
        )
    };
    output.result(&text, &object)?;
    Ok(report.is_sound())
}

/// Damaged blocks that are listed.
const SHOWN: usize = 16;
