use std::error::Error;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use hyperfeed::FeedKey;
use tempfile::TempDir;

use crate::attack::Attack;
use crate::content::Lot;
use crate::ledger::Ledger;
use crate::line::Line;
use crate::outcome::{Growth, Row};
use crate::process::Process;
use crate::{Outcome, Plan};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Runs a plan. `program` is the one that is a writer or a process of peers when it is told to.
///
/// # Errors
/// When a child cannot be started or does not do what it is told in time. What goes wrong within the run is told by
/// the outcome.
pub fn run(program: &Path, plan: &Plan) -> Result<Outcome, Box<dyn Error>> {
    let mut soak = Soak::start(program, plan)?;
    soak.load()?;
    soak.settle()?;
    soak.end()
}

struct Soak<'a> {
    plan: &'a Plan,
    program: PathBuf,
    dir: TempDir,
    lines: Receiver<(usize, Line)>,
    /// The steady writer, the mortal one, then the processes of peers.
    processes: Vec<Process>,
    addresses: [SocketAddr; 2],
    ledger: Ledger,
    outcome: Outcome,
    /// Of each process: the last it told.
    states: Vec<(usize, u64, u64)>,
    settled: usize,
    resting: usize,
    ready: usize,
    ports: [u16; 2],
}

impl<'a> Soak<'a> {
    fn start(program: &Path, plan: &'a Plan) -> Fallible<Self> {
        let (sender, lines) = mpsc::channel();
        let mut soak = Self {
            plan,
            program: program.to_owned(),
            dir: tempfile::tempdir()?,
            lines,
            processes: Vec::new(),
            addresses: [SocketAddr::from(([127, 0, 0, 1], 0)); 2],
            ledger: Ledger::default(),
            outcome: Outcome::default(),
            states: vec![(0, 0, 0); 2 + plan.processes],
            settled: 0,
            resting: 0,
            ready: 0,
            ports: [0; 2],
        };
        for (number, name) in ["steady writer", "mortal writer"].into_iter().enumerate() {
            let args = soak.writer_args(number);
            soak.spawn(name.to_owned(), number, args, &sender)?;
        }
        soak.until("the writers to be ready", |soak| soak.ready == 2)?;
        soak.addresses = soak
            .ports
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        // Whatever starts late has started: no reader has come yet.
        soak.listen_for(Duration::from_secs(2));
        soak.outcome.before = soak.sample(0)?;
        let keys: String = soak
            .ledger
            .keys()
            .map(|(feed, key)| format!("{feed} {key}\n"))
            .collect();
        std::fs::write(soak.dir.path().join("keys"), keys)?;
        for number in 0..plan.processes {
            let args = soak.peers_args(number);
            soak.spawn(format!("peers {number}"), 2 + number, args, &sender)?;
        }
        let all = 2 + plan.processes;
        soak.until("the peers to be ready", |soak| soak.ready == all)?;
        Ok(soak)
    }

    fn spawn(
        &mut self,
        name: String,
        number: usize,
        args: Vec<OsString>,
        lines: &Sender<(usize, Line)>,
    ) -> Fallible<()> {
        let process = Process::start(name, number, &self.program, args, lines.clone())?;
        self.processes.push(process);
        Ok(())
    }

    fn writer_args(&self, number: usize) -> Vec<OsString> {
        let (name, feeds) = match number {
            0 => ("steady", 0..self.plan.steady_feeds),
            _ => ("mortal", self.plan.steady_feeds..self.plan.feeds()),
        };
        // Peers look for it where it was.
        let port = self.ports.get(number).copied().unwrap_or(0);
        let dir = self.dir.path().join(name).into_os_string();
        let rest = [port.into(), feeds.start, feeds.end].map(|number: usize| number.to_string());
        let mut args = vec!["writer".into(), dir];
        args.extend(rest.map(OsString::from));
        args
    }

    fn peers_args(&self, number: usize) -> Vec<OsString> {
        let path = |name: &str| self.dir.path().join(name).into_os_string();
        let numbers = [number, self.plan.peers, self.plan.feeds_of_peer];
        let mut args = vec!["peers".into(), path("peers"), path("keys")];
        args.extend(numbers.map(|number| OsString::from(number.to_string())));
        args.extend(
            self.addresses
                .map(|address| OsString::from(address.to_string())),
        );
        args
    }

