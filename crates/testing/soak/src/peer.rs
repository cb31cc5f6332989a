use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_std::net::TcpStream;
use async_std::task;
use futures::future;
use hyperfeed::tcp::Reconnect;
use hyperfeed::{Core, Error, ErrorKind, Feed, FeedKey, ReplicateOptions, tcp};

use crate::content::{Lot, block};
use crate::line::say;
use crate::peers::Process;

/// One peer: a core on disk with some feeds.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) number: usize,
    /// Which one of its process.
    pub(crate) place: usize,
    pub(crate) dir: PathBuf,
    pub(crate) feeds: Vec<(usize, FeedKey)>,
    pub(crate) writers: [SocketAddr; 2],
    pub(crate) process: Arc<Process>,
}

type Feeds = Arc<Vec<(usize, Feed)>>;

impl Peer {
    /// One core after another over the same files, until it is time to settle. Gives the blocks that were read and
    /// compared in the end, and the core.
    pub(crate) async fn live(self) -> Result<(u64, Core), Error> {
        let mut lot = Lot(self.number as u64 + u64::from(std::process::id()));
        loop {
            let core = self.open_core().await?;
            let feeds = self.open(&core).await?;
            let last = self.process.settling.get();
            let ends = Instant::now() + Duration::from_millis(8_000 + lot.below(25_000));
            let connections = self.connect(&core, &feeds, &lot).await?;
            if let Some(lengths) = last {
                let read = self.settle(&feeds, lengths).await?;
                for connection in connections {
                    connection.cancel().await;
                }
                return Ok((read, core));
            }
            while Instant::now() < ends && !self.is_settling() {
                task::sleep(Duration::from_millis(200 + lot.below(800))).await;
                self.look(&feeds, &mut lot).await?;
            }
            for connection in connections {
                connection.cancel().await;
            }
            self.count(&feeds);
            // Some end in an orderly way; others let go of everything, which must free the files soon.
            if lot.below(2) == 0 {
                core.close().await?;
            }
        }
    }

    fn is_settling(&self) -> bool {
        self.process.settling.get().is_some()
    }

    async fn open_core(&self) -> Result<Core, Error> {
        let start = Instant::now();
        loop {
            let core = Core::builder().dir(&self.dir).cache_bytes(CACHE_BYTES);
            match core.open().await {
                Err(error) if error.kind() == ErrorKind::InUse && start.elapsed() < CLOSES_IN => {
                    task::sleep(Duration::from_millis(50)).await;
                }
                opened => return opened,
            }
        }
    }

    async fn open(&self, core: &Core) -> Result<Feeds, Error> {
        let mut feeds = Vec::with_capacity(self.feeds.len());
        for (number, key) in &self.feeds {
            let feed = core.open_feed(key).await?;
            self.tell("opened", *number, &feed);
            feeds.push((*number, feed));
        }
        Ok(Arc::new(feeds))
    }

    fn tell(&self, verb: &str, feed: usize, handle: &Feed) {
        say(&format!(
            "{verb} {} {feed} {}",
            self.number,
            handle.contiguous_length()
        ));
    }

    /// Tells what is there, and reads one block of each feed.
    async fn look(&self, feeds: &Feeds, lot: &mut Lot) -> Result<(), Error> {
        for (number, feed) in feeds.iter() {
            let end = feed.contiguous_length();
            self.tell("held", *number, feed);
            if end > 0 {
                self.compare(*number, feed, lot.below(end)).await?;
            }
        }
        Ok(())
    }

    async fn compare(&self, number: usize, feed: &Feed, index: u64) -> Result<(), Error> {
        match feed.try_get(index).await? {
            Some(found) if found == block(number, index) => {}
            Some(_) => self.wrong(number, index, "is another than was written"),
            None => self.wrong(number, index, "was there and is gone"),
        }
        Ok(())
    }

    fn wrong(&self, feed: usize, index: u64, what: &str) {
        say(&format!(
            "wrong block {index} of feed {feed} at peer {} {what}",
            self.number
        ));
    }

