use std::fmt;
use std::time::Duration;

use crate::sample::Sample;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How long the load lasted.
    pub lasted: Duration,
    /// Times a process was killed.
    pub kills: u64,
    /// Hostile connections.
    pub attacks: u64,
    /// Blocks acknowledged by the writers.
    pub acknowledged: u64,
    /// Bytes of blocks that peers received.
    pub received: u64,
    /// Blocks that peers read and compared in the end.
    pub compared: u64,
    /// Blocks that were promised and are gone.
    pub lost: u64,
    /// Whatever else went wrong, in words.
    pub wrong: Vec<String>,
    /// The steady writer before the first connection and after the last.
    pub(crate) before: Sample,
    pub(crate) after: Sample,
    /// Connections the steady writer still had after all had left.
    pub(crate) connections: usize,
    /// For each process that lived through the run: its mean memory in the second and the last quarter.
    pub(crate) growth: Vec<Growth>,
    pub(crate) rows: Vec<Row>,
}

/// Mean memory of a process, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Growth {
    pub(crate) name: String,
    pub(crate) second_quarter: u64,
    pub(crate) last_quarter: u64,
}

impl Growth {
    pub(crate) const fn is_too_much(&self) -> bool {
        self.last_quarter > self.second_quarter + self.second_quarter / 10 + MAX_GROWTH
    }
}

/// One moment.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Since the start of the load.
    pub(crate) at: Duration,
    /// Of each process, in their order.
    pub(crate) samples: Vec<Sample>,
    /// Bytes of blocks that were sent by the steady writer since its start.
    pub(crate) sent: u64,
}

impl Outcome {
    /// All that is not as it must be; empty when all is well.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = self.wrong.clone();
        if self.lost > 0 {
            complaints.push(format!("{} blocks are lost", self.lost));
        }
        if self.connections > 0 {
            complaints.push(format!(
                "the writer has {} connections after all have left",
                self.connections
            ));
        }
        let leaks = [
            ("sockets", self.before.sockets, self.after.sockets, 0),
            ("files", self.before.files, self.after.files, 0),
            ("threads", self.before.threads, self.after.threads, POOLS),
        ];
        for (what, before, after, more) in leaks {
            if after > before + more {
                complaints.push(format!(
                    "the writer had {before} {what} before the first connection and has {after} after the last"
                ));
            }
        }
        for growth in self.growth.iter().filter(|growth| growth.is_too_much()) {
            complaints.push(format!(
                "{} grew from {} to {} KiB",
                growth.name,
                growth.second_quarter / 1024,
                growth.last_quarter / 1024
            ));
        }
        complaints
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} s: {} kills, {} hostile connections; {} blocks acknowledged, {} MB received by peers, {} blocks \
             compared in the end; {} lost",
            self.lasted.as_secs(),
            self.kills,
            self.attacks,
            self.acknowledged,
            self.received / 1_000_000,
            self.compared,
            self.lost
        )?;
        for complaint in self.complaints() {
            write!(f, "\nwrong: {complaint}")?;
        }
        Ok(())
    }
}

/// Threads that the pools of libraries (the database's, the runtime's) start when they are first needed. A thread
/// leaked by each connection would be one of thousands.
const POOLS: usize = 6;
/// Growth in bytes that is none: caches fill at their own pace, and the allocator keeps what was once needed.
const MAX_GROWTH: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaks_growth_and_losses_are_told() {
        assert!(Outcome::default().complaints().is_empty());
        let leaking = Outcome {
            lost: 1,
            connections: 1,
            after: Sample {
                sockets: 1,
                files: 2,
                threads: 3 + POOLS,
                memory: 0,
            },
            growth: vec![Growth {
                name: "writer".to_owned(),
                second_quarter: 50 << 20,
                last_quarter: 64 << 20,
            }],
            ..Outcome::default()
        };
        assert_eq!(leaking.complaints().len(), 6, "{leaking}");
    }
}
