use core::time::Duration;

use hyperfeed_types::Instant;

use crate::Config;

/// Silent ticks after which the next one ends the connection.
const MAX_SILENT: u8 = 5;

/// Quiet ticks after which the next one sends a keep-alive.
const MAX_QUIET: u8 = 3;

/// The timers of a connection (spec section 14.9, rules 1 to 3): counts ticks, not time.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    interval: Duration,
    next: Instant,
    /// Ticks since a frame was received.
    silent: u8,
    /// Ticks since a frame was sent.
    quiet: u8,
}

/// What a tick asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    Nothing,
    /// To be followed by [`KeepAlive::sent`].
    SendKeepAlive,
    TimedOut,
}

impl KeepAlive {
    pub(crate) fn new(timeout_ms: u64, now: Instant) -> Self {
        let timeout_ms = match timeout_ms {
            0 => Config::DEFAULT_TIMEOUT_MS,
            ms => ms,
        };
        let interval = Duration::from_millis((timeout_ms / 4).max(1));
        Self {
            interval,
            next: later(now, interval),
            silent: 0,
            quiet: 0,
        }
    }

    /// A frame was received.
    pub(crate) fn heard(&mut self) {
        self.silent = 0;
    }

    /// A frame was sent.
    pub(crate) fn sent(&mut self) {
        self.quiet = 0;
    }

    /// The time has come to call this once; `now` is not before [`next`](Self::next).
    ///
    /// Ticks that were missed are not made up for, as with the timer upstream uses: after a suspended
    /// machine wakes up, the remote gets its time to be heard.
    pub(crate) fn tick(&mut self, now: Instant) -> Tick {
        self.next = later(self.next, self.interval);
        if self.next <= now {
            self.next = later(now, self.interval);
        }
        if self.silent >= MAX_SILENT {
            return Tick::TimedOut;
        }
        self.silent = self.silent.saturating_add(1);
        if self.quiet >= MAX_QUIET {
            return Tick::SendKeepAlive;
        }
        self.quiet = self.quiet.saturating_add(1);
        Tick::Nothing
    }

    pub(crate) const fn next(&self) -> Instant {
        self.next
    }
}

fn later(from: Instant, by: Duration) -> Instant {
    let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    Instant::from_millis(from.as_millis().saturating_add(by))
}
