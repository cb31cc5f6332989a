use crate::args::{Connection, Verify};
use crate::bar::Bar;
use crate::error::Failure;
use crate::fetch::{self, Fetch};
use crate::output::Output;
use crate::place::{self, Place};
use async_std::future::timeout;
use futures::{StreamExt, stream};
use hyperfeed::{Core, Feed, FeedOptions, Finding, OnlyCopy, RepairReport};
use serde_json::json;

/// Re-hashes everything that is held, and repairs it if that is asked for.
pub(crate) async fn run(place: &Place, args: Verify, output: Output) -> Result<(), Failure> {
    let core = place.open_limited(&args.connection).await?;
    let mut names = args.feeds.clone();
    if names.is_empty() {
        let known = core.list().await?;
        names.extend(known.iter().map(place::name));
    }
    let mut bad = 0;
    for name in &names {
        let sound = if args.repair {
            repair(place, &core, name, &args, output).await
        } else {
            verify(place, &core, name, output).await
        };
        match sound {
            Ok(true) => {}
            Ok(false) => bad += 1,
            // The others may be sound all the same.
            Err(failure) if names.len() > 1 => {
                output.warn(&format!("{name}: {failure}"));
                if let Some(hint) = failure.hint() {
                    output.note(&format!("hint: {hint}"));
                }
                bad += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
    core.close().await?;
    if bad == 0 {
        return Ok(());
    }
    let failure = Failure::new(format!("{bad} of {} feeds are damaged", names.len()));
    Err(if args.repair {
        failure.with_hint("what is missing can be fetched from any peer that has it")
    } else {
        failure.with_hint("`hyperfeed verify --repair` drops what is damaged; with --peer ADDR it is fetched again from there")
    })
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
        "corrupt": report.corrupt, "findings": texts(&report.findings),
    });
    let text = if report.is_sound() {
        format!(
            "{name}: {} blocks, {} bytes, all sound",
            report.blocks, report.bytes
        )
    } else {
        wrong(
            name,
            &report.corrupt,
            report.blocks,
            &report.findings,
            output,
        )
    };
    output.result(&text, &object)?;
    Ok(report.is_sound())
}

/// Repairs one feed, and fetches what it dropped. Whether nothing is damaged or missing after that.
async fn repair(
    place: &Place,
    core: &Core,
    name: &str,
    args: &Verify,
    output: Output,
) -> Result<bool, Failure> {
    // Only what was dropped is fetched.
    let options = FeedOptions::new().sparse(true);
    let feed = place::feed_with(place, core, name, options).await?;
    let only_copy = if args.drop_only_copy {
        OnlyCopy::Drop
    } else {
        OnlyCopy::Keep
    };
    let bar = Bar::blocks(output);
    let report = feed
        .repair(only_copy, |done, total| bar.count(done, total))
        .await;
    bar.clear();
    let report = report?;
    if !report.found.is_sound() {
        let found = &report.found;
        let text = wrong(name, &found.corrupt, found.blocks, &found.findings, output);
        output.note(&text);
    }
    let mut fetched = 0;
    let mut failed = None;
    if !report.dropped.is_empty() && !args.peers.is_empty() {
        let done = fetch_again(core, &feed, &report.dropped, args, output, &mut fetched).await;
        failed = done.err();
    }
    tell(name, &feed, &report, fetched, output)?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    Ok(report.is_sound() && fetched == report.dropped.len() as u64)
}

/// Fetches blocks that were dropped, and counts them.
async fn fetch_again(
    core: &Core,
    feed: &Feed,
    dropped: &[u64],
    args: &Verify,
    output: Output,
    fetched: &mut u64,
) -> Result<(), Failure> {
    let bar = Bar::blocks(output);
    let mut fetch = Fetch::start(core, feed, &args.peers, &args.connection, false, &bar);
    let work = all_of(feed, dropped, &args.connection, &bar, fetched);
    let result = fetch.until_all_ended(work, &bar).await;
    bar.clear();
    fetch.stop().await;
    result
}

async fn all_of(
    feed: &Feed,
    dropped: &[u64],
    connection: &Connection,
    bar: &Bar,
    fetched: &mut u64,
) -> Result<(), Failure> {
    let patience = fetch::patience(connection);
    let blocks = stream::iter(dropped.iter().map(|block| feed.get(*block)));
    let mut blocks = blocks.buffer_unordered(AT_ONCE);
    loop {
        match timeout(patience, blocks.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(block)) => {
                block?;
                *fetched += 1;
                bar.count(*fetched, dropped.len() as u64);
            }
            // A large block over a slow line takes its time.
            Err(_) if feed.sync_state().await?.download_rate > 0 => {}
            Err(_) => {
                return Err(
                    Failure::new(format!("no peer has sent a block for {patience:?}"))
                        .with_hint("name a peer that has the missing blocks with --peer ADDR"),
                );
            }
        }
    }
}

fn tell(
    name: &str,
    feed: &Feed,
    report: &RepairReport,
    fetched: u64,
    output: Output,
) -> Result<(), Failure> {
    let found = &report.found;
    let missing = report.dropped.len() as u64 - fetched;
    let object = json!({
        "feed": feed.public_id().to_string(), "blocks": found.blocks, "bytes": found.bytes,
        "corrupt": found.corrupt, "findings": texts(&found.findings),
        "mended": report.mended.len(), "dropped": report.dropped, "kept": report.kept,
        "fetched": fetched, "left": texts(&report.left),
    });
    let text = if found.is_sound() {
        format!(
            "{name}: {} blocks, {} bytes, all sound",
            found.blocks, found.bytes
        )
    } else {
        format!(
            "{name}: worked {} nodes out again, dropped {} blocks, fetched {fetched} again",
            report.mended.len(),
            report.dropped.len(),
        )
    };
    output.result(&text, &object)?;
    if !report.kept.is_empty() {
        output.warn(&format!(
            "{name}: blocks {} are damaged and were kept: the feed is your own, and there may be no other copy; \
             --drop-only-copy drops them, so that a peer that has them can send them",
            shown(&report.kept)
        ));
    } else if !report.is_sound() {
        output.warn(&format!(
            "{name}: {} findings could not be repaired; a copy can be removed and cloned again",
            report.left.len()
        ));
    }
    if missing > 0 {
        let then = if feed.is_writable() {
            "; nothing can be appended before they are back"
        } else {
            ""
        };
        output.warn(&format!(
            "{name}: {missing} blocks are missing now; `hyperfeed clone KEY PEER` fetches them from a peer{then}"
        ));
    }
    Ok(())
}

/// What is wrong, in words: the blocks, then each finding that is not a block's.
fn wrong(name: &str, corrupt: &[u64], blocks: u64, findings: &[Finding], output: Output) -> String {
    let mut text = format!("{name}: {} of {blocks} blocks are damaged", corrupt.len());
    if !corrupt.is_empty() {
        text += &format!(": {}", shown(corrupt));
    }
    let limit = if output.json { 0 } else { SHOWN };
    for finding in findings.iter().take(limit) {
        text += &format!("\n  {finding}");
    }
    if findings.len() > limit {
        text += &format!("\n  and {} more; --json lists all", findings.len() - limit);
    }
    text
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

fn shown(blocks: &[u64]) -> String {
    let numbers = blocks.iter().take(SHOWN).map(ToString::to_string);
    let mut shown: Vec<String> = numbers.collect();
    if blocks.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

/// Damaged blocks, and findings, that are listed.
const SHOWN: usize = 16;
/// Blocks that are asked for together.
const AT_ONCE: usize = 64;
