//! Publishes lines of stdin as blocks of a live feed and serves them over TCP:
//! `cargo run -p hyperfeed --example publish -- DIR [ADDRESS]`.

use futures::io::AsyncBufReadExt;
use futures::{SinkExt, StreamExt};
use hyperfeed::{Bytes, Core, FeedOptions, ReplicateOptions, tcp};
use std::error::Error;

#[async_std::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("usage: publish DIR [ADDRESS]")?;
    let address = args.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());

    let core = Core::open(dir).await?;
    let feed = match core.open_local("published").await {
        Ok(feed) => feed,
        Err(_) => {
            core.create_feed_with(FeedOptions::new().alias("published"))
                .await?
        }
    };
    let listener = tcp::listen(&core, address, ReplicateOptions::new()).await?;
    if let Some(key) = feed.key() {
        eprintln!("clone {key} from {}", listener.local_addr()?);
    }
    async_std::task::spawn(listener.run());

    let mut lines = async_std::io::BufReader::new(async_std::io::stdin()).lines();
    let mut blocks = feed.write_stream();
    while let Some(line) = lines.next().await {
        // Sent one by one, as they are typed: each is durable and announced before the next is read.
        blocks.send(Bytes::from(line?)).await?;
    }
    eprintln!("{} blocks; interrupt to stop serving", feed.length());
    std::future::pending().await
}
