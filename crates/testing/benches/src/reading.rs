//! What was measured.

use serde::{Deserialize, Serialize};

/// One line of the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reading {
    pub(crate) name: String,
    /// Who did the work, if not hyperfeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peer: Option<String>,
    pub(crate) value: f64,
    pub(crate) unit: String,
    /// What the machine does of the same work with nothing around it, in the same unit.
    #[serde(default)]
    pub(crate) limit: Option<f64>,
    /// Part of the limit that is reached; 1 is all of it.
    #[serde(default)]
    pub(crate) ratio: Option<f64>,
    /// How many times the peer's figure ours is, in the lines of peers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ahead: Option<f64>,
    #[serde(default)]
    pub(crate) cpu_seconds: Option<f64>,
    /// Most memory the process had resident.
    #[serde(default)]
    pub(crate) peak_bytes: Option<u64>,
    #[serde(default)]
    pub(crate) durability: Option<String>,
}

impl Reading {
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            peer: None,
            value,
            unit: unit.to_owned(),
            limit: None,
            ratio: None,
            ahead: None,
            cpu_seconds: None,
            peak_bytes: None,
            durability: None,
        }
    }

    /// A rate: so many `unit` in so many seconds.
    pub(crate) fn rate(name: impl Into<String>, count: f64, unit: &str, seconds: f64) -> Self {
        Self::new(name, count / seconds, &format!("{unit}/s"))
    }

    pub(crate) fn limit(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }

    pub(crate) fn usage(mut self, cpu_seconds: f64, peak_bytes: u64) -> Self {
        self.cpu_seconds = Some(cpu_seconds);
        self.peak_bytes = Some(peak_bytes);
        self
    }

    pub(crate) fn durability(mut self, class: impl std::fmt::Debug) -> Self {
        self.durability = Some(format!("{class:?}"));
        self
    }

    /// `a` compared with `b` so that more is better.
    fn compare(&self, a: f64, b: f64) -> f64 {
        if self.unit.ends_with("/s") {
            a / b
        } else {
            b / a
        }
    }
}

/// One reading for each name and peer, in the order of their first appearance: the median of each figure.
pub(crate) fn medians(readings: Vec<Reading>) -> Vec<Reading> {
    let mut groups: Vec<Vec<Reading>> = Vec::new();
    for reading in readings {
        let same = |group: &&mut Vec<Reading>| {
            group
                .first()
                .is_some_and(|first| first.name == reading.name && first.peer == reading.peer)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(reading),
            None => groups.push(vec![reading]),
        }
    }
    let mut medians: Vec<Reading> = groups.into_iter().filter_map(median_of).collect();
    let ours: Vec<(String, f64)> = medians
        .iter()
        .filter(|reading| reading.peer.is_none())
        .map(|reading| (reading.name.clone(), reading.value))
        .collect();
    for reading in &mut medians {
        reading.ratio = reading
            .limit
            .map(|limit| reading.compare(reading.value, limit));
        if reading.peer.is_some() {
            let value = ours.iter().find(|(name, _)| *name == reading.name);
            reading.ahead = value.map(|(_, value)| reading.compare(*value, reading.value));
        }
    }
    medians
}

fn median_of(group: Vec<Reading>) -> Option<Reading> {
    let middle = |figure: fn(&Reading) -> Option<f64>| {
        let mut figures: Vec<f64> = group.iter().filter_map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let half = figures.len() / 2;
        let (low, high) = (figures.get(half.saturating_sub(1)), figures.get(half));
        match (figures.len() % 2, low, high) {
            (0, Some(low), Some(high)) => Some((low + high) / 2.0),
            (_, _, high) => high.copied(),
        }
    };
    let peak = middle(|reading| reading.peak_bytes.map(|bytes| bytes as f64));
    Some(Reading {
        value: middle(|reading| Some(reading.value))?,
        limit: middle(|reading| reading.limit),
        cpu_seconds: middle(|reading| reading.cpu_seconds),
        peak_bytes: peak.map(|bytes| bytes as u64),
        ..group.first()?.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_taken_of_each_figure() {
        let readings = [(3.0, 30.0), (1.0, 10.0), (2.0, 90.0)]
            .map(|(value, limit)| Reading::new("a", value, "blocks/s").limit(limit));
        let medians = medians(readings.to_vec());
        assert_eq!(medians.len(), 1);
        assert_eq!((medians[0].value, medians[0].limit), (2.0, Some(30.0)));
        assert_eq!(medians[0].ratio, Some(2.0 / 30.0));
    }

    #[test]
    fn a_smaller_time_is_better_and_a_larger_rate() {
        for (unit, ahead) in [("ms", 5.0), ("blocks/s", 0.2)] {
            let ours = Reading::new("a", 2.0, unit);
            let mut theirs = Reading::new("a", 10.0, unit);
            theirs.peer = Some("npm".to_owned());
            let medians = medians(vec![ours, theirs]);
            assert_eq!(medians[1].ahead, Some(ahead), "{unit}");
        }
    }
}
