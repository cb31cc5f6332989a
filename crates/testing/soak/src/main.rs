//! `hyperfeed-soak [--seconds N] [--seed N] [--out DIR]`: load for minutes, and a report. The roles
//! `writer` and `peers` are its children.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use hyperfeed_testing_soak::{Plan, peers, run, write_report, writer};

const USAGE: &str = "hyperfeed-soak [--seconds N] [--seed N] [--out DIR]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["writer", rest @ ..] => be_writer(rest),
        ["peers", rest @ ..] => be_peers(rest),
        options => parent(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hyperfeed-soak: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn be_writer(args: &[&str]) -> Result<(), Box<dyn Error>> {
    let [dir, port, first, end] = args else {
        return Err(USAGE.into());
    };
    writer(Path::new(dir), port.parse()?, first.parse()?..end.parse()?)?;
    Ok(())
}

fn be_peers(args: &[&str]) -> Result<(), Box<dyn Error>> {
    let [dir, keys, process, count, feeds, steady, mortal] = args else {
        return Err(USAGE.into());
    };
    let text = std::fs::read_to_string(keys)?;
    let mut keys = Vec::new();
    for line in text.lines() {
        let (number, key) = line.split_once(' ').ok_or(USAGE)?;
        keys.push((number.parse()?, key.parse()?));
    }
    peers(
        Path::new(dir),
        process.parse()?,
        count.parse()?,
        feeds.parse()?,
        [steady.parse()?, mortal.parse()?],
        &keys,
    )?;
    Ok(())
}

fn parent(options: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut seconds = 600_u64;
    let mut seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut out = PathBuf::from("target/soak");
    for option in options.chunks(2) {
        match option {
            ["--seconds", number] => seconds = number.parse()?,
            ["--seed", number] => seed = number.parse()?,
            ["--out", dir] => out = PathBuf::from(dir),
            _ => return Err(USAGE.into()),
        }
    }
    let plan = Plan::lasting(seconds, seed);
    println!("{seconds} s, seed {seed}");
    let outcome = run(&std::env::current_exe()?, &plan)?;
    write_report(&outcome, &plan, &out)?;
    println!("{outcome}\nthe report is in {}", out.display());
    match outcome.complaints().len() {
        0 => Ok(()),
        count => Err(format!("{count} complaints").into()),
    }
}
