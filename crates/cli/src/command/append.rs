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
            let (name, reader): (_, Box<dyn Read>) = if is_stdin(path) {
                ("stdin".to_owned(), Box::new(io::stdin()))
            } else {
                let name = path.display().to_string();
                let file =
                    File::open(path).map_err(|error| Failure::from(error).while_doing(&name))?;
                (name, Box::new(file))
            };
            let read = match (args.lines, args.whole) {
                (true, _) => self.lines(reader).await,
                (_, true) => self.whole(reader).await,
                _ => self.chunks(reader, args.chunk.0).await,
            };
            read.map_err(|failure| failure.while_doing(name))?;
        }
        self.is_other().await?;
        self.flush().await?;
        self.unfinished.end()
    }

    async fn lines(&mut self, reader: Box<dyn Read>) -> Result<(), Failure> {
        let mut reader = BufReader::new(reader);
        for number in 1_u64.. {
            let mut line = Vec::new();
            // Room for the line's end, and one byte more to see that a line is too long.
            let read = reader
                .by_ref()
                .take(MAX_BLOCK + 3)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
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
                    "line {number} is longer than a block can be, which is {MAX_BLOCK} bytes"
                );
                return Err(
                    Failure::new(text).with_hint("without --lines a file is cut into blocks")
                );
            }
            self.push(line).await?;
        }
        Ok(())
    }

    async fn whole(&mut self, mut reader: Box<dyn Read>) -> Result<(), Failure> {
        let mut block = Vec::new();
        reader
            .by_ref()
            .take(MAX_BLOCK + 1)
            .read_to_end(&mut block)?;
        if block.len() as u64 > MAX_BLOCK {
            return Err(too_large());
        }
        self.push(block).await
    }

    async fn chunks(&mut self, mut reader: Box<dyn Read>, size: u64) -> Result<(), Failure> {
        loop {
            let mut block = Vec::new();
            if reader.by_ref().take(size).read_to_end(&mut block)? == 0 {
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
