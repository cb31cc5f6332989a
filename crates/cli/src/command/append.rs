use crate::args::Append;
use crate::bar::Bar;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use hyperfeed::Feed;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Appends files or stdin, and prints what was appended.
pub(crate) async fn run(place: &Place, args: Append, output: Output) -> Result<(), Failure> {
    // All inputs are opened before anything is appended: one that cannot be read changes nothing.
    let inputs = open(&args.files)?;
    let total = inputs.iter().map(|input| input.size).sum::<Option<u64>>();
    let core = place.open().await?;
    let feed = place::feed(&core, &args.feed).await?;
    let start = feed.length();
    let bar = total
        .filter(|total| *total >= WORTH_A_BAR)
        .map(|total| Bar::bytes(output, total));
    let mut writer = Writer {
        feed: &feed,
        batch: Vec::new(),
        bytes: 0,
        bar: bar.as_ref(),
    };
    for input in inputs {
        let name = input.name.clone();
        let written = match (args.lines, args.whole) {
            (true, _) => writer.lines(input).await,
            (_, true) => writer.whole(input).await,
            _ => writer.chunks(input, args.chunk.0).await,
        };
        if let Err(failure) = written {
            let done = feed.length();
            let failure = failure.while_doing(name);
            return Err(if done > start {
                failure.with_hint(format!(
                    "blocks {start} to {} are appended and stay",
                    done - 1
                ))
            } else {
                failure
            });
        }
    }
    writer.flush().await?;
    if let Some(bar) = bar {
        bar.clear();
    }
    let (length, bytes) = (feed.length(), feed.byte_length());
    let text = if length == start {
        format!("nothing to append; length {length}")
    } else {
        format!("blocks {start}..{length}, length {length}, {bytes} bytes")
    };
    output.result(
        &text,
        &json!({ "start": start, "end": length, "length": length, "byte_length": bytes }),
    )?;
    Ok(core.close().await?)
}

struct Input {
    name: String,
    reader: Box<dyn Read>,
    size: Option<u64>,
}

fn open(files: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    if files.is_empty() {
        return Ok(vec![stdin()]);
    }
    files
        .iter()
        .map(|path| {
            if path == Path::new("-") {
                Ok(stdin())
            } else {
                file(path)
            }
        })
        .collect()
}

fn stdin() -> Input {
    Input {
        name: "stdin".to_owned(),
        reader: Box::new(io::stdin()),
        size: None,
    }
}

fn file(path: &Path) -> Result<Input, Failure> {
    let name = path.display().to_string();
    let fail = |error: io::Error| Failure::from(error).while_doing(&name);
    let file = File::open(path).map_err(fail)?;
    let about = file.metadata().map_err(fail)?;
    if about.is_dir() {
        return Err(Failure::new("is a directory").while_doing(&name));
    }
    Ok(Input {
        name,
        reader: Box::new(file),
        size: Some(about.len()),
    })
}

/// Collects blocks and appends them in batches.
struct Writer<'a> {
    feed: &'a Feed,
    batch: Vec<Vec<u8>>,
    bytes: usize,
    bar: Option<&'a Bar>,
}

impl Writer<'_> {
    async fn lines(&mut self, input: Input) -> Result<(), Failure> {
        let mut reader = BufReader::new(input.reader);
        loop {
            let mut line = Vec::new();
            // One byte past the limit is enough to see that a line is too long.
            let read = reader
                .by_ref()
                .take(MAX_BLOCK + 3)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            if line.last() == Some(&b'\n') {
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
            }
            self.push(line).await?;
        }
    }

    async fn whole(&mut self, mut input: Input) -> Result<(), Failure> {
        let mut block = Vec::new();
        input
            .reader
            .by_ref()
            .take(MAX_BLOCK + 1)
            .read_to_end(&mut block)?;
        if block.len() as u64 > MAX_BLOCK {
            let failure = Failure::new(format!(
                "larger than a block can be, which is {} bytes",
                MAX_BLOCK
            ));
            return Err(failure.with_hint("leave --whole out, and the file is cut into blocks"));
        }
        self.push(block).await
    }

    async fn chunks(&mut self, mut input: Input, size: u64) -> Result<(), Failure> {
        loop {
            let mut block = Vec::new();
            if input.reader.by_ref().take(size).read_to_end(&mut block)? == 0 {
                return Ok(());
            }
            self.push(block).await?;
        }
    }

    async fn push(&mut self, block: Vec<u8>) -> Result<(), Failure> {
        self.bytes += block.len();
        self.batch.push(block);
        if self.bytes >= BATCH_BYTES || self.batch.len() >= BATCH_BLOCKS {
            self.flush().await
        } else {
            Ok(())
        }
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
/// Bytes of the largest block.
const MAX_BLOCK: u64 = hyperfeed::v2::wire::limits::MAX_BLOCK as u64;
