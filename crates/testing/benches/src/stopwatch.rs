//! Time and CPU of one piece of work.

use crate::reading::Reading;
use crate::{Fallible, usage};
use std::time::Instant;

/// Runs from its making on.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    start: Instant,
    cpu: f64,
}

/// What a piece of work took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lap {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_bytes: u64,
}

impl Stopwatch {
    pub(crate) fn start() -> Fallible<Self> {
        Ok(Self {
            cpu: usage::cpu_seconds()?,
            start: Instant::now(),
        })
    }

    pub(crate) fn stop(&self) -> Fallible<Lap> {
        Ok(Lap {
            seconds: self.start.elapsed().as_secs_f64(),
            cpu_seconds: usage::cpu_seconds()? - self.cpu,
            peak_bytes: usage::peak_bytes()?,
        })
    }
}

impl Lap {
    /// So many `unit` in this time.
    pub(crate) fn rate(&self, name: &str, count: u64, unit: &str) -> Reading {
        Reading::rate(name, count as f64, unit, self.seconds)
            .usage(self.cpu_seconds, self.peak_bytes)
    }
}
