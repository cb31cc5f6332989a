//! The only clock: milliseconds since the core was opened.

use hyperfeed_types::Instant;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    epoch: std::time::Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            epoch: std::time::Instant::now(),
        }
    }

    pub(crate) fn now(self) -> Instant {
        Instant::from_millis(u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// How long until `at`; zero when it has passed. Rounded up, so that a wait of this long is not too short.
    pub(crate) fn until(self, at: Instant) -> Duration {
        let at = Duration::from_millis(at.as_millis());
        at.saturating_sub(self.epoch.elapsed())
    }
}
