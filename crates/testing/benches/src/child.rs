//! Works in processes of their own: so each has its own peak of memory, and none inherits a warm heap.

use crate::Fallible;
use crate::reading::Reading;
use crate::sizes::Sizes;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Runs one work of this program and gives back its readings.
pub(crate) fn run(name: &str, sizes: &Sizes) -> Fallible<Vec<Reading>> {
    let mut command = itself()?;
    command.args(["--child", name]).args(sizes.option());
    readings(command)
}

/// This program once more.
pub(crate) fn itself() -> Fallible<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// Runs a program that prints one reading a line.
pub(crate) fn readings(mut command: Command) -> Fallible<Vec<Reading>> {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{shown}: {error}"))?;
    let stdout = child.stdout.take().ok_or("a child without stdout")?;
    let mut readings = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        let reading = serde_json::from_str(&line);
        readings.push(reading.map_err(|error| format!("{shown} said {line:?}: {error}"))?);
    }
    let status = child.wait()?;
    if status.success() {
        Ok(readings)
    } else {
        Err(format!("{shown} ended with {status}").into())
    }
}
