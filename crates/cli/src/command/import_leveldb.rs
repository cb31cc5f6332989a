use crate::bar::Bar;
use crate::error::Failure;
use crate::output::Output;
use crate::place::Place;
use clap::Args;
use futures::future;
use hyperfeed::{Core, ErrorKind, Feed, FeedOptions, Kind, Proof};
use hyperfeed_v2_leveldb::{NpmFeed, NpmStore, ReadError, Secret, StoredFeed};
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Which directory.
#[derive(Debug, Args)]
pub(crate) struct ImportLeveldb {
    /// The directory that was given to leveldb; it is not changed. End the program that uses it first
    dir: PathBuf,
}

/// What became of a feed.
struct Imported {
    feed: Feed,
    /// Blocks that are new here.
    new: u64,
    /// Blocks that do not verify, or lack what would verify them.
    bad: Vec<u64>,
    /// Blocks that npm noted as held and that are not there.
    gone: u64,
    /// Blocks that the owner is known to have signed.
    signed: u64,
}

/// Brings the feeds of an npm hypercore 2.x along.
pub(crate) async fn run(
    place: &Place,
    args: &ImportLeveldb,
    output: Output,
) -> Result<(), Failure> {
    let before = files(&args.dir);
    let mut source = NpmStore::open(&args.dir)?;
    let feeds = source.feeds()?;
    if feeds.is_empty() {
        return Err(
            Failure::new(format!("{} has no feeds in it", args.dir.display())).with_hint(
                "name the directory that hypercore 2.x was given through level or leveldown",
            ),
        );
    }
    let core = place.open().await?;
    let total = feeds.len();
    let mut not_whole = 0;
    let mut owned = false;
    for feed in feeds {
        let whole = match feed {
            Ok(feed) => {
                owned |= matches!(feed.secret, Secret::Key(_));
                one(place, &core, &mut source, &feed, output).await?
            }
            Err(error) => {
                output.warn(&format!("left out a feed: {error}"));
                false
            }
        };
        not_whole += usize::from(!whole);
    }
    core.close().await?;
    let nameless = source.nameless()?;
    if nameless > 0 {
        output.note(&format!(
            "left out {nameless} static feeds that were never finalized: they have no key"
        ));
    }
    if owned {
        output.note("never append to these feeds with npm again: two writers break a feed");
    }
    if before != files(&args.dir) {
        output.warn(&format!(
            "{} was written to meanwhile: end the program that does, and import again",
            args.dir.display()
        ));
    }
    if not_whole > 0 {
        return Err(Failure::new(format!(
            "{not_whole} of {total} feeds could not be imported whole"
        ))
        .with_hint("`hyperfeed clone KEY PEER` fetches what is missing from a peer that has it"));
    }
    Ok(())
}

/// Imports one feed and tells about it. Whether all went well; an error ends the command.
async fn one(
    place: &Place,
    core: &Core,
    source: &mut NpmStore,
    feed: &NpmFeed,
    output: Output,
) -> Result<bool, Failure> {
    let stored = source.read(feed)?;
    if let Some(why) = reason_to_skip(&stored) {
        let object = json!({
            "key": feed.key.to_string(), "feed": feed.public_id.to_string(), "skipped": why,
        });
        output.warn(&format!("left out {}: {why}", feed.key));
        if output.json {
            output.result("", &object)?;
        }
        return Ok(false);
    }
    place.check_file(&feed.public_id)?;
    let imported = import(core, source, feed, &stored, output).await;
    let imported = imported.map_err(|failure| failure.while_doing(feed.key))?;
    tell(&imported, feed, output)
}

fn reason_to_skip(stored: &StoredFeed) -> Option<&'static str> {
    let something = !stored.blocks().is_empty() || stored.signed_length() > 0;
    if stored.blocks().is_empty() && stored.noted_blocks() > 0 {
        Some("its blocks lie in external storage, outside of this directory")
    } else if stored.length() == 0 && something {
        Some("nothing of it verifies")
    } else {
        None
    }
}

