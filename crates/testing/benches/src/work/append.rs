//! Appending, on disk and through the facade.

use crate::Fallible;
use crate::data::Blocks;
use crate::limits;
use crate::reading::Reading;
use crate::sizes::Sizes;
use crate::stopwatch::Stopwatch;
use async_std::task;
use futures::{StreamExt, stream};
use hyperfeed::{Core, Durability, Feed};
use tempfile::TempDir;

/// A new feed in a new store.
async fn new_feed(durability: Durability) -> Fallible<(TempDir, Core, Feed)> {
    let dir = tempfile::tempdir()?;
    let core = Core::builder()
        .dir(dir.path())
        .durability(durability)
        .open()
        .await?;
    let feed = core.create_feed().await?;
    Ok((dir, core, feed))
}

pub(crate) fn batches(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let (_dir, core, feed) = new_feed(Durability::Process).await?;
        let (count, blocks) = (sizes.of(1_000_000), Blocks::new(1024));
        let watch = Stopwatch::start()?;
        for start in (0..count).step_by(BATCH as usize) {
            feed.append_batch(blocks.range(start..start + BATCH))
                .await?;
        }
        let lap = watch.stop()?;
        core.close().await?;
        let batch = limits::write(BATCH as usize * 1024, 512 << 20)? + limits::sign();
        let limit = 1.0 / (limits::hash(1024) + batch / BATCH as f64);
        Ok(vec![
            lap.rate("append/batches of 100", count, "blocks")
                .limit(limit)
                .durability(Durability::Process),
        ])
    })
}

pub(crate) fn one_by_one(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    awaited("append/one by one", Durability::Process, sizes.of(100_000))
}

pub(crate) fn one_by_one_relaxed(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    awaited(
        "append/one by one relaxed",
        Durability::Relaxed,
        sizes.of(100_000),
    )
}

pub(crate) fn one_by_one_power(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    awaited("append/one by one power", Durability::Power, sizes.of(2000))
}

/// The next block is appended when the one before it is acknowledged.
fn awaited(name: &str, durability: Durability, count: u64) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let (_dir, core, feed) = new_feed(durability).await?;
        let blocks = Blocks::new(1024);
        let watch = Stopwatch::start()?;
        for block in blocks.range(0..count) {
            feed.append(block).await?;
        }
        let lap = watch.stop()?;
        core.close().await?;
        let written = match durability {
            Durability::Power => limits::sync(1024)?,
            _ => limits::write(1024, 128 << 20)?,
        };
        let limit = 1.0 / (limits::hash(1024) + limits::sign() + written);
        Ok(vec![
            lap.rate(name, count, "blocks")
                .limit(limit)
                .durability(durability),
        ])
    })
}

pub(crate) fn tasks(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let (_dir, core, feed) = new_feed(Durability::Process).await?;
        let each = sizes.of(500_000) / TASKS;
        let watch = Stopwatch::start()?;
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let (feed, blocks) = (feed.clone(), Blocks::new(1024));
                task::spawn(async move {
                    for block in blocks.range(number * each..(number + 1) * each) {
                        feed.append(block).await?;
                    }
                    Ok::<(), hyperfeed::Error>(())
                })
            })
            .collect();
        for task in tasks {
            task.await?;
        }
        let lap = watch.stop()?;
        let count = each * TASKS;
        if feed.length() != count {
            return Err(format!("{} blocks of {count}", feed.length()).into());
        }
        core.close().await?;
        let batch = limits::write(TASKS as usize * 1024, 256 << 20)? + limits::sign();
        let limit = 1.0 / (limits::hash(1024) + batch / TASKS as f64);
        Ok(vec![
            lap.rate("append/64 tasks", count, "blocks")
                .limit(limit)
                .durability(Durability::Process),
        ])
    })
}

pub(crate) fn large(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let (_dir, core, feed) = new_feed(Durability::Process).await?;
        let (count, bytes) = (sizes.of(8192), 65_536);
        let blocks = Blocks::new(bytes);
        let watch = Stopwatch::start()?;
        // The next batches are hashed while one is written.
        let starts = stream::iter((0..count).step_by(LARGE_BATCH as usize));
        let append = |start| feed.append_batch(blocks.range(start..start + LARGE_BATCH));
        let mut appends = starts.map(append).buffered(LARGE_IN_FLIGHT);
        while let Some(appended) = appends.next().await {
            appended?;
        }
        let lap = watch.stop()?;
        core.close().await?;
        let mb = bytes as f64 / 1e6;
        let limit = mb / limits::write(bytes, count * bytes as u64)?;
        let appended = count.next_multiple_of(LARGE_BATCH) as f64 * mb;
        Ok(vec![
            Reading::rate("append/64 KiB", appended, "MB", lap.seconds)
                .usage(lap.cpu_seconds, lap.peak_bytes)
                .limit(limit)
                .durability(Durability::Process),
        ])
    })
}

const BATCH: u64 = 100;
const LARGE_BATCH: u64 = 16;
const LARGE_IN_FLIGHT: usize = 4;
const TASKS: u64 = 64;
