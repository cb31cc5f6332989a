//! The crate hypercore on one work of the benches: `hyperfeed-bench-crate-hypercore WORK BLOCKS BYTES`.
//! Prints what it read as JSON. Storage is the crate's own on disk, in a temporary folder.

use hypercore::{Hypercore, HypercoreBuilder, Storage};
use serde_json::json;
use std::error::Error;
use std::fs;
use std::time::Instant;
use tempfile::TempDir;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [work, blocks, bytes] = args.as_slice() else {
        return Err("usage: WORK BLOCKS BYTES".into());
    };
    let (blocks, bytes) = (blocks.parse()?, bytes.parse()?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(work, blocks, bytes))
}

async fn run(work: &str, blocks: u64, bytes: usize) -> Fallible<()> {
    let (_folder, mut core) = new_core().await?;
    let page: Vec<u8> = (0..bytes + 4096).map(|at| (at * at / 7) as u8).collect();
    let block = |number: u64| {
        let start = (number % 4096) as usize;
        &page[start..start + bytes]
    };
    // The crate takes a core by `&mut`: tasks can only take turns.
    let size = match work {
        "append/batches of 100" => 100,
        "append/64 KiB" => 16,
        "get/random" => 1000,
        _ => 1,
    };
    let mut watch = (Instant::now(), cpu_seconds()?);
    for start in (0..blocks).step_by(size) {
        let batch: Vec<&[u8]> = (start..blocks.min(start + size as u64))
            .map(block)
            .collect();
        core.append_batch(batch).await?;
    }
    if work == "get/random" {
        watch = (Instant::now(), cpu_seconds()?);
        let mut state = 1_u64;
        for _ in 0..blocks {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            core.get((state >> 20) % blocks)
                .await?
                .ok_or("a block is missing")?;
        }
    }
    let (seconds, cpu) = (watch.0.elapsed().as_secs_f64(), cpu_seconds()? - watch.1);
    let (value, unit) = match work {
        "append/64 KiB" => ((blocks * bytes as u64) as f64 / 1e6 / seconds, "MB/s"),
        _ => (blocks as f64 / seconds, "blocks/s"),
    };
    let reading = json!({
        "name": work, "value": value, "unit": unit, "cpu_seconds": cpu, "peak_bytes": peak_bytes()?,
    });
    println!("{reading}");
    Ok(())
}

async fn new_core() -> Fallible<(TempDir, Hypercore)> {
    let folder = tempfile::tempdir()?;
    let storage = Storage::new_disk(&folder.path().to_owned(), true).await?;
    Ok((folder, HypercoreBuilder::new(storage).build().await?))
}

fn cpu_seconds() -> Fallible<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    Ok(ticks
        .filter_map(|field| field.parse::<u64>().ok())
        .sum::<u64>() as f64
        / 100.0)
}

fn peak_bytes() -> Fallible<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmHWM")?;
    Ok(kib.parse::<u64>()? * 1024)
}
