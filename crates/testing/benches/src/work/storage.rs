//! Costs that must not grow with the feed, or with the number of feeds.

use crate::data::Blocks;
use crate::reading::Reading;
use crate::sizes::Sizes;
use crate::stopwatch::Stopwatch;
use crate::{Fallible, child, usage};
use async_std::task;
use hyperfeed::{Core, Durability, Feed, FeedOptions};
use std::path::Path;
use std::time::{Duration, Instant};

/// Appends, puts, opening and memory at growing lengths.
pub(crate) fn lengths(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let dir = tempfile::tempdir()?;
        let core = Core::open(dir.path()).await?;
        let feed = core
            .create_feed_with(FeedOptions::new().alias("long"))
            .await?;
        let mut readings = Vec::new();
        let long = sizes.long_feed();
        for length in [1000, 100_000, long] {
            grow(&feed, length).await?;
            readings.push(append_cost(&feed, length).await?);
            readings.push(put_cost(&feed, length).await?);
        }
        drop(feed);
        core.close().await?;
        readings.extend(opened(dir.path(), long).await?);
        Ok(readings)
    })
}

/// Appends tiny blocks until the feed is so long.
async fn grow(feed: &Feed, length: u64) -> Fallible<()> {
    let blocks = Blocks::new(8);
    while feed.length() < length {
        let end = length.min(feed.length() + 10_000);
        feed.append_with(blocks.range(feed.length()..end), Durability::Relaxed)
            .await?;
    }
    Ok(())
}

async fn append_cost(feed: &Feed, length: u64) -> Fallible<Reading> {
    let blocks = Blocks::new(100);
    let mut calls = Vec::new();
    for block in blocks.range(0..CALLS) {
        let start = Instant::now();
        feed.append(block).await?;
        calls.push(start.elapsed());
    }
    Ok(usual(format!("storage/append to {length} blocks"), calls))
}

/// Puts of the newest blocks into an empty copy, proofs made beforehand.
async fn put_cost(feed: &Feed, length: u64) -> Fallible<Reading> {
    let key = feed.key().ok_or("a feed without a key")?;
    let dir = tempfile::tempdir()?;
    let other = Core::open(dir.path()).await?;
    let copy = other.open_feed(&key).await?;
    let mut calls = Vec::new();
    for block in feed.length() - CALLS.min(length)..feed.length() {
        let digest = copy.digest(block).await?;
        let proof = feed.proof(block, digest).await?.ok_or("no proof")?;
        let data = feed.get(block).await?;
        let start = Instant::now();
        copy.put(block, data, proof).await?;
        calls.push(start.elapsed());
    }
    other.close().await?;
    Ok(usual(format!("storage/put at {length} blocks"), calls))
}

/// The median: a checkpoint of the store, which falls on one call in thousands, is not the cost of that call.
fn usual(name: String, mut calls: Vec<Duration>) -> Reading {
    calls.sort_unstable();
    let middle = calls.get(calls.len() / 2).copied().unwrap_or_default();
    Reading::new(name, middle.as_secs_f64() * 1e6, "us").durability(Durability::Process)
}

async fn opened(dir: &Path, length: u64) -> Fallible<Vec<Reading>> {
    let start = Instant::now();
    let core = Core::open(dir).await?;
    let store = start.elapsed().as_secs_f64() * 1e3;
    let before = usage::resident_bytes()?;
    let start = Instant::now();
    let feed = core.open_local("long").await?;
    let open = start.elapsed().as_secs_f64() * 1e3;
    let used = usage::resident_bytes()?.saturating_sub(before);
    if feed.length() < length {
        return Err("the feed has become shorter".into());
    }
    core.close().await?;
    Ok(vec![
        Reading::new("storage/open the store", store, "ms"),
        Reading::new(format!("storage/open {length} blocks"), open, "ms"),
        Reading::new(
            format!("storage/memory of {length} blocks"),
            used as f64 / 1024.0,
            "KiB",
        ),
    ])
}

/// What the system is given to write for each block of 100 bytes.
pub(crate) fn written(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let dir = tempfile::tempdir()?;
        let core = Core::open(dir.path()).await?;
        let (count, blocks) = (sizes.of(100_000), Blocks::new(100));
        let mut readings = Vec::new();
        for batch in [1, 100] {
            let feed = core.create_feed().await?;
            let (written, dirtied) = (usage::written_bytes()?, usage::dirtied_bytes()?);
            for start in (0..count).step_by(batch) {
                feed.append_batch(blocks.range(start..start + batch as u64))
                    .await?;
            }
            let each = |bytes: u64| bytes as f64 / count as f64;
            let of = format!("storage/written for 100 B, {batch} at a time");
            let written = each(usage::written_bytes()? - written);
            let dirtied = each(usage::dirtied_bytes()? - dirtied);
            readings.push(Reading::new(of.clone(), written, "bytes").limit(100.0));
            readings.push(Reading::new(
                format!("{of}, to the device"),
                dirtied,
                "bytes",
            ));
        }
        core.close().await?;
        Ok(readings)
    })
}

/// Makes a store with so many feeds of one block each.
pub(crate) fn create_feeds(dir: &Path, count: u64) -> Fallible<Reading> {
    task::block_on(async {
        let core = Core::builder()
            .dir(dir)
            .durability(Durability::Relaxed)
            .open()
            .await?;
        let watch = Stopwatch::start()?;
        for number in 0..count {
            let options = FeedOptions::new().alias(number.to_string());
            let feed = core.create_feed_with(options).await?;
            feed.append(Blocks::new(100).get(number)).await?;
        }
        let lap = watch.stop()?;
        core.close().await?;
        Ok(lap.rate("storage/10,000 feeds, create", count, "feeds"))
    })
}

/// Ten thousand feeds in one store.
pub(crate) fn many_feeds(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    let dir = tempfile::tempdir()?;
    let count = sizes.of(10_000);
    // By another process: the open feeds would hide in memory that this one had already had, and freed.
    let mut create = child::itself()?;
    create
        .arg("--create")
        .arg(dir.path())
        .arg(count.to_string());
    let mut readings = child::readings(create)?;
    task::block_on(async {
        let core = Core::open(dir.path()).await?;
        let before = usage::resident_bytes()?;
        let watch = Stopwatch::start()?;
        let mut feeds = Vec::with_capacity(count as usize);
        for number in 0..count {
            feeds.push(core.open_local(&number.to_string()).await?);
        }
        let lap = watch.stop()?;
        let each = usage::resident_bytes()?.saturating_sub(before) as f64 / count as f64;
        readings.push(lap.rate("storage/10,000 feeds, open", count, "feeds"));
        readings.push(Reading::new(
            "storage/10,000 feeds, memory of each",
            each,
            "bytes",
        ));
        let watch = Stopwatch::start()?;
        for (number, feed) in (0..).zip(&feeds) {
            feed.append(Blocks::new(100).get(number)).await?;
        }
        let lap = watch.stop()?;
        readings.push(
            lap.rate("storage/10,000 feeds, append to each", count, "feeds")
                .durability(Durability::Process),
        );
        core.close().await?;
        Fallible::Ok(())
    })?;
    Ok(readings)
}

const CALLS: u64 = 1000;
