//! One feed from one process to another over loopback TCP, encrypted, on disk at both ends.

use crate::reading::Reading;
use crate::served::Server;
use crate::sizes::Sizes;
use crate::stopwatch::{Lap, Stopwatch};
use crate::{Fallible, limits, proxy};
use async_std::task;
use hyperfeed::{Config, Core, Durability, ReplicateOptions, tcp};
use std::time::Duration;

pub(crate) fn small(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    loopback("replicate/100 B", sizes.of(1_000_000), 100)
}

pub(crate) fn medium(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    loopback("replicate/1 KiB", sizes.of(300_000), 1024)
}

pub(crate) fn large(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    loopback("replicate/64 KiB", sizes.of(8192), 65_536)
}

fn loopback(name: &str, blocks: u64, bytes: usize) -> Fallible<Vec<Reading>> {
    let dir = tempfile::tempdir()?;
    let server = Server::start(&dir.path().join("from"), blocks, bytes)?;
    let address = server.address.clone();
    let lap = clone(&server, &address, blocks, Config::default())?;
    let used = server.stop()?;
    let megabytes = blocks as f64 * bytes as f64 / 1e6;
    let total = (blocks * bytes as u64).min(512 << 20);
    let limit =
        1.0 / (2.0 * limits::seal(bytes) + limits::hash(bytes) + limits::write(bytes, total)?);
    let served = Reading::rate(
        format!("{name}, serving side"),
        megabytes,
        "MB",
        lap.seconds,
    );
    Ok(vec![
        lap.rate(name, blocks, "blocks")
            .limit(limit)
            .durability(Durability::Process),
        Reading::rate(format!("{name}, bytes"), megabytes, "MB", lap.seconds)
            .limit(limit * bytes as f64 / 1e6),
        served.usage(used.cpu_seconds, used.peak_bytes),
    ])
}

/// Fetches all blocks: the time from connecting to having them.
fn clone(server: &Server, address: &str, blocks: u64, config: Config) -> Fallible<Lap> {
    task::block_on(async {
        let dir = tempfile::tempdir()?;
        let core = Core::builder()
            .dir(dir.path())
            .config(config)
            .open()
            .await?;
        let feed = core.open_feed(&server.key).await?;
        let watch = Stopwatch::start()?;
        let replication = tcp::connect(&core, address, ReplicateOptions::new()).await?;
        feed.download(0..blocks).await?;
        let lap = watch.stop()?;
        if feed.held_blocks() != blocks {
            return Err(format!("{} blocks of {blocks}", feed.held_blocks()).into());
        }
        drop(replication);
        core.close().await?;
        Ok(lap)
    })
}

/// A link of 100 ms each way: the window that adapts, and one fixed at what npm has.
pub(crate) fn delay(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    let fixed = Config {
        min_window: 16,
        max_window: 16,
        ..Config::default()
    };
    let mut readings = Vec::new();
    let windows = [
        ("adaptive", sizes.of(50_000), Config::default()),
        ("fixed 16", sizes.of(500).max(200), fixed),
    ];
    for (window, blocks, config) in windows {
        let dir = tempfile::tempdir()?;
        let server = Server::start(&dir.path().join("from"), blocks, 1024)?;
        let address = proxy::start(&server.address, DELAY)?;
        let lap = clone(&server, &address, blocks, config)?;
        server.stop()?;
        readings.push(lap.rate(
            &format!("replicate/delay 100 ms, window {window}"),
            blocks,
            "blocks",
        ));
    }
    if let [adaptive, fixed] = readings.as_slice() {
        let times = adaptive.value / fixed.value;
        readings.push(Reading::new(
            "replicate/delay 100 ms, adaptive over fixed",
            times,
            "times",
        ));
    }
    Ok(readings)
}

const DELAY: Duration = Duration::from_millis(100);
