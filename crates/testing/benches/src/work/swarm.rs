//! One uploader, and downloaders that also serve each other.

use crate::Fallible;
use crate::data::Blocks;
use crate::reading::Reading;
use crate::sizes::Sizes;
use crate::stopwatch::Stopwatch;
use async_std::task;
use futures::future::try_join_all;
use hyperfeed::{Core, Feed, ReplicateOptions, tcp};

/// All in one process and in memory: what counts is how often the uploader sends each block.
pub(crate) fn run(sizes: &Sizes) -> Fallible<Vec<Reading>> {
    task::block_on(async {
        let blocks = sizes.of(20_000);
        let uploader = Core::memory()?;
        let source = uploader.create_feed().await?;
        for start in (0..blocks).step_by(100) {
            source
                .append_batch(Blocks::new(1024).range(start..start + 100))
                .await?;
        }
        let key = source.key().ok_or("a feed without a key")?;
        let mut addresses = vec![listen(&uploader).await?];
        let mut peers: Vec<(Core, Feed)> = Vec::new();
        for _ in 0..DOWNLOADERS {
            let core = Core::memory()?;
            let feed = core.open_feed(&key).await?;
            addresses.push(listen(&core).await?);
            peers.push((core, feed));
        }
        let watch = Stopwatch::start()?;
        let mut replications = Vec::new();
        // Everybody to everybody that came before.
        for (number, (core, _)) in peers.iter().enumerate() {
            for address in addresses.iter().take(number + 1) {
                replications
                    .push(tcp::connect(core, address.as_str(), ReplicateOptions::new()).await?);
            }
        }
        try_join_all(peers.iter().map(|(_, feed)| feed.download(0..blocks))).await?;
        let lap = watch.stop()?;
        let copies = source.stats().uploaded_blocks as f64 / blocks as f64;
        let served = DOWNLOADERS * blocks;
        drop(replications);
        for core in peers.into_iter().map(|(core, _)| core).chain([uploader]) {
            core.close().await?;
        }
        Ok(vec![
            Reading::new(
                "replicate/swarm of 10, sent by the uploader",
                copies,
                "copies",
            )
            .limit(1.0),
            lap.rate("replicate/swarm of 10, received by all", served, "blocks"),
        ])
    })
}

async fn listen(core: &Core) -> Fallible<String> {
    let listener = tcp::listen(core, "127.0.0.1:0", ReplicateOptions::new()).await?;
    let address = listener.local_addr()?.to_string();
    task::spawn(listener.run());
    Ok(address)
}

const DOWNLOADERS: u64 = 10;
