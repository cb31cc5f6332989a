//! Clones a feed over TCP and prints its blocks: `cargo run -p hyperfeed --example clone -- DIR KEY ADDRESS`.

use futures::{StreamExt, TryStreamExt};
use hyperfeed::{Core, FeedKey, ReplicateOptions, tcp};
use std::error::Error;
use std::io::Write;

#[async_std::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, key, address] = args.as_slice() else {
        return Err("usage: clone DIR KEY ADDRESS".into());
    };
    let key: FeedKey = key.parse()?;

    let core = Core::open(dir).await?;
    let feed = core.open_feed(&key).await?;
    let replication = tcp::connect(
        &core,
        address.as_str(),
        ReplicateOptions::new().listed([&feed]),
    )
    .await?;

    let download = feed.download(..);
    let mut progress = download.progress();
    let report = async {
        while let Some(progress) = progress.next().await {
            eprintln!(
                "{} of {} blocks, {} bytes a second",
                progress.held, progress.total, progress.rate
            );
        }
    };
    let (downloaded, ()) = futures::join!(download, report);
    downloaded?;
    replication.close().await;

    let mut blocks = feed.read_stream(..);
    while let Some(block) = blocks.try_next().await? {
        std::io::stdout().write_all(&block)?;
    }
    core.close().await?;
    Ok(())
}
