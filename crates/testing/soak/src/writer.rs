use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use async_std::channel::Receiver;
use async_std::task;
use futures::future::{self, Either};
use hyperfeed::{Core, Error, ErrorKind, Feed, FeedOptions, Feeds, ReplicateOptions, tcp};

use crate::content::{Lot, block};
use crate::line::say;
use crate::stdin::orders;

/// A process that has feeds, appends to them and serves them until it is told to end.
///
/// # Errors
/// When something fails, which it must not.
pub fn writer(dir: &Path, port: u16, numbers: Range<usize>) -> Result<(), Error> {
    task::block_on(write(dir, port, numbers))
}

async fn write(dir: &Path, port: u16, numbers: Range<usize>) -> Result<(), Error> {
    let core = Core::builder().dir(dir).cache_bytes(8 << 20).open().await?;
    let mut feeds = Vec::with_capacity(numbers.len());
    for number in numbers {
        let feed = own(&core, number).await?;
        let key = feed.key().map(|key| key.to_string()).unwrap_or_default();
        say(&format!("feed {number} {key} {}", feed.length()));
        feeds.push((number, feed));
    }
    // What opens files for the first time is no leak later.
    for (number, feed) in &feeds {
        append(*number, feed, 1).await?;
    }
    let options = ReplicateOptions::new().feeds(Feeds::Requested);
    let listener = tcp::listen(&core, ("127.0.0.1", port), options).await?;
    say(&format!("listening {}", listener.local_addr()?.port()));
    task::spawn(listener.run());
    say("ready");
    let orders = orders();
    task::spawn(tell_state(core.clone(), feeds.clone()));
    match future::select(
        Box::pin(append_for_ever(&feeds)),
        Box::pin(ordered(&orders, "rest")),
    )
    .await
    {
        Either::Left((failed, _)) => failed?,
        Either::Right(_) => {}
    }
    for (number, feed) in &feeds {
        say(&format!("acknowledged {number} {}", feed.length()));
    }
    say("resting");
    ordered(&orders, "quit").await;
    core.close().await
}

async fn own(core: &Core, number: usize) -> Result<Feed, Error> {
    let alias = format!("feed-{number}");
    match core.open_local(&alias).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            core.create_feed_with(FeedOptions::new().alias(alias)).await
        }
        opened => opened,
    }
}

/// Appends to one feed after another, now one block, now some.
async fn append_for_ever(feeds: &[(usize, Feed)]) -> Result<(), Error> {
    let mut lot = Lot(feeds.len() as u64);
    loop {
        let place = lot.below(feeds.len() as u64) as usize;
        if let Some((number, feed)) = feeds.get(place) {
            append(*number, feed, 1 + lot.below(12)).await?;
        }
        task::sleep(PAUSE).await;
    }
}

async fn append(number: usize, feed: &Feed, count: u64) -> Result<(), Error> {
    let next = feed.length();
    let blocks: Vec<Vec<u8>> = (next..next + count).map(|at| block(number, at)).collect();
    let range = feed.append_batch(blocks).await?;
    say(&format!("acknowledged {number} {}", range.end));
    Ok(())
}

async fn tell_state(core: Core, feeds: Vec<(usize, Feed)>) {
    while let Ok(peers) = core.peers().await {
        let stats = feeds.iter().map(|(_, feed)| feed.stats());
        let sent: u64 = stats.map(|stats| stats.uploaded_bytes).sum();
        say(&format!("state {} {sent} 0", peers.len()));
        task::sleep(Duration::from_secs(1)).await;
    }
}

/// Waits for an order and gives what follows its name; ends the process when nobody is there to give any.
pub(crate) async fn ordered(orders: &Receiver<String>, expected: &str) -> String {
    loop {
        match orders.recv().await {
            Ok(order) => {
                if let Some(rest) = order.strip_prefix(expected) {
                    return rest.to_owned();
                }
            }
            Err(_) => std::process::exit(1),
        }
    }
}

/// Between two appends of a process.
const PAUSE: Duration = Duration::from_millis(20);
