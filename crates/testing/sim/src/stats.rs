//! What runs were made of.

use std::collections::BTreeMap;
use std::fmt;

/// Counters of a run, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Points in time at which something happened.
    pub steps: u64,
    /// Turns of hosts.
    pub turns: u64,
    /// Bytes that arrived over links.
    pub bytes: u64,
    /// Blocks sent by writers and everybody else.
    pub uploads: u64,
    /// Connections that a host dropped for a reason.
    pub dropped: u64,
    /// Faults injected, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Why connections were dropped, by kind.
    pub reasons: BTreeMap<String, u64>,
}

impl Stats {
    pub(crate) fn fault(&mut self, kind: &str) {
        *self.faults.entry(kind.to_owned()).or_default() += 1;
    }

    pub(crate) fn reason(&mut self, reason: &hyperfeed_v2_replicate::PeerError) {
        let text = format!("{reason:?}");
        let end = text.find(['(', ' ', '{']).unwrap_or(text.len());
        let kind = match text.get(..end) {
            Some("Protocol") => text.split(['(', ' ']).nth(1).unwrap_or("Protocol"),
            Some(kind) => kind,
            None => "",
        };
        *self
            .reasons
            .entry(kind.trim_end_matches(')').to_owned())
            .or_default() += 1;
    }

    /// Adds the counters of another run.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.turns += other.turns;
        self.bytes += other.bytes;
        self.uploads += other.uploads;
        self.dropped += other.dropped;
        for (kind, count) in &other.faults {
            *self.faults.entry(kind.clone()).or_default() += count;
        }
        for (kind, count) in &other.reasons {
            *self.reasons.entry(kind.clone()).or_default() += count;
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} steps, {} turns, {} bytes, {} blocks sent, {} connections dropped",
            self.steps, self.turns, self.bytes, self.uploads, self.dropped
        )?;
        writeln!(f, "faults:")?;
        for (kind, count) in &self.faults {
            writeln!(f, "  {count:>9}  {kind}")?;
        }
        writeln!(f, "dropped for:")?;
        for (kind, count) in &self.reasons {
            writeln!(f, "  {count:>9}  {kind}")?;
        }
        Ok(())
    }
}
