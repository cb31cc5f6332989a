//! Readings for people, and for `docs/performance.md`.

use crate::reading::Reading;
use std::fmt::Write as _;

/// A table in Markdown whose columns also line up as text.
pub(crate) fn of(readings: &[Reading]) -> String {
    let head = [
        "work",
        "value",
        "unit",
        "limit",
        "of the limit",
        "ahead",
        "CPU s",
        "peak MiB",
        "class",
    ]
    .map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(readings.iter().map(cells));
    let widths: Vec<usize> = (0..rows.first().map_or(0, |row| row.len()))
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut table = String::new();
    for (number, row) in rows.iter().enumerate() {
        line(&mut table, row, &widths);
        if number == 0 {
            let dashes = widths.iter().map(|width| "-".repeat(*width));
            line(&mut table, &dashes.collect::<Vec<_>>(), &widths);
        }
    }
    table
}

fn line(table: &mut String, cells: &[String], widths: &[usize]) {
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        // Names and units to the left, numbers to the right. Writing to a string cannot fail.
        let _ = match column {
            0 | 2 | 8 => write!(table, "| {cell:<width$} "),
            _ => write!(table, "| {cell:>width$} "),
        };
    }
    table.push_str("|\n");
}

fn cells(reading: &Reading) -> [String; 9] {
    let or_none =
        |number: Option<f64>, show: fn(f64) -> String| number.map(show).unwrap_or_default();
    [
        match &reading.peer {
            Some(peer) => format!("{}: {peer}", reading.name),
            None => reading.name.clone(),
        },
        figure(reading.value),
        reading.unit.clone(),
        or_none(reading.limit, figure),
        or_none(reading.ratio, |ratio| format!("{:.0} %", ratio * 100.0)),
        or_none(reading.ahead, |ahead| format!("{} x", figure(ahead))),
        or_none(reading.cpu_seconds, |seconds| format!("{seconds:.2}")),
        reading
            .peak_bytes
            .map(|bytes| format!("{:.1}", bytes as f64 / f64::from(1 << 20)))
            .unwrap_or_default(),
        reading.durability.clone().unwrap_or_default(),
    ]
}

/// Three digits that mean something, and no more.
pub(crate) fn figure(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let plain = format!("{value:.digits$}");
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (value, shown) in [
            (1_234_567.8, "1,234,568"),
            (123.4, "123"),
            (12.34, "12.3"),
            (1.234, "1.23"),
            (0.1234, "0.123"),
        ] {
            assert_eq!(figure(value), shown);
        }
    }
}