async fn import(
    core: &Core,
    source: &mut NpmStore,
    npm: &NpmFeed,
    stored: &StoredFeed,
    output: Output,
) -> Result<Imported, Failure> {
    let feed = core.open_feed(&npm.key).await?;
    let mut wanted = Vec::new();
    for gap in feed.missing(0..stored.length()).await? {
        wanted.extend(stored.blocks().runs(gap));
    }
    let mut imported = Imported {
        feed,
        new: 0,
        bad: Vec::new(),
        gone: stored
            .noted_blocks()
            .saturating_sub(stored.blocks().count()),
        signed: 0,
    };
    let total = wanted.iter().map(|range| range.end - range.start).sum();
    let bar = Bar::blocks(output);
    let mut blocks = wanted.into_iter().flatten().peekable();
    let mut done = 0;
    while blocks.peek().is_some() {
        done += some(source, stored, &mut blocks, &mut imported).await?;
        bar.count(done, total);
    }
    bar.clear();
    // Blocks past the longest length that is vouched for cannot be verified.
    imported
        .bad
        .extend(stored.blocks().runs(stored.length()..u64::MAX).flatten());
    if let Secret::Key(secret) = &npm.secret {
        imported.signed = stored.signed_length();
        // Before the secret key is here, so that nothing can be appended too early.
        imported.feed.expect_length(imported.signed).await?;
        imported.feed.flush().await?;
        if !imported.feed.is_writable() {
            imported.feed.close().await?;
            let options = FeedOptions::new().secret(secret.clone());
            imported.feed = core.open_feed_with(&npm.key, options).await?;
        }
    } else {
        imported.feed.flush().await?;
    }
    Ok(imported)
}

/// Imports some blocks, verified as if they came from a peer. Says how many were looked at.
async fn some(
    source: &mut NpmStore,
    stored: &StoredFeed,
    blocks: &mut impl Iterator<Item = u64>,
    imported: &mut Imported,
) -> Result<u64, Failure> {
    let mut puts = Vec::new();
    let mut bytes = 0;
    let mut looked_at = 0;
    for block in blocks {
        looked_at += 1;
        let digest = imported.feed.digest(block).await?;
        let proof = match stored.proof(source, block, digest) {
            Err(ReadError::Record { .. }) => None,
            proof => proof?,
        };
        match (stored.block(source, block)?, proof) {
            (Some(data), Some((nodes, signature))) => {
                bytes += data.len();
                let proof = Proof { nodes, signature };
                let put = imported.feed.put(block, data, proof);
                puts.push(async move { (block, put.await) });
            }
            _ => imported.bad.push(block),
        }
        if puts.len() == BATCH || bytes >= BATCH_BYTES {
            break;
        }
    }
    for (block, put) in future::join_all(puts).await {
        match put {
            Ok(new) => imported.new += u64::from(new),
            Err(error) if error.kind() == ErrorKind::Verification => imported.bad.push(block),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(looked_at)
}

/// Tells what became of a feed; whether it is whole.
fn tell(imported: &Imported, npm: &NpmFeed, output: Output) -> Result<bool, Failure> {
    let Imported {
        feed,
        new,
        bad,
        gone,
        signed,
    } = imported;
    let kind = match feed.kind() {
        Kind::Live => "live",
        Kind::Static => "static",
        Kind::Unknown => "unknown",
    };
    let mut text = format!(
        "{}: imported {new} blocks, {} of {} are here, {kind}",
        npm.key,
        feed.held_blocks(),
        feed.length()
    );
    if feed.is_writable() {
        text += ", yours to write";
    }
    let object = json!({
        "key": npm.key.to_string(), "feed": npm.public_id.to_string(), "kind": kind, "imported": new,
        "held": feed.held_blocks(), "length": feed.length(), "writable": feed.is_writable(),
        "corrupt": bad, "gone": gone, "signed": signed,
    });
    output.result(&text, &object)?;
    if !bad.is_empty() {
        let shown: Vec<String> = bad.iter().take(SHOWN).map(u64::to_string).collect();
        let more = if bad.len() > SHOWN { ", …" } else { "" };
        output.warn(&format!(
            "{}: {} blocks do not verify and were left out: {}{more}",
            npm.key,
            bad.len(),
            shown.join(", ")
        ));
    }
    if *gone > 0 {
        output.warn(&format!(
            "{}: {gone} blocks that npm had are missing",
            npm.key
        ));
    }
    if matches!(npm.secret, Secret::Wrong) {
        output.warn(&format!(
            "{}: the secret key there does not belong to it and was left out",
            npm.key
        ));
    }
    let behind = feed.is_writable() && feed.contiguous_length() < (*signed).max(feed.length());
    if behind {
        output.warn(&format!(
            "{}: {} blocks were signed; nothing can be appended before all of them are here",
            npm.key,
            (*signed).max(feed.length())
        ));
    }
    Ok(bad.is_empty() && *gone == 0 && !behind && !matches!(npm.secret, Secret::Wrong))
}

/// Names and sizes, to see whether somebody else writes.
fn files(dir: &Path) -> BTreeMap<OsString, u64> {
    let listed = fs::read_dir(dir).into_iter().flatten().flatten();
    listed
        .filter_map(|entry| Some((entry.file_name(), entry.metadata().ok()?.len())))
        .collect()
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::new(error.to_string())
    }
}

/// Blocks that share a commit.
const BATCH: usize = 64;
/// Bytes after which no more blocks are read for a commit.
const BATCH_BYTES: usize = 4 << 20;
/// Numbers of bad blocks that are listed.
const SHOWN: usize = 16;
