use crate::args::Append;
use crate::bar::Bar;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use crate::size::MAX_BLOCK;
use crate::unfinished::Unfinished;
use hyperfeed::Feed;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Appends files or stdin, and prints what was appended.
pub(crate) async fn run(place: &Place, args: Append, output: Output) -> Result<(), Failure> {
    // All inputs are looked at before anything is appended: one that cannot be read changes nothing.
    let total = check(&args)?;
    let core = place.open().await?;
    let feed = place::feed(place, &core, &args.feed).await?;
    if !feed.is_writable() {
        return Err(Failure::new(if feed.is_finalized() {
            "this feed is sealed: no block can follow"
        } else {
            "this feed is somebody else's: only who has its secret key can append"
        }));
    }
    let (unfinished, earlier) = Unfinished::of(place, &feed.public_id())?;
    let bar = total
        .filter(|total| *total >= WORTH_A_BAR)
        .map(|total| Bar::bytes(output, total));
    let length = feed.length();
    let mut writer = Writer {
        feed: &feed,
        batch: Vec::new(),
        bytes: 0,
        start: earlier.filter(|start| *start < length).unwrap_or(length),
        same: earlier.unwrap_or(length)..length,
        unfinished,
        bar: bar.as_ref(),
        output,
    };
    let written = writer.append_all(&args).await;
    if let Some(bar) = &bar {
        bar.clear();
    }
    let start = writer.start;
    written.map_err(|failure| stays(&feed, start, failure))?;
    let (length, bytes) = (feed.length(), feed.byte_length());
    let text = if length == start {
        format!("nothing to append; length {length}")
    } else {
        format!("blocks {start}..{length}, length {length}, {bytes} bytes")
    };
    let object = json!({ "start": start, "end": length, "length": length, "byte_length": bytes });
    output.result(&text, &object)?;
    Ok(core.close().await?)
}

/// Says what is in the feed, after a failure.
fn stays(feed: &Feed, start: u64, failure: Failure) -> Failure {
    match feed.length() {
        length if length > start => failure.and_hint(format_args!(
            "blocks {start}..{length} are appended and stay: the same command goes on after them"
        )),
        _ => failure.and_hint("nothing was appended"),
    }
}

/// Whether all inputs can be read; gives their size, if it can be known.
fn check(args: &Append) -> Result<Option<u64>, Failure> {
    if args.files.is_empty() {
        return Ok(None);
    }
    let mut total = Some(0);
    for path in &args.files {
        let size = if is_stdin(path) {
            None
        } else {
            file_size(path)?
        };
        if args.whole && size.is_some_and(|size| size > MAX_BLOCK) {
            return Err(too_large().while_doing(path.display()));
        }
        total = total.zip(size).map(|(total, size)| total + size);
    }
    Ok(total)
}

/// `None` for what is no plain file.
fn file_size(path: &Path) -> Result<Option<u64>, Failure> {
    let fail = |error: io::Error| Failure::from(error).while_doing(path.display());
    let about = File::open(path)
        .and_then(|file| file.metadata())
        .map_err(fail)?;
    if about.is_dir() {
        return Err(Failure::new("is a directory").while_doing(path.display()));
    }
    Ok(about.is_file().then_some(about.len()))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn too_large() -> Failure {
    Failure::new(format!(
        "larger than a block can be, which is {MAX_BLOCK} bytes"
    ))
    .with_hint("without --whole a file is cut into blocks")
}

/// A file or stdin.
struct Input {
    name: String,
    reader: Box<dyn BufRead>,
}

impl Input {
    fn open(path: &Path) -> Result<Self, Failure> {
        if is_stdin(path) {
            let (name, reader) = ("stdin".to_owned(), Box::new(io::stdin().lock()));
            return Ok(Self { name, reader });
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| Failure::from(error).while_doing(&name))?;
        let reader = Box::new(BufReader::new(file));
        Ok(Self { name, reader })
    }

    /// The next bytes: as many as there are, at most `most`; none at the end.
    fn bytes(&mut self, most: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(most).read_to_end(&mut bytes);
        self.read(read, bytes)
    }

    /// The next line with its end, cut after `most` bytes; nothing at the end.
    fn line(&mut self, most: u64) -> Result<Vec<u8>, Failure> {
        let mut line = Vec::new();
        let read = self.reader.by_ref().take(most).read_until(b'\n', &mut line);
        self.read(read, line)
    }

    fn read(&self, read: io::Result<usize>, bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
        match read {
            Ok(_) => Ok(bytes),
            Err(error) => Err(Failure::from(error).while_doing(&self.name)),
        }
    }
}

/// Collects blocks and appends them in batches.
struct Writer<'a> {
    feed: &'a Feed,
    batch: Vec<Vec<u8>>,
    bytes: usize,
    /// The block at which the input begins in the feed.
    start: u64,
    /// What an earlier run has appended and this input has not been compared with yet.
    same: Range<u64>,
    unfinished: Unfinished,
    bar: Option<&'a Bar>,
    output: Output,
}

