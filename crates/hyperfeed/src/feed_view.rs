//! What handles see of an open feed without asking the owner.

use crate::events::Subscribers;
use crate::{FeedEvent, FeedStats};
use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_feed::{Feed, Kind, Slot};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Written by the owner after each commit, before it replies; read by all handles.
pub(crate) struct FeedView {
    pub(crate) slot: Slot,
    pub(crate) events: Subscribers<FeedEvent>,
    state: Mutex<FeedState>,
    stats: Mutex<FeedStats>,
    closed: AtomicBool,
}

/// The committed state of a feed.
#[derive(Clone, Copy)]
pub(crate) struct FeedState {
    pub(crate) key: Option<FeedKey>,
    pub(crate) public_id: PublicId,
    pub(crate) kind: Kind,
    pub(crate) writable: bool,
    pub(crate) finalized: bool,
    pub(crate) complete: bool,
    pub(crate) length: u64,
    pub(crate) byte_length: u64,
    pub(crate) contiguous: u64,
    pub(crate) held_blocks: u64,
    pub(crate) held_bytes: u64,
}

impl FeedState {
    pub(crate) fn of(feed: &Feed) -> Self {
        Self {
            key: feed.key().copied(),
            public_id: *feed.id(),
            kind: feed.kind(),
            writable: feed.is_writable(),
            finalized: feed.is_finalized(),
            complete: feed.is_complete(),
            length: feed.length(),
            byte_length: feed.byte_length(),
            contiguous: feed.contiguous(),
            held_blocks: feed.held_blocks(),
            held_bytes: feed.held_bytes(),
        }
    }
}

impl FeedView {
    pub(crate) fn new(feed: &Feed) -> Self {
        Self {
            slot: feed.slot(),
            events: Subscribers::new(|missed| FeedEvent::Lagged { missed }),
            state: Mutex::new(FeedState::of(feed)),
            stats: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn update(&self, feed: &Feed) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = FeedState::of(feed);
    }

    pub(crate) fn state(&self) -> FeedState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stats(&self) -> MutexGuard<'_, FeedStats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.events.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::FeedView;

    /// There is one for each open feed, of which a core may have tens of thousands: see the bound of 2 KiB for all that
    /// an idle one takes in `docs/performance.md`.
    #[test]
    fn a_view_is_small() {
        assert!(size_of::<FeedView>() <= 256);
    }
}
