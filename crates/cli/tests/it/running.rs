//! A command that goes on while the test does something else.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// A command whose lines can be waited for. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        watch(child.stdout.take().unwrap(), sender.clone());
        watch(child.stderr.take().unwrap(), sender);
        Self {
            stdin: child.stdin.take(),
            child,
            lines,
        }
    }

    /// Waits for a line, of stdout or stderr, that has `mark` in it; gives the rest of it.
    pub(crate) fn wait_for(&self, mark: &str) -> String {
        self.wait_until(|line| line.split_once(mark).map(|(_, rest)| rest.to_owned()))
    }

    /// Waits for a line that `judge` is content with.
    pub(crate) fn wait_until<T>(&self, judge: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut said = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("the line did not come; it said:\n{said}");
            };
            if let Some(found) = judge(&line) {
                return found;
            }
            said += &line;
            said.push('\n');
        }
    }

    /// Types a line into it.
    pub(crate) fn type_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
        stdin.flush().unwrap();
    }

    /// Puts bytes into it, as far as it takes them.
    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).unwrap();
        stdin.flush().unwrap();
    }

    /// Waits for its end; gives the exit status and the lines nobody waited for.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        drop(self.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        let mut said = String::new();
        // The lines end when both streams are closed, which is when it has ended.
        while let Ok(line) = self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            said += &line;
            said.push('\n');
        }
        assert!(
            Instant::now() < deadline,
            "it does not end; it said:\n{said}"
        );
        (self.child.wait().unwrap(), said)
    }

    /// Ends it as a crash would: SIGKILL where there are signals.
    pub(crate) fn kill(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn watch(stream: impl Read + Send + 'static, lines: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
}

/// How long a line may take to come; far more than it needs on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
