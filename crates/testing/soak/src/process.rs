use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use crate::line::Line;
use crate::sample::Sample;

/// A child, and how to start it again.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    number: usize,
    program: PathBuf,
    args: Vec<OsString>,
    child: Child,
    lines: Sender<(usize, Line)>,
}

impl Process {
    /// Starts a child. Its lines go to `lines`, with `number` in front.
    pub(crate) fn start(
        name: String,
        number: usize,
        program: &Path,
        args: Vec<OsString>,
        lines: Sender<(usize, Line)>,
    ) -> io::Result<Self> {
        let child = spawn(program, &args, number, &lines)?;
        Ok(Self {
            name,
            number,
            program: program.to_owned(),
            args,
            child,
            lines,
        })
    }

    /// Kills the child as nothing can be killed softer, and starts it again with other arguments.
    pub(crate) fn kill_and_start(&mut self, args: Vec<OsString>) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.args = args;
        self.child = spawn(&self.program, &self.args, self.number, &self.lines)?;
        Ok(())
    }

    pub(crate) fn order(&mut self, order: &str) -> io::Result<()> {
        match &mut self.child.stdin {
            Some(stdin) => writeln!(stdin, "{order}"),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    pub(crate) fn sample(&self) -> io::Result<Sample> {
        Sample::of(self.child.id())
    }

    /// Why it ended, if it did though nobody killed it.
    pub(crate) fn ended(&mut self) -> io::Result<Option<String>> {
        let status = self.child.try_wait()?;
        Ok(status.map(|status| format!("{} ended by itself: {status}", self.name)))
    }

    /// Tells it to end and waits, for a minute at most.
    pub(crate) fn quit(mut self) -> io::Result<Result<(), String>> {
        // One that has ended already is found out below.
        self.order("quit").ok();
        let deadline = Instant::now() + ENDS_IN;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(match status.success() {
                    true => Ok(()),
                    false => Err(format!("{} ended with {status}", self.name)),
                });
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Err(format!("{} did not end in {ENDS_IN:?}", self.name)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended before, if all went well.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(
    program: &Path,
    args: &[OsString],
    number: usize,
    lines: &Sender<(usize, Line)>,
) -> io::Result<Child> {
    let mut child = Command::new(program)
        .args(args)
        // Threads come and go with the cores. With an arena for each, glibc keeps what they freed and memory says
        // little of what is in use.
        .env("MALLOC_ARENA_MAX", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let lines = lines.clone();
    thread::spawn(move || {
        let mut out = BufReader::new(out);
        let mut text = String::new();
        // A line that the kill has cut has no end, and counts for nothing.
        while out.read_line(&mut text).is_ok_and(|bytes| bytes > 0) && text.ends_with('\n') {
            if let Some(line) = Line::parse(text.trim_end())
                && lines.send((number, line)).is_err()
            {
                break;
            }
            text.clear();
        }
    });
    Ok(child)
}

/// The longest that an orderly end may take.
const ENDS_IN: Duration = Duration::from_secs(60);
