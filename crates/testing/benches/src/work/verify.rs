//! Hashing a feed again.

use crate::Fallible;
use crate::data::Blocks;
use crate::limits;
use crate::reading::Reading;
use crate::sizes::Sizes;
use crate::stopwatch::Stopwatch;
use async_std::task;
use hyperfeed::{Core, Durability};

pub(crate) fn run(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let dir = tempfile::tempdir()?;
        let core = Core::open(dir.path()).await?;
        let feed = core.create_feed().await?;
        let (count, blocks) = (sizes.of(GIB / BYTES), Blocks::new(BYTES as usize));
        for start in (0..count).step_by(64) {
            let batch = blocks.range(start..count.min(start + 64));
            feed.append_with(batch, Durability::Relaxed).await?;
        }
        let watch = Stopwatch::start()?;
        let report = feed.verify(|_, _| {}).await?;
        let lap = watch.stop()?;
        if !report.is_sound() || report.blocks != count {
            return Err(format!("{} blocks of {count} are sound", report.blocks).into());
        }
        core.close().await?;
        let mb = BYTES as f64 / 1e6;
        let limit = mb / limits::hash_on_all_cores(BYTES as usize);
        Ok(vec![
            Reading::rate("verify/1 GiB", report.bytes as f64 / 1e6, "MB", lap.seconds)
                .usage(lap.cpu_seconds, lap.peak_bytes)
                .limit(limit),
        ])
    })
}

const GIB: u64 = 1 << 30;
const BYTES: u64 = 65_536;
