//! Bytes over time: a meter for what was, a bucket for what may be.

use hyperfeed_types::Instant;

/// Bytes a second over the last few seconds. Takes memory from the first byte on: most of the feeds that are open have
/// none to count.
#[derive(Debug, Default)]
pub(crate) struct Meter(Option<Box<Seconds>>);

#[derive(Debug, Clone, Default)]
struct Seconds {
    slots: [u64; SLOTS],
    second: u64,
}

impl Meter {
    pub(crate) fn add(&mut self, now: Instant, bytes: u64) {
        let seen = self.0.get_or_insert_default();
        seen.advance(now);
        seen.slots[(seen.second % SLOTS as u64) as usize] += bytes;
    }

    /// The mean over the window, the current second counted as far as it has come.
    pub(crate) fn rate(&self, now: Instant) -> u64 {
        let Some(seen) = &self.0 else { return 0 };
        let mut seen = Seconds::clone(seen);
        seen.advance(now);
        let span_ms = (SLOTS as u64 - 1) * 1000 + now.as_millis() % 1000;
        let started_ms = now.as_millis().max(1);
        seen.slots.iter().sum::<u64>() * 1000 / span_ms.min(started_ms).max(250)
    }
}

impl Seconds {
    fn advance(&mut self, now: Instant) {
        let second = now.as_millis() / 1000;
        let steps = second.saturating_sub(self.second).min(SLOTS as u64);
        for step in 1..=steps {
            self.slots[((second - steps + step) % SLOTS as u64) as usize] = 0;
        }
        self.second = self.second.max(second);
    }
}

/// Seconds that a meter looks back.
const SLOTS: usize = 4;

/// A token bucket: what may be sent now, refilled over time. Without a limit it is always full.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    limit: Option<u64>,
    /// Bytes that may go now; below zero after a block larger than what was left.
    level: i64,
    refilled: Instant,
}

impl Bucket {
    pub(crate) fn new(limit: Option<u64>, now: Instant) -> Self {
        Self {
            limit,
            level: 0,
            refilled: now,
        }
    }

    /// Whether something may be taken now.
    pub(crate) fn is_open(&mut self, now: Instant) -> bool {
        let Some(limit) = self.limit else { return true };
        let passed = now
            .saturating_since(self.refilled)
            .as_millis()
            .min(BURST_MS);
        let gained = i64::try_from(u128::from(limit) * passed / 1000).unwrap_or(i64::MAX);
        if gained > 0 {
            let burst = i64::try_from(u128::from(limit) * BURST_MS / 1000).unwrap_or(i64::MAX);
            self.level = self.level.saturating_add(gained).min(burst.max(1));
            self.refilled = now;
        }
        self.level > 0
    }

    pub(crate) fn take(&mut self, bytes: u64) {
        if self.limit.is_some() {
            self.level = self
                .level
                .saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }
}

/// How much time a bucket can save up, in milliseconds: short, so that a limit also holds over a second.
const BURST_MS: u128 = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_through_its_limit_over_time() {
        let mut bucket = Bucket::new(Some(1000), Instant::ZERO);
        let mut sent = 0;
        for ms in 0..10_000 {
            let now = Instant::from_millis(ms);
            if bucket.is_open(now) {
                bucket.take(100);
                sent += 100;
            }
        }
        assert!((9_000..=10_500).contains(&sent), "{sent}");
    }

    #[test]
    fn a_meter_reads_a_steady_flow_and_forgets_it() {
        let mut meter = Meter::default();
        for ms in (0..10_000).step_by(10) {
            meter.add(Instant::from_millis(ms), 100);
        }
        let rate = meter.rate(Instant::from_millis(9_999));
        assert!((9_000..=11_000).contains(&rate), "{rate}");
        assert_eq!(meter.rate(Instant::from_millis(60_000)), 0);
    }
}
