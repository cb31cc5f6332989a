//! Two `hyperfeed` processes that show the whole idea, and check it.

mod process;
mod scratch;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::command::Command;
use crate::step::Failure;
use crate::workspace;
use process::{Hyperfeed, Output, Running};
use scratch::Scratch;

/// What is shared when no file is named; relative to the root.
const DEFAULT_FILES: [&str; 2] = ["README.md", "Cargo.lock"];

/// Small blocks, so that a few files make a feed worth looking at.
const CHUNK: &str = "4KiB";

/// The name of the feed in the writer's store.
const ALIAS: &str = "demo";

const LINES: [&str; 3] = [
    "This line was appended while the reader was connected.",
    "So was this one.",
    "And this is the last.",
];

/// How long nothing may happen; far more than it needs on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the reader's file is looked at.
const POLL: Duration = Duration::from_millis(50);

/// What the reader gets to commit its last blocks.
const SETTLE: Duration = Duration::from_secs(1);

/// Builds the command, then has a writer and a reader exchange `args`, with `--keep` leaving the stores.
pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    let keep = args.contains(&"--keep");
    let named: Vec<&str> = args
        .iter()
        .copied()
        .filter(|arg| *arg != "--keep")
        .collect();
    if let Some(option) = named.iter().find(|arg| arg.starts_with('-')) {
        return Err(Failure::new(format!(
            "demo: no option {option}; files and --keep are all it takes"
        )));
    }
    let files = if named.is_empty() {
        defaults()
    } else {
        from_here(&named)?
    };

    say("building the command");
    Command::cargo(["build", "--package", "hyperfeed-cli"]).run()?;
    let binary = workspace::target_dir()?
        .join("debug")
        .join(format!("hyperfeed{}", std::env::consts::EXE_SUFFIX));
    let scratch = Scratch::new(keep)?;
    let story = Story {
        writer: Hyperfeed::new(&binary, scratch.path().join("writer"), "writer"),
        reader: Hyperfeed::new(&binary, scratch.path().join("reader"), "reader"),
        copy: scratch.path().join("copy"),
        files,
    };
    let outcome = story.tell(keep);
    if keep {
        say(&format!("kept: {}", scratch.path().display()));
    }
    outcome
}

/// Who takes part, and what they share.
struct Story {
    writer: Hyperfeed,
    reader: Hyperfeed,
    copy: PathBuf,
    files: Vec<PathBuf>,
}

impl Story {
    fn tell(&self, keep: bool) -> Result<(), Failure> {
        let original = self.original()?;
        let key = self.write()?;
        let (mut sharing, address) = self.share()?;
        let mut cloning = self.clone_live(&key, &address)?;

        self.wait_for_copy(&mut cloning, "the files", original.len(), |copy| {
            same("the original files", &original, "the reader's file", copy)
        })?;
        say(&format!(
            "the copy has all {} bytes; now the writer appends {} lines",
            original.len(),
            LINES.len()
        ));
        for line in LINES {
            sharing.write_line(line)?;
        }
        let lines = LINES.iter().map(|line| line.len()).sum::<usize>();
        let length = original.len() + lines;
        self.wait_for_copy(
            &mut cloning,
            "the lines appended while connected",
            length,
            |copy| is_whole(copy, &original),
        )?;
        // Bytes are written before the commit that makes them count.
        std::thread::sleep(SETTLE);
        say("they arrived; both processes are now killed without warning, as a crash would");
        cloning.kill();
        sharing.kill();

        let bytes = self.compare(&key, &original)?;
        self.explain(&key, &address, bytes, keep);
        Ok(())
    }

    /// The files, one after the other.
    fn original(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        for file in &self.files {
            bytes.extend(read(file)?);
        }
        Ok(bytes)
    }

