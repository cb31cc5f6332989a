use std::fmt::Write;
use std::io;
use std::path::Path;

use crate::outcome::{Growth, Row};
use crate::plot::{PLOT, Series, picture, plot};
use crate::{Outcome, Plan};

/// Writes `report.md`, `samples.csv` and `soak.svg` into a directory.
///
/// # Errors
/// When the files cannot be written.
pub fn write_report(outcome: &Outcome, plan: &Plan, dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let names = names(plan);
    std::fs::write(dir.join("samples.csv"), samples(outcome, &names))?;
    std::fs::write(dir.join("soak.svg"), drawn(outcome, &names))?;
    std::fs::write(dir.join("report.md"), report(outcome, plan))
}

fn names(plan: &Plan) -> Vec<String> {
    let peers = (0..plan.processes).map(|number| format!("peers {number}"));
    ["steady writer", "mortal writer"]
        .map(str::to_owned)
        .into_iter()
        .chain(peers)
        .collect()
}

fn samples(outcome: &Outcome, names: &[String]) -> String {
    let mut text = "second,sent bytes".to_owned();
    for name in names {
        for what in ["memory", "sockets", "files", "threads"] {
            // Writing to a string does not fail.
            write!(text, ",{name} {what}").unwrap_or_default();
        }
    }
    for row in &outcome.rows {
        write!(text, "\n{:.1},{}", row.at.as_secs_f64(), row.sent).unwrap_or_default();
        for sample in &row.samples {
            write!(
                text,
                ",{},{},{},{}",
                sample.memory, sample.sockets, sample.files, sample.threads
            )
            .unwrap_or_default();
        }
    }
    text + "\n"
}

fn drawn(outcome: &Outcome, names: &[String]) -> String {
    let seconds: Vec<f64> = outcome
        .rows
        .iter()
        .map(|row| row.at.as_secs_f64())
        .collect();
    let memory: Vec<Series> = names
        .iter()
        .enumerate()
        .map(|(number, name)| Series {
            name: name.clone(),
            values: outcome
                .rows
                .iter()
                .map(|row| memory_of(row, number) as f64 / f64::from(1 << 20))
                .collect(),
        })
        .collect();
    let rates = outcome.rows.windows(2).map(|pair| match pair {
        [before, after] => {
            let seconds = (after.at - before.at).as_secs_f64().max(1e-3);
            after.sent.saturating_sub(before.sent) as f64 / 1e6 / seconds
        }
        _ => 0.0,
    });
    let sent = Series {
        name: "steady writer".to_owned(),
        values: std::iter::once(0.0).chain(rates).collect(),
    };
    picture(&[
        plot("memory in RAM, MiB", &seconds, &memory, 0.0),
        plot("blocks sent, MB/s", &seconds, &[sent], PLOT),
    ])
}

fn memory_of(row: &Row, number: usize) -> u64 {
    row.samples.get(number).map_or(0, |sample| sample.memory)
}

fn report(outcome: &Outcome, plan: &Plan) -> String {
    let complaints = outcome.complaints();
    let verdict = match complaints.is_empty() {
        true => "nothing lost, nothing leaked".to_owned(),
        false => complaints
            .iter()
            .map(|text| format!("\n- {text}"))
            .collect(),
    };
    let (before, after) = (outcome.before, outcome.after);
    format!(
        "# A soak of {} s, seed {}\n\n\
         {} feeds of two writers, {} peers in {} processes.\n\n\
         {outcome}\n\n\
         Verdict: {verdict}\n\n\
         | the steady writer | before the first connection | after the last |\n|---|---|---|\n\
         | sockets | {} | {} |\n| files | {} | {} |\n| threads | {} | {} |\n| connections | 0 | {} |\n\n\
         {}\n\
         ![memory and throughput over time](soak.svg)\n",
        outcome.lasted.as_secs(),
        plan.seed,
        plan.feeds(),
        plan.processes * plan.peers,
        plan.processes,
        before.sockets,
        after.sockets,
        before.files,
        after.files,
        before.threads,
        after.threads,
        outcome.connections,
        growth(&outcome.growth),
    )
}

fn growth(growth: &[Growth]) -> String {
    if growth.is_empty() {
        return "The run was too short to tell growth from warming up.\n".to_owned();
    }
    let mut text =
        "| process | mean memory, second quarter | last quarter |\n|---|---|---|\n".to_owned();
    for process in growth {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        writeln!(
            text,
            "| {} | {:.1} MiB | {:.1} MiB |",
            process.name,
            mib(process.second_quarter),
            mib(process.last_quarter)
        )
        .unwrap_or_default();
    }
    text
}
