use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use futures::future;
use hyperfeed::{Backend, Core, Durability, Error, ErrorKind, Feed, FeedOptions, ReplicateOptions};

use crate::line::hash;

/// Feeds of the writer.
pub(crate) const FEEDS: usize = 3;

/// The life of a child: opens both stores, appends and clones until it is killed. `life` is a number
/// that no other life in these stores had.
///
/// # Errors
/// When something fails, which it must not.
pub fn child(dir: &Path, backend: Backend, life: u64) -> Result<(), Error> {
    async_std::task::block_on(live(dir, backend, life))
}

async fn live(dir: &Path, backend: Backend, life: u64) -> Result<(), Error> {
    let writer = open(&dir.join("writer"), backend).await?;
    let reader = open(&dir.join("reader"), backend).await?;
    let mut feeds = Vec::with_capacity(FEEDS);
    for number in 0..FEEDS {
        let feed = own(&writer, number).await?;
        let key = feed.key().map(|key| key.to_string()).unwrap_or_default();
        say(&format!("opened {number} {key} {}", feed.length()));
        feeds.push(feed);
    }
    let key = feeds[0]
        .key()
        .unwrap_or_else(|| unreachable!("a live feed has a key"));
    let copy = reader.open_feed(&key).await?;
    say("ready");

    let work = feeds
        .iter()
        .enumerate()
        .map(|(number, feed)| append(number, feed, life));
    let work = future::try_join_all(work);
    let ended = async {
        // Some lives are lonely: what no peer hears of may be lost if it is relaxed.
        if life % 6 == 3 {
            return future::pending().await;
        }
        let (here, there) = pipe()?;
        let options = || ReplicateOptions::new().timeout(Duration::from_secs(60));
        let sending = writer.replicate(here, options())?;
        let receiving = reader.replicate(there, options())?;
        let (a, b) = future::join(sending.finished(), receiving.finished()).await;
        a.and(b)
    };
    let all = future::try_join3(work, watch(&copy), ended);
    all.await.map(drop)
}

async fn open(dir: &Path, backend: Backend) -> Result<Core, Error> {
    Core::builder().dir(dir).backend(backend).open().await
}

async fn own(writer: &Core, number: usize) -> Result<Feed, Error> {
    let alias = format!("feed-{number}");
    match writer.open_local(&alias).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            writer
                .create_feed_with(FeedOptions::new().alias(alias))
                .await
        }
        opened => opened,
    }
}

/// Appends for ever. Each block says in which life it was made, so that none is ever made again.
async fn append(number: usize, feed: &Feed, life: u64) -> Result<(), Error> {
    let mut count = 0_u64;
    loop {
        let blocks: Vec<String> = (0..1 + (count + number as u64) % 4)
            .map(|part| {
                let padding = ".".repeat((count * 37 % 900) as usize);
                format!("feed {number}, life {life}, {count}.{part}{padding}")
            })
            .collect();
        let hashes: Vec<u64> = blocks.iter().map(|block| hash(block.as_bytes())).collect();
        // Every third life is relaxed as a whole. There feed 0 is slow, because what a peer hears of
        // is made durable, and with it all before it, whatever feed it is of.
        let relaxed_life = life.is_multiple_of(3);
        if relaxed_life && number == 0 {
            async_std::task::sleep(Duration::from_millis(30)).await;
        }
        let (class, word) = if !relaxed_life && count / 16 % 2 == number as u64 % 2 {
            (Durability::Process, "process")
        } else {
            (Durability::Relaxed, "relaxed")
        };
        let range = feed.append_with(blocks, class).await?;
        let mut lines = String::new();
        for (index, hash) in range.zip(hashes) {
            lines += &format!("{word} {number} {index} {hash:016x}\n");
        }
        say(lines.trim_end());
        count += 1;
    }
}

/// Tells of each block that the clone has.
async fn watch(copy: &Feed) -> Result<(), Error> {
    let mut index = copy.contiguous_length();
    let mut blocks = copy.read_stream(index..).live();
    while let Some(block) = blocks.next().await {
        say(&format!("cloned {index} {:016x}", hash(&block?)));
        index += 1;
    }
    Ok(())
}

fn pipe() -> Result<(async_std::net::TcpStream, async_std::net::TcpStream), Error> {
    let connect = || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let connected = TcpStream::connect(listener.local_addr()?)?;
        Ok((listener.accept()?.0.into(), connected.into()))
    };
    connect().map_err(|error: std::io::Error| hyperfeed::StorageError::from(error).into())
}

/// A line is one write, so that a kill cuts the last one at most. A full pipe holds the child until
/// the parent reads.
fn say(lines: &str) {
    let mut out = std::io::stdout().lock();
    let told = out
        .write_all(format!("{lines}\n").as_bytes())
        .and_then(|()| out.flush());
    if told.is_err() {
        // The parent is gone.
        std::process::exit(1);
    }
}