    /// Makes the feed; gives its key.
    fn write(&self) -> Result<String, Failure> {
        say("the writer makes a feed and appends the files");
        let text = self.writer.read(&["create", "--alias", ALIAS])?;
        let key = String::from_utf8_lossy(&text)
            .split_whitespace()
            .find(|word| is_key(word))
            .map(str::to_owned);
        let Some(key) = key else {
            return Err(Failure::new(format!(
                "`create` printed no key, but: {}",
                String::from_utf8_lossy(&text)
            )));
        };
        let files: Vec<String> = self
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let mut args = vec!["append", ALIAS];
        args.extend(files.iter().map(String::as_str));
        args.extend(["--chunk", CHUNK]);
        self.writer.show(&args)?;
        Ok(key)
    }

    /// Starts serving; gives the address.
    fn share(&self) -> Result<(Running, String), Failure> {
        say("the writer serves the feed over TCP, and will append the lines it reads from stdin");
        let args = ["share", ALIAS, "--listen", "127.0.0.1:0", "--stdin", ALIAS];
        let sharing = self.writer.start(&args, Output::Watched)?;
        let address = sharing.wait_for_line("listening on ", PATIENCE)?;
        Ok((sharing, address))
    }

    fn clone_live(&self, key: &str, address: &str) -> Result<Running, Failure> {
        say(
            "the reader, with an empty store of its own, clones the feed into a plain file and stays connected",
        );
        let copy = self.copy.display().to_string();
        self.reader.start(
            &["clone", key, address, "--live", "--to", &copy],
            Output::Inherited,
        )
    }

