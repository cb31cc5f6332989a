//! Dropping what cannot be trusted, so that peers can send it again.

use crate::{Error, Replicator};
use hyperfeed_storage::Durability;
use hyperfeed_types::Instant;
use hyperfeed_v2_feed::{Finding, OnlyCopy, Repair, Slot};

impl Replicator {
    /// Repairs what a check of a feed has found, durably when this returns: see
    /// [`Feed::stage_repair`](hyperfeed_v2_feed::Feed::stage_repair). Peers are asked for what is missing now as for
    /// anything else that is.
    ///
    /// Commits first what was staged before: a repair is staged alone.
    ///
    /// # Errors
    /// The feed is not open; storage, and nothing was changed.
    pub fn repair(
        &mut self,
        now: Instant,
        slot: Slot,
        findings: &[Finding],
        only_copy: OnlyCopy,
    ) -> Result<Repair, Error> {
        self.commit(now);
        let hosted = self.feeds.get_mut(&slot).ok_or(Error::NotOpen { slot })?;
        let (feed, store) = (&mut hosted.feed, &mut self.store);
        let repair = feed.stage_repair(store, findings, only_copy)?;
        let stored = feed
            .seal(store, Durability::Power)
            .and_then(|()| store.commit(Durability::Power));
        if let Err(error) = stored {
            store.clear_batch();
            feed.discard_staged(store)?;
            return Err(error.into());
        }
        feed.committed();
        self.relaxed = false;
        self.wake_all(slot);
        Ok(repair)
    }
}
