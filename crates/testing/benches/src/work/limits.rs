//! The machine's own limits.

use crate::Fallible;
use crate::limits;
use crate::reading::Reading;
use crate::sizes::Sizes;

pub(crate) fn run(_: &Sizes) -> Fallible<Vec<Reading>> {
    let mb = |name: &str, bytes: usize, seconds: f64| {
        Reading::rate(format!("limits/{name}"), bytes as f64 / 1e6, "MB", seconds)
    };
    let micros =
        |name: &str, seconds: f64| Reading::new(format!("limits/{name}"), seconds * 1e6, "us");
    Ok(vec![
        mb("SHA-256 1 KiB", 1024, limits::hash(1024)),
        mb("SHA-256 64 KiB", 65_536, limits::hash(65_536)),
        mb(
            "SHA-256 64 KiB all cores",
            65_536,
            limits::hash_on_all_cores(65_536),
        ),
        micros("ed25519 sign", limits::sign()),
        micros("ed25519 verify", limits::verify_signature()),
        mb("secretbox 1 KiB", 1024, limits::seal(1024)),
        mb("secretbox 64 KiB", 65_536, limits::seal(65_536)),
        mb("write 1 KiB", 1024, limits::write(1024, 256 << 20)?),
        mb("write 100 KiB", 102_400, limits::write(102_400, 512 << 20)?),
        mb("write 64 KiB", 65_536, limits::write(65_536, 512 << 20)?),
        micros("write 1 KiB and fdatasync", limits::sync(1024)?),
        micros("read 1 KiB", limits::read(1024, 100 << 20)?),
        Reading::new("limits/loopback TCP", limits::tcp()? / 1e6, "MB/s"),
    ])
}
