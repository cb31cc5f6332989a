//! Measures what a commit costs in each durability class.
//!
//! ```text
//! cargo run --release -p hyperfeed-storage-disk --example commit_cost [DIR]
//! ```
//!
//! A batch is what one append of a feed writes: 40 bytes, a node page of 2.6 KiB, a head of 600
//! bytes. The page changes its key every 64 commits, the head never does. Beside the store's
//! figures stand those of the machine: the bare `write` of the same bytes, and the bare
//! `fdatasync`.

use std::error::Error;
use std::time::Instant;

use hyperfeed_storage::{Batch, Durability, KeyValue, RandomAccess};
use hyperfeed_storage_disk::{Backend, DiskOptions, DiskStore, FileStore};

const SIZES: [usize; 3] = [40, 2660, 600];

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let dir = std::env::args_os()
        .nth(1)
        .map_or_else(|| temporary.path().to_owned(), Into::into);
    bare(&dir)?;
    let mut backends = vec![Backend::Sled];
    if cfg!(feature = "redb") {
        backends.push(Backend::Redb);
    }
    for backend in backends {
        for (durability, commits) in [
            (Durability::Relaxed, 200_000),
            (Durability::Process, 200_000),
            (Durability::Power, 2_000),
        ] {
            measure(&dir, backend, durability, commits)?;
        }
    }
    Ok(())
}

fn measure(
    dir: &std::path::Path,
    backend: Backend,
    durability: Durability,
    commits: u64,
) -> Result<(), Box<dyn Error>> {
    let mut options = DiskOptions::default();
    options.backend = backend;
    let path = dir.join(format!("{backend}-{durability:?}"));
    let (mut store, _) = DiskStore::open(&path, options.clone())?;
    let values = SIZES.map(|size| vec![0x5a; size]);
    let mut batch = Batch::new();
    let mut slowest = 0;
    let start = Instant::now();
    for number in 0..commits {
        batch.clear();
        batch.put(
            &[b"S".as_slice(), &number.to_be_bytes()].concat(),
            &values[0],
        );
        batch.put(
            &[b"N".as_slice(), &(number / 64).to_be_bytes()].concat(),
            &values[1],
        );
        batch.put(b"H", &values[2]);
        let before = start.elapsed().as_micros();
        store.commit(&batch, durability)?;
        slowest = slowest.max(start.elapsed().as_micros() - before);
    }
    let seconds = start.elapsed().as_secs_f64();
    let before = Instant::now();
    store.close()?;
    let closing = before.elapsed();
    drop(store);
    let before = Instant::now();
    DiskStore::open(&path, options)?;
    println!(
        "{backend} {durability:?}: {:.0} commits/s, slowest {slowest} us, close {closing:.1?}, open {:.1?}",
        commits as f64 / seconds,
        before.elapsed()
    );
    Ok(())
}

fn bare(dir: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let record = vec![0x5a; SIZES.iter().sum::<usize>() + 120];
    for (sync, writes) in [(false, 100_000_u64), (true, 1_000)] {
        let mut file = FileStore::open(&dir.join("bare"), true)?;
        file.truncate(0)?;
        let start = Instant::now();
        for number in 0..writes {
            file.write(number * record.len() as u64, &record)?;
            if sync {
                file.sync()?;
            }
        }
        let rate = writes as f64 / start.elapsed().as_secs_f64();
        let what = if sync { "write + fdatasync" } else { "write" };
        println!("machine, {what} of {} bytes: {rate:.0}/s", record.len());
    }
    std::fs::remove_file(dir.join("bare"))?;
    Ok(())
}
