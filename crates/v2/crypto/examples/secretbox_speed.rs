//! How long both secretbox implementations take here; run it with `--release --features simd`.
//!
//!     cargo run --release -p hyperfeed-v2-crypto --features simd --example secretbox_speed

use std::{hint::black_box, time::Instant};

use hyperfeed_types::FeedKey;
use hyperfeed_v2_crypto::{
    Nonce,
    secretbox::{self, TAG_LEN, portable},
};

fn main() {
    let key = FeedKey::new([7; 32]);
    let chosen = if cfg!(feature = "simd") {
        "simd"
    } else {
        "the same"
    };
    println!("{:>8} {:>8} {:>12} {:>12}", "bytes", "", "portable", chosen);
    for size in [16, 64, 256, 1024, 4096, 65536, 1 << 20] {
        let mut buf = vec![1; TAG_LEN + size];
        let mut nonce = Nonce::new([0; 24]);
        let portable_seal = time(size, || portable::seal(&key, &nonce, black_box(&mut buf)));
        let chosen_seal = time(size, || secretbox::seal(&key, &nonce, black_box(&mut buf)));
        print("seal", size, portable_seal, chosen_seal);

        nonce.increment();
        let mut sealed = buf.clone();
        secretbox::seal(&key, &nonce, &mut sealed);
        // Opening consumes the box: copying a fresh one is part of the figure, as it is of every receiver.
        let portable_open = time(size, || {
            buf.copy_from_slice(&sealed);
            portable::open(&key, &nonce, black_box(&mut buf)).is_ok()
        });
        let chosen_open = time(size, || {
            buf.copy_from_slice(&sealed);
            secretbox::open(&key, &nonce, black_box(&mut buf)).is_ok()
        });
        print("open", size, portable_open, chosen_open);
    }
}

/// Nanoseconds of one call: the best of seven rounds.
fn time<T>(size: usize, mut call: impl FnMut() -> T) -> f64 {
    let calls = (4_000_000 / (size + 500)).max(4);
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(call());
        }
        best = best.min(start.elapsed().as_nanos() as f64 / calls as f64);
    }
    best
}

fn print(what: &str, size: usize, portable: f64, chosen: f64) {
    let rate = |nanos: f64| format!("{nanos:.0} ns {:.2} GB/s", size as f64 / nanos);
    println!(
        "{size:>8} {what:>8} {:>22} {:>22}",
        rate(portable),
        rate(chosen)
    );
}