impl Writer<'_> {
    async fn append_all(&mut self, args: &Append) -> Result<(), Failure> {
        let stdin = [PathBuf::from("-")];
        let files = if args.files.is_empty() {
            &stdin
        } else {
            args.files.as_slice()
        };
        for path in files {
            let input = Input::open(path)?;
            match (args.lines, args.whole) {
                (true, _) => self.lines(input).await?,
                (_, true) => self.whole(input).await?,
                _ => self.chunks(input, args.chunk.0).await?,
            }
        }
        self.is_other().await?;
        self.flush().await?;
        self.unfinished.end()
    }

    async fn lines(&mut self, mut input: Input) -> Result<(), Failure> {
        for number in 1_u64.. {
            // Room for the line's end, and one byte more to see that a line is too long.
            let mut line = input.line(MAX_BLOCK + 3)?;
            if line.is_empty() {
                break;
            }
            if line.last() == Some(&b'\n') {
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
            }
            if line.len() as u64 > MAX_BLOCK {
                let text = format!(
                    "{}: line {number} is longer than a block can be, which is {MAX_BLOCK} bytes",
                    input.name
                );
                return Err(
                    Failure::new(text).with_hint("without --lines a file is cut into blocks")
                );
            }
            self.push(line).await?;
        }
        Ok(())
    }

    async fn whole(&mut self, mut input: Input) -> Result<(), Failure> {
        let block = input.bytes(MAX_BLOCK + 1)?;
        if block.len() as u64 > MAX_BLOCK {
            return Err(too_large().while_doing(input.name));
        }
        self.push(block).await
    }

    async fn chunks(&mut self, mut input: Input, size: u64) -> Result<(), Failure> {
        loop {
            let block = input.bytes(size)?;
            if block.is_empty() {
                return Ok(());
            }
            self.push(block).await?;
        }
    }

    /// Takes a block of the input, unless an earlier run has appended it.
    async fn push(&mut self, block: Vec<u8>) -> Result<(), Failure> {
        if self.same.is_empty() {
            return self.collect(block).await;
        }
        if self.feed.get(self.same.start).await? != block {
            self.is_other().await?;
            return self.collect(block).await;
        }
        if let Some(bar) = self.bar {
            bar.add(block.len() as u64);
        }
        self.same.start += 1;
        if self.same.is_empty() {
            self.output.note(&format!(
                "blocks {}..{} are there from an earlier run that did not end; going on after them",
                self.start, self.same.end
            ));
        }
        Ok(())
    }

    /// If the input is not that of the earlier run, what was equal is appended once more, like any other input.
    async fn is_other(&mut self) -> Result<(), Failure> {
        if self.same.is_empty() {
            return Ok(());
        }
        let equal = self.start..self.same.start;
        self.start = self.same.end;
        self.same.start = self.same.end;
        for index in equal {
            let block = self.feed.get(index).await?;
            self.collect(block.to_vec()).await?;
        }
        Ok(())
    }

    async fn collect(&mut self, block: Vec<u8>) -> Result<(), Failure> {
        self.bytes += block.len();
        self.batch.push(block);
        if self.bytes < BATCH_BYTES && self.batch.len() < BATCH_BLOCKS {
            return Ok(());
        }
        if self.feed.length() == self.start {
            self.unfinished.begin(self.start)?;
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        let bytes = std::mem::take(&mut self.bytes);
        if !batch.is_empty() {
            self.feed.append_batch(batch).await?;
        }
        if let Some(bar) = self.bar {
            bar.add(bytes as u64);
        }
        Ok(())
    }
}

/// Input from which on a bar is drawn.
const WORTH_A_BAR: u64 = 16 << 20;
/// Bytes of blocks appended at a time: enough to make a commit cheap, little enough to hold in memory.
const BATCH_BYTES: usize = 4 << 20;
/// Blocks appended at a time.
const BATCH_BLOCKS: usize = 1024;
