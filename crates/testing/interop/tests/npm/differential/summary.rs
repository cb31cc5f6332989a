//! What came of a run of scripts.

use std::fmt;

use super::script::Script;

/// Counts scripts and steps, and remembers the first failure.
#[derive(Default)]
pub(crate) struct Summary {
    scripts: u64,
    steps: usize,
    differences: u64,
    /// Of a process of npm, in KiB.
    npm_peak: u64,
    pub(crate) first_failure: Option<(Script, String)>,
}

impl Summary {
    pub(crate) fn note(&mut self, script: Script, outcome: Result<usize, String>) {
        self.scripts += 1;
        match outcome {
            Ok(steps) => self.steps += steps,
            Err(why) => {
                self.differences += 1;
                self.first_failure.get_or_insert((script, why));
            }
        }
    }

    /// The most that one process of npm held.
    pub(crate) fn note_npm_peak(&mut self, peak: u64) {
        self.npm_peak = self.npm_peak.max(peak);
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
        peak.map_or(Ok(()), |peak| {
            let npm = self.npm_peak;
            write!(
                f,
                ", peak memory {} here, {npm} kB in a process of npm",
                peak.trim()
            )
        })
    }
}