    /// Waits until the reader's file is as it should be, for as long as it still grows.
    fn wait_for_copy(
        &self,
        cloning: &mut Running,
        what: &str,
        length: usize,
        judge: impl Fn(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (mut since, mut had) = (Instant::now(), 0);
        loop {
            let has = fs::metadata(&self.copy).map_or(0, |file| file.len());
            if has > had {
                (since, had) = (Instant::now(), has);
            }
            // Read only when it can be right: files may be large.
            let judged =
                (has >= length as u64).then(|| judge(&fs::read(&self.copy).unwrap_or_default()));
            if matches!(judged, Some(Ok(()))) {
                return Ok(());
            }
            if let Some(status) = cloning.ended() {
                return Err(Failure::new(format!(
                    "the reader ended with {status} before it had {what}"
                )));
            }
            if since.elapsed() > PATIENCE {
                let reason = judged
                    .and_then(Result::err)
                    .map(|failure| format!(": {failure}"));
                return Err(Failure::new(format!(
                    "the reader lacks {what}; its file has {has} bytes and did not grow for {PATIENCE:?}{}",
                    reason.unwrap_or_default()
                )));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Four ways to the same bytes; gives their number.
    fn compare(&self, key: &str, original: &[u8]) -> Result<usize, Failure> {
        say("both stores are opened again, verified, and compared byte for byte");
        self.writer.show(&["verify"])?;
        self.reader.show(&["verify"])?;
        let written = self.writer.read(&["cat", ALIAS])?;
        let cloned = self.reader.read(&["cat", key])?;
        let copy = read(&self.copy)?;
        same(
            "the feed in the writer's store",
            &written,
            "the feed in the reader's store",
            &cloned,
        )?;
        same(
            "the feed in the reader's store",
            &cloned,
            "the reader's file",
            &copy,
        )?;
        is_whole(&written, original)?;
        Ok(written.len())
    }

    fn explain(&self, key: &str, address: &str, bytes: usize, keep: bool) {
        println!(
            "
What happened
  The writer made a feed. Its key, {key},
  names it, lets anyone who has it read it, and lets a reader check every block: only the
  writer can sign. The reader knew that key and the address {address}, nothing else.
  It fetched the blocks over TCP, encrypted, verified each against the key before storing it,
  and got the lines that were appended later without asking again. Then both processes were
  killed. The original files, the feed in either store and the reader's plain file hold the
  same bytes: {bytes} in all."
        );
        let binary = self.writer.binary().display();
        if keep {
            let writer = self.writer.store().display();
            let third = self.reader.store().with_file_name("third");
            println!(
                "
Go on by hand: serve the feed again, and in a second terminal clone it into a third store
  {binary} --store {writer} share {ALIAS} --listen {address} --stdin {ALIAS}
  {binary} --store {third} clone {key} {address} --live --to {third}-copy
Type lines into the first terminal and watch them arrive; Ctrl-C ends either.",
                third = third.display()
            );
            return;
        }
        let files: Vec<String> = self
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        println!(
            "
The same by hand (the key will be another: use the one that `create` prints)
  {binary} --store demo-writer create --alias {ALIAS}
  {binary} --store demo-writer append {ALIAS} {} --chunk {CHUNK}
  {binary} --store demo-writer share {ALIAS} --listen {address} --stdin {ALIAS}
and in a second terminal
  {binary} --store demo-reader clone {key} {address} --live --to demo-copy
Type lines into the first terminal and watch them arrive; stop both with Ctrl-C, then
  {binary} --store demo-reader verify
  {binary} --store demo-reader cat {key}",
            files.join(" ")
        );
    }
}

fn say(what: &str) {
    eprintln!("\n== {what}");
}

fn is_key(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn defaults() -> Vec<PathBuf> {
    DEFAULT_FILES
        .iter()
        .map(|file| workspace::root().join(file))
        .collect()
}

/// Files as the person who typed them meant them: relative to where they stood.
fn from_here(names: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let absolute = |name: &&str| {
        fs::canonicalize(name)
            .map_err(|error| Failure::new(format!("demo: cannot find {name}: {error}")))
    };
    names.iter().map(absolute).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

/// The original and then the lines, with or without their ends.
fn is_whole(feed: &[u8], original: &[u8]) -> Result<(), Failure> {
    let (start, mut tail) = feed.split_at(original.len().min(feed.len()));
    same(
        "the original files",
        original,
        "the beginning of the feed",
        start,
    )?;
    for line in LINES {
        let Some(rest) = tail.strip_prefix(line.as_bytes()) else {
            return Err(Failure::new(format!(
                "the feed does not go on with the line {line:?}"
            )));
        };
        tail = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    if tail.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{} bytes that nobody appended",
            tail.len()
        )))
    }
}

fn same(one: &str, a: &[u8], other: &str, b: &[u8]) -> Result<(), Failure> {
    if a == b {
        return Ok(());
    }
    let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    Err(Failure::new(format!(
        "{one} ({} bytes) and {other} ({} bytes) differ from byte {at} on",
        a.len(),
        b.len()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_both_sides_and_the_first_byte() {
        let failure = same("one", b"abc", "other", b"abd!").expect_err("they differ");
        assert_eq!(
            failure.to_string(),
            "one (3 bytes) and other (4 bytes) differ from byte 2 on"
        );
        assert!(same("one", b"abc", "other", b"abc").is_ok());
    }

    #[test]
    fn a_feed_is_whole_with_exactly_its_files_and_lines() {
        let whole = [b"files".as_slice(), LINES.join("\n").as_bytes()].concat();
        assert!(is_whole(&whole, b"files").is_ok());
        assert!(
            is_whole(
                &[b"files".as_slice(), LINES.concat().as_bytes()].concat(),
                b"files"
            )
            .is_ok()
        );
        assert!(is_whole(&whole[..whole.len() - 1], b"files").is_err());
        assert!(is_whole(&[&whole, b"more".as_slice()].concat(), b"files").is_err());
        assert!(is_whole(b"fil", b"files").is_err());
    }

    #[test]
    fn an_unknown_option_is_refused_before_anything_is_built() {
        let failure = run(&["--kepp"]).expect_err("no such option");
        assert!(failure.to_string().contains("--kepp"), "{failure}");
    }
}
