//! The `hyperfeed` command on one store, run to its end or left running.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::step::Failure;

/// The command bound to a store, and a word for whose it is.
#[derive(Clone, Debug)]
pub(super) struct Hyperfeed {
    binary: PathBuf,
    store: PathBuf,
    who: &'static str,
}

/// What happens to what a running command says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// It goes to the terminal as it is, bars included.
    Inherited,
    /// It is shown line by line and can be waited for.
    Watched,
}

impl Hyperfeed {
    pub(super) fn new(binary: &Path, store: PathBuf, who: &'static str) -> Self {
        Self {
            binary: binary.to_path_buf(),
            store,
            who,
        }
    }

    /// Runs to its end; its words go to the terminal.
    pub(super) fn show(&self, args: &[&str]) -> Result<(), Failure> {
        let status = self
            .command(args)
            .status()
            .map_err(|error| self.cannot(args, &error))?;
        self.judge(args, status)
    }

    /// Runs to its end; gives what it wrote to stdout.
    pub(super) fn read(&self, args: &[&str]) -> Result<Vec<u8>, Failure> {
        let output = self
            .command(args)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| self.cannot(args, &error))?;
        self.judge(args, output.status)?;
        Ok(output.stdout)
    }

    /// Starts it and leaves it running.
    pub(super) fn start(&self, args: &[&str], output: Output) -> Result<Running, Failure> {
        let mut command = self.command(args);
        if output == Output::Watched {
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
        }
        let mut child = command.spawn().map_err(|error| self.cannot(args, &error))?;
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            watch(stdout, self.who, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            watch(stderr, self.who, sender);
        }
        let stdin = child.stdin.take();
        Ok(Running {
            child,
            stdin,
            lines,
            what: self.line(args),
        })
    }

    pub(super) fn binary(&self) -> &Path {
        &self.binary
    }

    pub(super) fn store(&self) -> &Path {
        &self.store
    }

    fn command(&self, args: &[&str]) -> Command {
        eprintln!("   {}$ {}", self.who, self.line(args));
        let mut command = Command::new(&self.binary);
        command
            .arg("--store")
            .arg(&self.store)
            .args(args)
            .stdin(Stdio::null());
        command
    }

    fn line(&self, args: &[&str]) -> String {
        format!(
            "hyperfeed --store {} {}",
            self.store.display(),
            args.join(" ")
        )
    }

    fn judge(&self, args: &[&str], status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "`{}` ended with {status}",
            self.line(args)
        )))
    }

    fn cannot(&self, args: &[&str], error: &std::io::Error) -> Failure {
        Failure::new(format!("cannot run `{}`: {error}", self.line(args)))
    }
}

/// A command that runs until it is killed, or this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    what: String,
}

impl Running {
    /// Waits for a line that holds `mark`; gives the word after it.
    pub(super) fn wait_for_line(&self, mark: &str, patience: Duration) -> Result<String, Failure> {
        let deadline = Instant::now() + patience;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    let word = line
                        .split_once(mark)
                        .and_then(|(_, rest)| rest.split_whitespace().next());
                    if let Some(word) = word {
                        return Ok(word.to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Failure::new(format!(
                        "`{}` did not say {mark:?} within {patience:?}",
                        self.what
                    )));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::new(format!(
                        "`{}` ended before it said {mark:?}",
                        self.what
                    )));
                }
            }
        }
    }

    /// Types a line into it.
    pub(super) fn write_line(&mut self, line: &str) -> Result<(), Failure> {
        let Some(stdin) = &mut self.stdin else {
            return Err(Failure::new(format!("`{}` has no stdin", self.what)));
        };
        writeln!(stdin, "{line}")
            .and_then(|()| stdin.flush())
            .map_err(|error| {
                Failure::new(format!("`{}` does not read its stdin: {error}", self.what))
            })
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it at once, with no chance to tidy up.
    pub(super) fn kill(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn watch(stream: impl Read + Send + 'static, who: &'static str, lines: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            eprintln!("   {who}| {line}");
            // Shown even when nobody waits any more.
            let _ = lines.send(line);
        }
    });
}
