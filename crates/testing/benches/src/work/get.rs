//! Reading held blocks.

use crate::Fallible;
use crate::data::Blocks;
use crate::limits;
use crate::reading::Reading;
use crate::sizes::Sizes;
use crate::stopwatch::Stopwatch;
use async_std::task;
use futures::StreamExt;
use futures::stream;
use hyperfeed::Core;

/// Blocks at random places, 32 on their way at a time, from one task.
pub(crate) fn random(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let dir = tempfile::tempdir()?;
        let core = Core::open(dir.path()).await?;
        let feed = core.create_feed().await?;
        let (held, blocks) = (sizes.of(100_000), Blocks::new(1024));
        for start in (0..held).step_by(1000) {
            feed.append_batch(blocks.range(start..start + 1000)).await?;
        }
        let count = sizes.of(1_000_000);
        let mut state = 1_u64;
        let places = std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 20) % held
        });
        let watch = Stopwatch::start()?;
        let mut reads = stream::iter(places.take(count as usize))
            .map(|place| feed.get(place))
            .buffer_unordered(IN_FLIGHT);
        let mut bytes = 0;
        while let Some(block) = reads.next().await {
            bytes += block?.len() as u64;
        }
        let lap = watch.stop()?;
        drop(reads);
        if bytes != count * 1024 {
            return Err(format!("{bytes} bytes of {count} blocks").into());
        }
        core.close().await?;
        let limit = 1.0 / (limits::read(1024, held * 1024)? + limits::hash(1024));
        Ok(vec![lap.rate("get/random", count, "blocks").limit(limit)])
    })
}

const IN_FLIGHT: usize = 32;
