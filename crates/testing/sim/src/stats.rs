//! What runs were made of.

use crate::adversary::Mood;
use crate::disk::Trouble;
use hyperfeed_storage::Durability;
use std::collections::BTreeMap;
use std::fmt;

/// Counters of a run, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// What happened, as a number: two runs of the same sessions have the same.
    pub trace: u64,
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
    /// Every kind of fault that a session can have, and every reason for which it must have dropped a connection.
    /// What a run of many sessions does not have shows that it does not test what it should.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let moods = Mood::all().map(|mood| Self::adversary(&mood));
        let troubles = Trouble::ALL.iter().map(Self::trouble);
        let crashes =
            [Durability::Power, Durability::Process].map(|class| Self::crash(class).to_owned());
        let links = [CUT, HALF_OPEN, STALLED].map(str::to_owned);
        let faults = moods.chain(troubles).chain(crashes).chain(links);
        let faults = faults.filter(|kind| !self.faults.contains_key(kind));
        let reasons = REASONS
            .iter()
            .filter(|kind| !self.reasons.contains_key(**kind));
        let reasons = reasons.map(|kind| format!("dropped for {kind}"));
        faults.chain(reasons).collect()
    }

    pub(crate) fn adversary(mood: &Mood) -> String {
        format!("adversary: {mood:?}")
    }

    pub(crate) fn trouble(trouble: &Trouble) -> String {
        format!("disk: {trouble:?}")
    }

    pub(crate) const fn crash(class: Durability) -> &'static str {
        match class {
            Durability::Power => "crash with loss of power",
            _ => "crash of the process",
        }
    }

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
        self.trace = self.trace.wrapping_add(other.trace);
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
        writeln!(f, "{} kinds of faults:", self.faults.len())?;
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

pub(crate) const CUT: &str = "link cut";
pub(crate) const HALF_OPEN: &str = "link half-open";
pub(crate) const STALLED: &str = "link stalled";

/// What adversaries and bad links are dropped for.
const REASONS: [&str; 9] = [
    "BadBlock",
    "Bitfield",
    "Decode",
    "OutOfRange",
    "PeerMisbehaved",
    "RemoteMemory",
    "TimedOut",
    "TooManyRequests",
    "TooManyUnrequested",
];
