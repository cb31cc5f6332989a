//! What is to be reached, and whether it is.

use crate::reading::Reading;
use crate::table::figure;
use std::fmt::Write as _;

/// What of a reading is to be reached.
#[derive(Clone, Copy)]
enum Aim {
    /// So many times the figure of npm hypercore 11.
    Ahead(f64),
    AtLeast(f64),
    AtMost(f64),
    /// Peak of memory, in MiB.
    Peak(f64),
    /// This part of the limit.
    Ratio(f64),
}

const NPM_11: &str = "npm hypercore 11";

const AIMS: [(&str, Aim); 20] = [
    ("append/batches of 100", Aim::Ahead(5.0)),
    ("append/batches of 100", Aim::Ratio(0.4)),
    ("append/one by one", Aim::Ahead(1.5)),
    ("append/one by one relaxed", Aim::Ahead(6.0)),
    ("append/64 tasks", Aim::AtLeast(100_000.0)),
    ("append/64 KiB", Aim::Ratio(0.8)),
    ("get/random", Aim::AtLeast(300_000.0)),
    ("verify/1 GiB", Aim::Ratio(0.8)),
    ("replicate/1 KiB", Aim::Ahead(12.0)),
    ("replicate/1 KiB", Aim::Ratio(0.4)),
    ("replicate/64 KiB", Aim::Ahead(4.0)),
    ("replicate/64 KiB", Aim::Ratio(0.6)),
    ("replicate/100 B", Aim::AtLeast(80_000.0)),
    ("replicate/100 B", Aim::Peak(96.0)),
    ("replicate/100 B, serving side", Aim::Peak(96.0)),
    (
        "replicate/delay 100 ms, adaptive over fixed",
        Aim::AtLeast(5.0),
    ),
    (
        "replicate/swarm of 10, sent by the uploader",
        Aim::AtMost(3.0),
    ),
    ("storage/open 1000000 blocks", Aim::AtMost(10.0)),
    ("storage/open 10000000 blocks", Aim::AtMost(10.0)),
    ("storage/10,000 feeds, memory of each", Aim::AtMost(2048.0)),
];

/// A table of the aims whose readings are here, in Markdown; what is missed is bold. Empty if there are none.
pub(crate) fn of(readings: &[Reading]) -> String {
    let mut table = String::new();
    for (name, aim) in AIMS {
        let Some((reached, is_reached)) = aim.reached(name, readings) else {
            continue;
        };
        if table.is_empty() {
            table.push_str("| aim | reached |\n| --- | --- |\n");
        }
        let mark = if is_reached { "" } else { "**" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {name}: {} | {mark}{reached}{mark} |",
            aim.describe()
        );
    }
    table
}

impl Aim {
    fn describe(self) -> String {
        match self {
            Self::Ahead(times) => format!("{times} x npm 11"),
            Self::AtLeast(value) => format!("at least {}", figure(value)),
            Self::AtMost(value) => format!("at most {}", figure(value)),
            Self::Peak(mib) => format!("peak under {mib} MiB"),
            Self::Ratio(part) => format!("{:.0} % of the limit", part * 100.0),
        }
    }

    /// The figure, and whether it is good enough. `None` if it was not measured.
    fn reached(self, name: &str, readings: &[Reading]) -> Option<(String, bool)> {
        let is_of_npm =
            |peer: &Option<String>| peer.as_ref().is_some_and(|peer| peer.starts_with(NPM_11));
        let reading = readings.iter().find(|reading| {
            let is_meant = match self {
                Self::Ahead(_) => is_of_npm(&reading.peer),
                _ => reading.peer.is_none(),
            };
            reading.name == name && is_meant
        })?;
        let value = || format!("{} {}", figure(reading.value), reading.unit);
        Some(match self {
            Self::Ahead(times) => {
                let ahead = reading.ahead?;
                (format!("{} x", figure(ahead)), ahead >= times)
            }
            Self::AtLeast(least) => (value(), reading.value >= least),
            Self::AtMost(most) => (value(), reading.value <= most),
            Self::Peak(most) => {
                let mib = reading.peak_bytes? as f64 / f64::from(1 << 20);
                (format!("{} MiB", figure(mib)), mib < most)
            }
            Self::Ratio(part) => {
                let ratio = reading.ratio?;
                (format!("{:.0} %", ratio * 100.0), ratio >= part)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_is_bold_and_what_was_not_measured_is_left_out() {
        let mut ours = Reading::new("append/batches of 100", 390.0, "blocks/s");
        ours.ratio = Some(0.39);
        let mut npm = Reading::new("append/batches of 100", 70.0, "blocks/s");
        npm.peer = Some("npm hypercore 11.37.1".to_owned());
        npm.ahead = Some(5.5);
        let get = Reading::new("get/random", 300_000.0, "blocks/s");
        assert_eq!(
            of(&[ours, npm, get]),
            "| aim | reached |\n| --- | --- |\n\
             | append/batches of 100: 5 x npm 11 | 5.50 x |\n\
             | append/batches of 100: 40 % of the limit | **39 %** |\n\
             | get/random: at least 300,000 | 300,000 blocks/s |\n"
        );
        assert_eq!(of(&[]), "");
    }
}
