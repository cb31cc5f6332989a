use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use hyperfeed::{Backend, Core, Feed};
use tempfile::TempDir;

use crate::Figures;
use crate::child::FEEDS;
use crate::ledger::Ledger;
use crate::line::{Line, hash};

/// Longest that a child may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rounds of life and death in one pair of stores.
#[derive(Debug)]
pub struct Loop {
    child: PathBuf,
    backend: Backend,
    random: u64,
    dir: TempDir,
    ledger: Ledger,
    lives: u64,
}

impl Loop {
    /// New stores with this database. `child` is the program that leads the lives; `seed` decides when
    /// each ends, as far as the machine lets it.
    ///
    /// # Errors
    /// When no directory can be made.
    pub fn new(child: &Path, backend: Backend, seed: u64) -> std::io::Result<Self> {
        Ok(Self {
            child: child.to_owned(),
            backend,
            random: seed,
            dir: tempfile::tempdir()?,
            ledger: Ledger::default(),
            lives: 0,
        })
    }

    /// So many more rounds, and a look at everything in the end.
    ///
    /// # Errors
    /// A promise was broken, in words; or something failed that must not. The stores are kept then.
    pub fn run(mut self, rounds: u64) -> Result<Figures, Box<dyn Error>> {
        for round in 0..rounds {
            self.round()?;
            let look = round % 2 == 1 || round + 1 == rounds;
            if look {
                futures::executor::block_on(self.look())?;
            }
            if !self.ledger.wrong.is_empty() {
                let kept = self.dir.keep();
                let wrong: Vec<&str> = self
                    .ledger
                    .wrong
                    .iter()
                    .take(10)
                    .map(String::as_str)
                    .collect();
                let text = format!(
                    "{}, round {round}: {}; {}; the stores are in {}",
                    self.backend,
                    self.ledger.figures,
                    wrong.join("; "),
                    kept.display()
                );
                return Err(text.into());
            }
        }
        Ok(self.ledger.figures)
    }

    /// One life, and all that was heard of it.
    fn round(&mut self) -> Result<(), Box<dyn Error>> {
        self.lives += 1;
        self.ledger.figures.rounds += 1;
        let mut child = Command::new(&self.child)
            .arg("child")
            .arg(self.dir.path())
            .arg(self.backend.name())
            .arg(self.lives.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = listen(&mut child)?;
        // A quarter of the lives ends about when the stores are opened.
        let dies_early = self.draw(4) == 0;
        let mut heard = Vec::new();
        if !dies_early {
            heard = until_ready(&lines)?;
        }
        thread::sleep(Duration::from_millis(self.draw(if dies_early {
            80
        } else {
            250
        })));
        let ended = child.try_wait()?;
        child.kill()?;
        child.wait()?;
        heard.extend(lines);
        if ended.is_some() {
            heard.push(Line::Failed("the child ended by itself".to_owned()));
        }
        if !heard.contains(&Line::Ready) {
            self.ledger.figures.killed_while_opening += 1;
        }
        heard.iter().for_each(|line| self.ledger.note(line));
        Ok(())
    }

    /// Opens both stores, and compares what is there with what was promised.
    async fn look(&mut self) -> Result<(), Box<dyn Error>> {
        let open = |name: &str| {
            Core::builder()
                .dir(self.dir.path().join(name))
                .backend(self.backend)
                .open()
        };
        let (writer, reader) = (open("writer").await?, open("reader").await?);
        let mut first = None;
        for number in 0..FEEDS {
            // Killed before it was made, in every life.
            let Ok(feed) = writer.open_local(&format!("feed-{number}")).await else {
                continue;
            };
            let key = feed.key().map(|key| key.to_string()).unwrap_or_default();
            self.ledger.opened(number, &key, feed.length());
            self.compare(number, &feed, "writer").await?;
            first = first.or_else(|| (number == 0).then_some(feed));
        }
        if let Some(feed) = first
            && let Some(key) = feed.key()
        {
            let copy = reader.open_feed(&key).await?;
            if copy.length() > feed.length() {
                self.ledger.fork(format!(
                    "the clone knows of {} blocks, the writer of {}",
                    copy.length(),
                    feed.length()
                ));
            }
            self.compare(0, &copy, "clone").await?;
        }
        writer.close().await?;
        reader.close().await?;
        Ok(())
    }

    /// Reads every block that is held, and hashes everything again.
    async fn compare(
        &mut self,
        number: usize,
        feed: &Feed,
        who: &str,
    ) -> Result<(), Box<dyn Error>> {
        for index in 0..feed.length() {
            if let Some(block) = feed.try_get(index).await? {
                self.ledger.found(number, index, hash(&block));
            } else if who == "writer" {
                self.ledger
                    .fork(format!("the writer lacks block {index} of feed {number}"));
            }
        }
        if !feed.verify(|_, _| ()).await?.is_sound() {
            self.ledger
                .fork(format!("feed {number} of the {who} is damaged"));
        }
        Ok(())
    }

    /// A number below `end`.
    fn draw(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The lines of a child, as they come, until it ends.
fn listen(child: &mut Child) -> std::io::Result<Receiver<Line>> {
    let out = child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut out = BufReader::new(out);
        let mut text = String::new();
        // A line that the kill has cut has no end, and counts for nothing.
        while out.read_line(&mut text).is_ok_and(|bytes| bytes > 0) && text.ends_with('\n') {
            if let Some(line) = Line::parse(text.trim_end())
                && sender.send(line).is_err()
            {
                break;
            }
            text.clear();
        }
    });
    Ok(lines)
}

fn until_ready(lines: &Receiver<Line>) -> Result<Vec<Line>, RecvTimeoutError> {
    let deadline = Instant::now() + PATIENCE;
    let mut heard = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => {
                let ready = line == Line::Ready;
                heard.push(line);
                if ready {
                    return Ok(heard);
                }
            }
            // It ended before: the caller sees that.
            Err(RecvTimeoutError::Disconnected) => return Ok(heard),
            Err(error) => return Err(error),
        }
    }
}
