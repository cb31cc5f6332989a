//! What came of a run of scripts.

use std::fmt;

/// Counts scripts and steps, and remembers the first failure.
#[derive(Default)]
pub(crate) struct Summary {
    scripts: u64,
    steps: usize,
    differences: u64,
    pub(crate) first_failure: Option<(u64, Vec<u64>, String)>,
}

impl Summary {
    pub(crate) fn note(&mut self, seed: u64, draws: &[u64], outcome: Result<usize, String>) {
        self.scripts += 1;
        match outcome {
            Ok(steps) => self.steps += steps,
            Err(why) => {
                self.differences += 1;
                self.first_failure
                    .get_or_insert_with(|| (seed, draws.to_vec(), why));
            }
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} scripts, {} actions with each of 4 casts, {} differences",
            self.scripts, self.steps, self.differences
        )?;
        // What this process ever held in RAM: our peers and the harness. Linux tells.
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.map_or(Ok(()), |peak| write!(f, ", peak memory {}", peak.trim()))
    }
}
