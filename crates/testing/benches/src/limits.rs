//! What the machine does with nothing around it, measured where and when it is compared with.

use crate::Fallible;
use hyperfeed::{FeedKey, Hash, KeyPair};
use hyperfeed_v2_crypto::{Nonce, secretbox, verify};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::{Duration, Instant};

/// How long each limit is measured.
const SPAN: Duration = Duration::from_millis(200);

/// Seconds of one SHA-256 of so many bytes, on one core.
pub(crate) fn hash(bytes: usize) -> f64 {
    let block = vec![7; bytes];
    per_call(|| {
        black_box(Sha256::digest(black_box(&block)));
    })
}

/// Seconds of one SHA-256 of so many bytes, with all cores at it.
pub(crate) fn hash_on_all_cores(bytes: usize) -> f64 {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads: Vec<_> = (0..cores)
        .map(|_| thread::spawn(move || hash(bytes)))
        .collect();
    let rate: f64 = threads
        .into_iter()
        .filter_map(|thread| thread.join().ok())
        .map(|seconds| 1.0 / seconds)
        .sum();
    1.0 / rate
}

/// Seconds of one signature of a hash.
pub(crate) fn sign() -> f64 {
    let pair = KeyPair::from_seed(&[1; 32]);
    let hash = Hash::new([2; 32]);
    per_call(|| {
        black_box(pair.sign(black_box(&hash)));
    })
}

/// Seconds of one verification.
pub(crate) fn verify_signature() -> f64 {
    let pair = KeyPair::from_seed(&[1; 32]);
    let (key, hash) = (pair.key(), Hash::new([2; 32]));
    let signature = pair.sign(&hash);
    per_call(|| {
        black_box(verify(&key, black_box(&hash), &signature)).ok();
    })
}

/// Seconds of sealing one box of so many bytes.
pub(crate) fn seal(bytes: usize) -> f64 {
    let key = FeedKey::from([3; 32]);
    let mut nonce = Nonce::new([4; Nonce::LEN]);
    let mut buffer = vec![5; bytes + secretbox::TAG_LEN];
    per_call(|| {
        nonce.increment();
        secretbox::seal(&key, &nonce, black_box(&mut buffer));
    })
}

/// Seconds of one positional write of so many bytes at the end of a new file; `total` bytes are written.
pub(crate) fn write(bytes: usize, total: u64) -> Fallible<f64> {
    let file = tempfile::tempfile()?;
    let data = vec![6; bytes];
    let count = total.div_ceil(bytes as u64).max(1);
    let start = Instant::now();
    for number in 0..count {
        file.write_all_at(&data, number * bytes as u64)?;
    }
    Ok(start.elapsed().as_secs_f64() / count as f64)
}

/// Seconds of writing so many bytes at the end of a file and bringing them to the device.
pub(crate) fn sync(bytes: usize) -> Fallible<f64> {
    let file = tempfile::tempfile()?;
    let data = vec![6; bytes];
    let mut offset = 0;
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < 2 * SPAN {
        file.write_all_at(&data, offset)?;
        file.sync_data()?;
        offset += bytes as u64;
        count += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(count))
}

/// Seconds of one positional read of so many bytes at random places of a file in the page cache.
pub(crate) fn read(bytes: usize, file_bytes: u64) -> Fallible<f64> {
    let file = tempfile::NamedTempFile::new()?;
    fill(file.as_file(), file_bytes)?;
    let opened = OpenOptions::new().read(true).open(file.path())?;
    let mut buffer = vec![0; bytes];
    let mut place = 1_u64;
    let places = (file_bytes / bytes as u64).max(1);
    let mut failed = None;
    let seconds = per_call(|| {
        place = place
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let offset = (place >> 20) % places * bytes as u64;
        failed = opened.read_exact_at(&mut buffer, offset).err();
    });
    failed.map_or(Ok(seconds), |error| Err(error.into()))
}

/// Bytes a second from one thread to another over loopback TCP.
pub(crate) fn tcp() -> Fallible<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut sender = TcpStream::connect(listener.local_addr()?)?;
    let (mut receiver, _) = listener.accept()?;
    let writer = thread::spawn(move || {
        let data = vec![8; 128 << 10];
        let start = Instant::now();
        while start.elapsed() < SPAN {
            sender.write_all(&data)?;
        }
        Ok::<(), std::io::Error>(())
    });
    let mut buffer = vec![0; 128 << 10];
    let (start, mut bytes) = (Instant::now(), 0_usize);
    loop {
        match receiver.read(&mut buffer)? {
            0 => break,
            read => bytes += read,
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    writer.join().map_err(|_| "the sender panicked")??;
    Ok(bytes as f64 / seconds)
}

fn fill(file: &File, bytes: u64) -> Fallible<()> {
    let data = vec![9; 1 << 20];
    for offset in (0..bytes).step_by(1 << 20) {
        let length = (bytes - offset).min(1 << 20) as usize;
        file.write_all_at(&data[..length], offset)?;
    }
    Ok(())
}

/// Seconds of one call, over many.
fn per_call(mut work: impl FnMut()) -> f64 {
    let (start, mut count, mut batch) = (Instant::now(), 0_u64, 1);
    while start.elapsed() < SPAN {
        for _ in 0..batch {
            work();
        }
        count += batch;
        batch = (batch * 2).min(1024);
    }
    start.elapsed().as_secs_f64() / count as f64
}
