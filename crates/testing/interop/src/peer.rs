//! The process: requests out, answers and events in.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::NpmError;
use crate::event::Event;

/// A peer of npm hypercore 2.3.0 in a process of its own; dropping it ends the process.
///
/// Commands block until the answer is there, at most [`NpmPeer::DEFAULT_TIMEOUT`] unless set
/// otherwise. Events are kept until asked for with [`wait_event`](Self::wait_event) or
/// [`events`](Self::events).
#[derive(Debug)]
pub struct NpmPeer {
    process: Child,
    stdin: ChildStdin,
    lines: Receiver<Value>,
    stderr: Receiver<String>,
    events: VecDeque<Event>,
    last_id: u64,
    timeout: Duration,
}

impl NpmPeer {
    /// How long a command waits for its answer.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// Starts a peer with a random peer id.
    ///
    /// # Errors
    /// Node is missing, or its packages are.
    pub fn spawn() -> Result<Self, NpmError> {
        Self::start(None)
    }

    /// Starts a peer with this peer id.
    ///
    /// # Errors
    /// Node is missing, or its packages are.
    pub fn spawn_as(peer_id: &[u8; 32]) -> Result<Self, NpmError> {
        Self::start(Some(peer_id))
    }

    /// Sets how long commands and waits may take from now on.
    pub const fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Sends one command and waits for its answer; events that come meanwhile are kept.
    ///
    /// # Errors
    /// The peer refuses, ends, or takes too long.
    pub fn request(&mut self, command: &str, mut fields: Value) -> Result<Value, NpmError> {
        self.last_id += 1;
        let id = self.last_id;
        fields["id"] = id.into();
        fields["do"] = command.into();
        if writeln!(self.stdin, "{fields}")
            .and_then(|()| self.stdin.flush())
            .is_err()
        {
            return Err(self.ended());
        }
        let deadline = Instant::now() + self.timeout;
        loop {
            let mut line = self.line(command, deadline)?;
            if line["id"] != id {
                // An answer to a command that was given up: nobody waits for it any more.
                if line["event"].is_string() {
                    self.events.push_back(Event::from_json(line));
                }
                continue;
            }
            return match line["failed"].as_str() {
                Some(message) => Err(NpmError::Refused {
                    command: command.to_owned(),
                    message: message.to_owned(),
                }),
                None => Ok(line["ok"].take()),
            };
        }
    }

    /// Waits for the first event that matches, and takes it; earlier ones stay.
    ///
    /// # Errors
    /// None comes in time, or the peer ends.
    pub fn wait_event(
        &mut self,
        what: &str,
        matches: impl Fn(&Event) -> bool,
    ) -> Result<Event, NpmError> {
        let deadline = Instant::now() + self.timeout;
        let mut seen = 0;
        loop {
            let found = self.events.iter().skip(seen).position(&matches);
            if let Some(event) = found.and_then(|at| self.events.remove(seen + at)) {
                return Ok(event);
            }
            seen = self.events.len();
            let line = self.line(what, deadline)?;
            if line["event"].is_string() {
                self.events.push_back(Event::from_json(line));
            }
        }
    }

    /// Takes all events that have come by now, oldest first.
    pub fn events(&mut self) -> Vec<Event> {
        self.take_events(|_| true)
    }

    /// Takes those events that have come by now and match, oldest first; the others stay.
    pub fn take_events(&mut self, matches: impl Fn(&Event) -> bool) -> Vec<Event> {
        while let Ok(line) = self.lines.try_recv() {
            if line["event"].is_string() {
                self.events.push_back(Event::from_json(line));
            }
        }
        let (taken, left) = self.events.drain(..).partition(|event| matches(event));
        self.events = left;
        Vec::from(taken)
    }

    /// The crashes among the events that have come by now; all events are taken.
    pub fn crashes(&mut self) -> Vec<String> {
        let crash = |event| match event {
            Event::Crash { message } => Some(message),
            _ => None,
        };
        self.events().into_iter().filter_map(crash).collect()
    }

    /// The most memory the process ever held, in KiB, where the system tells.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.split_whitespace().next()?.parse().ok()
    }

    fn start(peer_id: Option<&[u8; 32]>) -> Result<Self, NpmError> {
        let id = peer_id.map(|id| {
            id.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        });
        let mut process = Command::new("node")
            .args(["--no-deprecation", "npm/peer.js"])
            .args(id)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(NpmError::Start)?;
        let missing = || NpmError::Garbled {
            what: "without a pipe".to_owned(),
        };
        let stdin = process.stdin.take().ok_or_else(missing)?;
        let stdout = process.stdout.take().ok_or_else(missing)?;
        let stderr = process.stderr.take().ok_or_else(missing)?;
        let mut peer = Self {
            process,
            stdin,
            lines: read_lines(stdout),
            stderr: read_all(stderr),
            events: VecDeque::new(),
            last_id: 0,
            timeout: Self::DEFAULT_TIMEOUT,
        };
        // Learn now, not at the first command, whether the packages are there.
        peer.node()?;
        Ok(peer)
    }

    fn line(&mut self, what: &str, deadline: Instant) -> Result<Value, NpmError> {
        match self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err(NpmError::TimedOut {
                what: what.to_owned(),
                after: self.timeout,
            }),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    fn ended(&mut self) -> NpmError {
        let _ = self.process.kill();
        let stderr = self
            .stderr
            .recv_timeout(Duration::from_secs(5))
            .unwrap_or_default();
        NpmError::Ended { stderr }
    }
}

impl Drop for NpmPeer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read_lines(stdout: impl Read + Send + 'static) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        for line in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn read_all(mut stderr: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stderr.read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