    /// Appends, churn, kills and attacks, as long as the plan says.
    fn load(&mut self) -> Fallible<()> {
        let attack = Attack::start(self.plan.attacks, self.targets()?, self.plan.seed);
        let mut lot = Lot(self.plan.seed);
        let start = Instant::now();
        let mortals = 1 + self.plan.mortal_processes;
        let mut kills: Vec<Instant> = (0..mortals).map(|_| self.next_kill(&mut lot)).collect();
        let mut told = Duration::ZERO;
        while start.elapsed() < self.plan.lasts {
            self.listen_for(Duration::from_secs(1));
            for (mortal, due) in kills.iter_mut().enumerate() {
                if Instant::now() >= *due {
                    self.kill(1 + mortal)?;
                    *due = self.next_kill(&mut lot);
                }
            }
            self.look(start.elapsed())?;
            if start.elapsed() >= told + TELL_EVERY {
                told = start.elapsed();
                eprintln!("{}", self.summary(told));
            }
        }
        self.outcome.lasted = start.elapsed();
        self.outcome.attacks = attack.stop();
        Ok(())
    }

    fn targets(&self) -> Fallible<Vec<(SocketAddr, Vec<FeedKey>)>> {
        let mut targets: Vec<_> = self.addresses.map(|address| (address, Vec::new())).into();
        for (feed, key) in self.ledger.keys() {
            let writer = usize::from(feed >= self.plan.steady_feeds);
            if let Some((_, keys)) = targets.get_mut(writer) {
                keys.push(key.parse()?);
            }
        }
        Ok(targets)
    }

    fn next_kill(&self, lot: &mut Lot) -> Instant {
        let average = u64::try_from(self.plan.kill_every.as_millis()).unwrap_or(u64::MAX);
        Instant::now() + Duration::from_millis(average / 2 + lot.below(average))
    }

    /// Kills the mortal writer or one of the mortal processes.
    fn kill(&mut self, number: usize) -> Fallible<()> {
        let args = match number {
            1 => self.writer_args(1),
            _ => self.peers_args(number - 2),
        };
        // What it told before counts, so it is heard before the next life speaks.
        let process = self.process(number)?;
        process.kill_and_start(args)?;
        self.outcome.kills += 1;
        Ok(())
    }

    fn look(&mut self, at: Duration) -> Fallible<()> {
        for process in &mut self.processes {
            if let Some(ended) = process.ended()? {
                return Err(ended.into());
            }
        }
        let samples = self.processes.iter().map(Process::sample);
        self.outcome.rows.push(Row {
            at,
            samples: samples.collect::<Result<_, _>>()?,
            sent: self.states.first().map_or(0, |(_, sent, _)| *sent),
        });
        Ok(())
    }

    fn summary(&self, at: Duration) -> String {
        let memory: u64 = self.outcome.rows.last().map_or(0, |row| {
            row.samples.iter().map(|sample| sample.memory).sum()
        });
        format!(
            "{:4} s: {} blocks acknowledged, the steady writer has {} connections and has sent {} MB, {} kills, \
             {} MiB in all processes, {} complaints",
            at.as_secs(),
            self.ledger.lengths().iter().sum::<u64>(),
            self.states.first().map_or(0, |(open, _, _)| *open),
            self.states.first().map_or(0, |(_, sent, _)| *sent) / 1_000_000,
            self.outcome.kills,
            memory >> 20,
            self.ledger.wrong.len()
        )
    }

    /// No more appends, kills and churn: everybody gets everything.
    fn settle(&mut self) -> Fallible<()> {
        for number in 0..2 {
            self.process(number)?.order("rest")?;
        }
        self.until("the writers to rest", |soak| soak.resting == 2)?;
        let lengths: Vec<String> = self.ledger.lengths().iter().map(u64::to_string).collect();
        let order = format!("settle {}", lengths.join(" "));
        for number in 2..self.processes.len() {
            self.process(number)?.order(&order)?;
        }
        let all = self.plan.processes;
        self.until("all peers to have everything", |soak| soak.settled == all)
    }