    /// Both writers and the neighbour, and a door for the other neighbour.
    async fn connect(
        &self,
        core: &Core,
        feeds: &Feeds,
        lot: &Lot,
    ) -> Result<Vec<task::JoinHandle<()>>, Error> {
        let options = ReplicateOptions::new().listed(feeds.iter().map(|(_, feed)| feed));
        let listener = tcp::listen(core, "127.0.0.1:0", options.clone()).await?;
        let port = listener.local_addr()?.port();
        self.process.ports[self.place].store(port, Ordering::Relaxed);
        let mut tasks = vec![task::spawn(listener.run())];
        for (at, writer) in self.writers.iter().enumerate() {
            let line = Line {
                core: core.clone(),
                feeds: Arc::clone(feeds),
                options: options.clone(),
                process: Arc::clone(&self.process),
                lot: Lot(lot.0 ^ at as u64),
            };
            tasks.push(task::spawn(line.keep(writer.to_string())));
        }
        let neighbour = (self.place + 1) % self.process.ports.len();
        let line = Line {
            core: core.clone(),
            feeds: Arc::clone(feeds),
            options,
            process: Arc::clone(&self.process),
            lot: Lot(lot.0 ^ 77),
        };
        tasks.push(task::spawn(line.visit(neighbour)));
        Ok(tasks)
    }

    fn count(&self, feeds: &Feeds) {
        for (_, feed) in feeds.iter() {
            let stats = feed.stats();
            let process = &self.process;
            process
                .received
                .fetch_add(stats.downloaded_bytes, Ordering::Relaxed);
            process
                .sent
                .fetch_add(stats.uploaded_bytes, Ordering::Relaxed);
        }
    }

    /// Waits for every block that there is, and compares all. The writers rest by now.
    async fn settle(&self, feeds: &Feeds, lengths: &[u64]) -> Result<u64, Error> {
        let mut read = 0;
        for (number, feed) in feeds.iter() {
            let length = lengths.get(*number).copied().unwrap_or(0);
            feed.download(..length).await?;
            self.tell("held", *number, feed);
            for index in 0..length {
                self.compare(*number, feed, index).await?;
                read += 1;
            }
        }
        self.count(feeds);
        Ok(read)
    }
}

/// One connection, again and again.
struct Line {
    core: Core,
    feeds: Feeds,
    options: ReplicateOptions,
    process: Arc<Process>,
    lot: Lot,
}

impl Line {
    /// To a writer, kept alive by the facade's own helper.
    async fn keep(mut self, address: String) {
        let mut reconnect = Reconnect::new(&self.core, address, self.options.clone());
        while let Ok(replication) = reconnect.next().await {
            let process = Arc::clone(&self.process);
            let _open = Counted::new(&process);
            let upset = Box::pin(self.upset(&replication));
            // How a connection to a process that is killed ends is no matter.
            future::select(Box::pin(replication.finished()), upset).await;
            replication.close().await;
        }
    }

    /// Leaves, joins, pauses, resumes; then it is enough.
    async fn upset(&mut self, replication: &hyperfeed::Replication) {
        loop {
            if self.process.settling.get().is_some() {
                return future::pending().await;
            }
            task::sleep(Duration::from_millis(300 + self.lot.below(3_000))).await;
            let place = self.lot.below(self.feeds.len() as u64) as usize;
            let Some((_, feed)) = self.feeds.get(place) else {
                return;
            };
            let pause = Duration::from_millis(self.lot.below(400));
            // Closed meanwhile: the next connection comes soon.
            match self.lot.below(6) {
                0 => return,
                1 | 2 => {
                    replication.leave(feed).await.ok();
                    task::sleep(pause).await;
                    replication.join(feed).await.ok();
                }
                3 => {
                    replication.pause(feed).await.ok();
                    task::sleep(pause).await;
                    replication.resume(feed).await.ok();
                }
                _ => {}
            }
        }
    }

    /// To the neighbour; cut without a word.
    async fn visit(mut self, neighbour: usize) {
        loop {
            task::sleep(Duration::from_millis(500 + self.lot.below(1_000))).await;
            let Some(port) = self.process.ports.get(neighbour) else {
                return;
            };
            let address = ("127.0.0.1", port.load(Ordering::Relaxed));
            let Ok(socket) = TcpStream::connect(address).await else {
                continue;
            };
            let Ok(replication) = self.core.replicate(socket.clone(), self.options.clone()) else {
                return;
            };
            let process = Arc::clone(&self.process);
            let _open = Counted::new(&process);
            task::sleep(Duration::from_millis(2_000 + self.lot.below(6_000))).await;
            socket.shutdown(Shutdown::Both).ok();
            replication.finished().await.ok();
        }
    }
}

/// One connection among those that are open.
struct Counted<'a>(&'a Process);

impl<'a> Counted<'a> {
    fn new(process: &'a Process) -> Self {
        process.connections.fetch_add(1, Ordering::Relaxed);
        Self(process)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Cache of each core: small, so that it is full before the second quarter of a run.
const CACHE_BYTES: u64 = 2 << 20;
/// The longest that a core of which all handles are dropped may keep its files.
const CLOSES_IN: Duration = Duration::from_secs(10);
