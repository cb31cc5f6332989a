//! What the system says this process has used.

use crate::Fallible;
use std::fs;

/// CPU seconds of all threads so far, those that ended too.
pub(crate) fn cpu_seconds() -> Fallible<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The program's name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(ticks as f64 / TICKS)
}

/// Most memory that was resident at any time.
pub(crate) fn peak_bytes() -> Fallible<u64> {
    status("VmHWM:")
}

/// Memory that is resident now.
pub(crate) fn resident_bytes() -> Fallible<u64> {
    status("VmRSS:")
}

/// Bytes given to the system to write: to files, sockets, pipes.
pub(crate) fn written_bytes() -> Fallible<u64> {
    field("/proc/self/io", "wchar:")
}

/// Pages of files that were made dirty, in bytes: what goes to the device sooner or later.
pub(crate) fn dirtied_bytes() -> Fallible<u64> {
    field("/proc/self/io", "write_bytes:")
}

fn status(name: &str) -> Fallible<u64> {
    Ok(field("/proc/self/status", name)? * 1024)
}

fn field(file: &str, name: &str) -> Fallible<u64> {
    let text = fs::read_to_string(file)?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or_else(|| format!("{file} has no {name}"))?;
    let number = line.split_whitespace().next().unwrap_or_default();
    Ok(number.parse()?)
}

/// Clock ticks a second: the same on every Linux.
const TICKS: f64 = 100.0;