    /// Everybody leaves; the steady writer last, after a look at what it still has.
    fn end(mut self) -> Fallible<Outcome> {
        for process in self.processes.drain(2..) {
            if let Err(wrong) = process.quit()? {
                self.ledger.wrong.push(wrong);
            }
        }
        self.until("the writer to be alone", |soak| {
            soak.states.first().is_some_and(|(open, _, _)| *open == 0)
        })?;
        self.listen_for(LEAVES_IN);
        self.outcome.after = self.sample(0)?;
        self.outcome.connections = self.states.first().map_or(0, |(open, _, _)| *open);
        for process in self.processes.drain(..) {
            if let Err(wrong) = process.quit()? {
                self.ledger.wrong.push(wrong);
            }
        }
        self.ledger.close();
        self.outcome.acknowledged = self.ledger.lengths().iter().sum();
        self.outcome.received = self.states.iter().map(|(_, _, received)| received).sum();
        self.outcome.lost = self.ledger.lost;
        self.outcome.wrong = self.ledger.wrong;
        if self.plan.tells_growth() {
            self.outcome.growth = growth(&self.outcome.rows, self.plan);
        }
        Ok(self.outcome)
    }

    fn process(&mut self, number: usize) -> Fallible<&mut Process> {
        self.processes
            .get_mut(number)
            .ok_or_else(|| format!("there is no process {number}").into())
    }

    fn sample(&mut self, number: usize) -> Fallible<crate::sample::Sample> {
        Ok(self.process(number)?.sample()?)
    }

    fn listen_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok((from, line)) = self
            .lines
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            self.note(from, &line);
        }
    }

    /// Listens until something is so; an error if it takes too long.
    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) -> Fallible<()> {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            if Instant::now() > deadline {
                let wrong = self.ledger.wrong.join("; ");
                return Err(format!("waited {PATIENCE:?} for {what}: {wrong}").into());
            }
            for process in &mut self.processes {
                if let Some(ended) = process.ended()? {
                    return Err(ended.into());
                }
            }
            self.listen_for(Duration::from_millis(200));
        }
        Ok(())
    }

    fn note(&mut self, from: usize, line: &Line) {
        self.ledger.note(line);
        match line {
            Line::Listening { port } => {
                if let Some(known) = self.ports.get_mut(from) {
                    *known = *port;
                }
            }
            Line::Ready => self.ready += 1,
            Line::Resting => self.resting += 1,
            Line::Settled { blocks } => {
                self.settled += 1;
                self.outcome.compared += blocks;
            }
            Line::State {
                connections,
                sent,
                received,
            } => {
                if let Some(state) = self.states.get_mut(from) {
                    *state = (*connections, *sent, *received);
                }
            }
            Line::Feed { .. } | Line::Acknowledged { .. } | Line::Held { .. } | Line::Wrong(_) => {}
        }
    }
}

/// Of the processes that nobody killed.
fn growth(rows: &[Row], plan: &Plan) -> Vec<Growth> {
    let steady = std::iter::once((0, "steady writer".to_owned())).chain(
        (plan.mortal_processes..plan.processes)
            .map(|number| (2 + number, format!("peers {number}"))),
    );
    let mean = |number: usize, from: usize, to: usize| {
        let rows = rows.get(from..to).unwrap_or_default();
        let all = rows.iter().filter_map(|row| row.samples.get(number));
        all.map(|sample| sample.memory).sum::<u64>() / rows.len().max(1) as u64
    };
    let quarter = rows.len() / 4;
    steady
        .map(|(number, name)| Growth {
            name,
            second_quarter: mean(number, quarter, 2 * quarter),
            last_quarter: mean(number, 3 * quarter, rows.len()),
        })
        .collect()
}

/// The longest to wait for what must happen.
const PATIENCE: Duration = Duration::from_secs(180);
/// Time for threads and sockets to go after the last connection.
const LEAVES_IN: Duration = Duration::from_secs(5);
/// How often the run says where it is.
const TELL_EVERY: Duration = Duration::from_secs(15);
