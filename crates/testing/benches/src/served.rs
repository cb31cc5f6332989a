//! The serving side of a replication, in a process of its own.

use crate::data::Blocks;
use crate::stopwatch::Stopwatch;
use crate::{Fallible, child};
use async_std::task;
use hyperfeed::{Core, Durability, FeedKey, FeedOptions, ReplicateOptions, tcp};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

const ALIAS: &str = "served";

/// What the serving side says when it listens.
#[derive(Debug, Serialize, Deserialize)]
struct Listening {
    key: String,
    address: String,
}

/// What the serving side says at its end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_bytes: u64,
}

/// A process that serves a feed.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    output: BufReader<ChildStdout>,
    pub(crate) key: FeedKey,
    pub(crate) address: String,
}

impl Server {
    /// Fills a store in one process, which does not count, and serves it in another.
    pub(crate) fn start(dir: &Path, blocks: u64, bytes: usize) -> Fallible<Self> {
        let mut fill = child::itself()?;
        fill.arg("--fill").arg(dir);
        fill.args([blocks.to_string(), bytes.to_string()]);
        if !fill.status()?.success() {
            return Err("the feed to serve could not be made".into());
        }
        let mut serve = child::itself()?;
        serve.arg("--serve").arg(dir);
        serve.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = serve.spawn()?;
        let stdout = process.stdout.take().ok_or("a child without stdout")?;
        let mut output = BufReader::new(stdout);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let listening: Listening = serde_json::from_str(&line)?;
        Ok(Self {
            process,
            output,
            key: listening.key.parse()?,
            address: listening.address,
        })
    }

    /// Ends it; tells what it has used since it listened.
    pub(crate) fn stop(mut self) -> Fallible<Used> {
        drop(self.process.stdin.take());
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        self.process.wait()?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Server {
    /// A measurement that failed leaves no process behind.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

pub(crate) fn fill(dir: &Path, blocks: u64, bytes: usize) -> Fallible<()> {
    task::block_on(async {
        let core = Core::open(dir).await?;
        let options = FeedOptions::new().alias(ALIAS);
        let feed = core.create_feed_with(options).await?;
        let data = Blocks::new(bytes);
        let batch = (BATCH_BYTES / bytes as u64).max(1);
        for start in (0..blocks).step_by(batch as usize) {
            let range = start..blocks.min(start + batch);
            feed.append_with(data.range(range), Durability::Relaxed)
                .await?;
        }
        Ok(core.close().await?)
    })
}

pub(crate) fn serve(dir: &Path) -> Fallible<()> {
    task::block_on(async {
        let core = Core::open(dir).await?;
        let feed = core.open_local(ALIAS).await?;
        let listener = tcp::listen(&core, "127.0.0.1:0", ReplicateOptions::new()).await?;
        let listening = Listening {
            key: feed.key().ok_or("a feed without a key")?.to_string(),
            address: listener.local_addr()?.to_string(),
        };
        let watch = Stopwatch::start()?;
        println!("{}", serde_json::to_string(&listening)?);
        task::spawn(listener.run());
        // Whoever started this holds the other end.
        task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await?;
        let lap = watch.stop()?;
        let used = Used {
            cpu_seconds: lap.cpu_seconds,
            peak_bytes: lap.peak_bytes,
        };
        println!("{}", serde_json::to_string(&used)?);
        Ok(core.close().await?)
    })
}

const BATCH_BYTES: u64 = 1 << 20;
