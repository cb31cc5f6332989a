use std::time::Duration;

/// How much of everything.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How long the load lasts.
    pub lasts: Duration,
    /// Decides when things happen, as far as the machine lets it.
    pub seed: u64,
    /// Feeds of the writer that lives on.
    pub steady_feeds: usize,
    /// Feeds of the writer that is killed.
    pub mortal_feeds: usize,
    /// Processes of peers.
    pub processes: usize,
    /// Of these, how many are killed now and then.
    pub mortal_processes: usize,
    /// Peers of a process.
    pub peers: usize,
    /// Feeds of a peer.
    pub feeds_of_peer: usize,
    /// Time between two kills of one process, on average.
    pub kill_every: Duration,
    /// Hostile connections a second.
    pub attacks: u32,
}

impl Plan {
    /// A hundred peers and fifty feeds, for so many seconds.
    #[must_use]
    pub const fn lasting(seconds: u64, seed: u64) -> Self {
        Self {
            lasts: Duration::from_secs(seconds),
            seed,
            steady_feeds: 40,
            mortal_feeds: 10,
            processes: 10,
            mortal_processes: 3,
            peers: 10,
            feeds_of_peer: 5,
            kill_every: Duration::from_secs(30),
            attacks: 20,
        }
    }

    /// A dozen peers for a few seconds: shows that the harness works, not that nothing leaks slowly.
    #[must_use]
    pub const fn short(seed: u64) -> Self {
        Self {
            steady_feeds: 6,
            mortal_feeds: 3,
            processes: 3,
            mortal_processes: 1,
            peers: 4,
            feeds_of_peer: 3,
            kill_every: Duration::from_secs(4),
            ..Self::lasting(12, seed)
        }
    }

    /// Feeds of both writers.
    pub(crate) const fn feeds(&self) -> usize {
        self.steady_feeds + self.mortal_feeds
    }

    /// Whether the run is long enough to tell growth from warming up.
    pub(crate) fn tells_growth(&self) -> bool {
        self.lasts >= TELLS_GROWTH
    }
}

/// Shorter runs warm up all the time.
const TELLS_GROWTH: Duration = Duration::from_secs(240);
