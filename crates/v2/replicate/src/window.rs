//! How many requests may be in flight to one peer.

use crate::Config;
use core::time::Duration;
use hyperfeed_types::Instant;

/// The window of one exchange: delivery rate times delay, doubled while the rate still grows.
///
/// In each round (one delay long) the blocks that came are counted. The window is twice what the best recent
/// rate delivers in the shortest delay seen, so that a link is full while little waits in front of it. While a
/// round brings a quarter more than the best before it, the window doubles instead, as at the start, unless answers
/// already wait for one another: what waits at a slow peer cannot be had from a faster one.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    size: u32,
    growing: u32,
    round_end: Instant,
    round_start: Instant,
    round_blocks: u32,
    /// Blocks a second of the last rounds.
    rates: [u64; ROUNDS],
    round: usize,
    min_delay_ms: u64,
    delay_ms: u64,
    block_bytes: u64,
}

impl Window {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        Self {
            size: config.min_window,
            growing: PATIENCE,
            round_end: now,
            round_start: now,
            round_blocks: 0,
            rates: [0; ROUNDS],
            round: 0,
            min_delay_ms: u64::MAX,
            delay_ms: 0,
            block_bytes: 0,
        }
    }

    /// Requests that may be in flight now.
    pub(crate) fn size(&self, config: &Config) -> usize {
        let by_bytes = config.max_window_bytes / self.block_bytes.max(1);
        u64::from(self.size).min(by_bytes.max(2)) as usize
    }

    /// The smoothed delay from request to response.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// A response to a request sent at `sent` has come; `full` tells whether the window was in use.
    pub(crate) fn on_response(
        &mut self,
        config: &Config,
        now: Instant,
        sent: Instant,
        bytes: u64,
        full: bool,
    ) {
        let delay = u64::try_from(now.saturating_since(sent).as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        self.min_delay_ms = self.min_delay_ms.min(delay);
        self.delay_ms = if self.delay_ms == 0 {
            delay
        } else {
            (self.delay_ms * 7 + delay) / 8
        };
        self.block_bytes = if self.block_bytes == 0 {
            bytes
        } else {
            (self.block_bytes * 15 + bytes) / 16
        };
        self.round_blocks += 1;
        // The round is over when an answer comes to what was asked after it began.
        if sent >= self.round_end || self.round_blocks >= config.max_window {
            self.end_round(config, now, full);
        }
    }

    /// Whether answers wait for one another rather than for the way: more in flight would only wait longer.
    fn is_queueing(&self) -> bool {
        self.delay_ms
            > self
                .min_delay_ms
                .saturating_mul(4)
                .saturating_add(QUEUE_SLACK_MS)
    }

    fn end_round(&mut self, config: &Config, now: Instant, full: bool) {
        let lasted = u64::try_from(now.saturating_since(self.round_start).as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let rate = u64::from(self.round_blocks) * 1000 / lasted;
        let best = self.rates.iter().copied().max().unwrap_or(0);
        if full {
            self.growing = if self.is_queueing() {
                0
            } else if rate > best + best / 4 {
                PATIENCE
            } else {
                self.growing.saturating_sub(1)
            };
        }
        self.round = (self.round + 1) % ROUNDS;
        self.rates[self.round] = rate;
        let best = best.max(rate);
        let filling = best.saturating_mul(self.min_delay_ms.min(60_000)) / 1000;
        let target = u32::try_from(filling.saturating_mul(2))
            .unwrap_or(u32::MAX)
            .saturating_add(config.min_window);
        let wanted = if self.growing > 0 {
            target.max(self.size.saturating_mul(2))
        } else {
            target
        };
        // An idle window says nothing of the link: it may grow, not shrink.
        let wanted = if full {
            wanted
        } else {
            wanted.max(self.size).min(self.size.max(target))
        };
        self.size = wanted.clamp(config.min_window, config.max_window.max(config.min_window));
        self.round_blocks = 0;
        self.round_start = now;
        self.round_end = now;
    }
}

/// A queue this long, in milliseconds, is no sign of a full link: hosts are busy for moments.
const QUEUE_SLACK_MS: u64 = 100;
/// Rounds over which the best rate is remembered.
const ROUNDS: usize = 8;
/// Rounds without growth after which the window stops doubling.
const PATIENCE: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    /// A link of a fixed delay and capacity, its window always in use.
    fn run(delay_ms: u64, blocks_per_ms: u64, seconds: u64) -> (u64, usize) {
        let config = Config::default();
        let mut window = Window::new(&config, Instant::ZERO);
        let mut line: std::collections::VecDeque<(u64, u64)> = Default::default(); // (arrives, sent)
        let (mut delivered, mut free_at) = (0, 0);
        for now in 0..seconds * 1000 {
            for _ in 0..blocks_per_ms {
                match line.front() {
                    Some(&(arrives, sent)) if arrives <= now => {
                        line.pop_front();
                        delivered += 1;
                        let full = line.len() + 1 >= window.size(&config);
                        window.on_response(
                            &config,
                            Instant::from_millis(now),
                            Instant::from_millis(sent),
                            1024,
                            full,
                        );
                    }
                    _ => break,
                }
            }
            while line.len() < window.size(&config) {
                free_at = (free_at + 1).max(now * blocks_per_ms);
                line.push_back((free_at / blocks_per_ms + delay_ms, now));
            }
        }
        (delivered, window.size(&config))
    }

    #[test]
    fn a_long_fat_link_is_filled_far_beyond_sixteen_in_flight() {
        let (delivered, _) = run(100, 10, 10);
        let fixed = 16 * 10 * 10; // sixteen a delay
        assert!(delivered > 10 * fixed, "{delivered} against {fixed}");
    }

    #[test]
    fn a_slow_link_keeps_a_small_window() {
        let (_, size) = run(20, 1, 10);
        assert!(size <= 128, "{size}");
    }
}
