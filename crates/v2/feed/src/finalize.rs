use crate::{Feed, FeedError, Kind, Store};
use hyperfeed_types::FeedKey;
use hyperfeed_v2_crypto::public_id;

impl Feed {
    /// Stages the end of a static feed, appends staged before included, and gives the key it gets: the hash of its
    /// roots. For a live feed this does nothing and gives its key.
    ///
    /// # Errors
    /// Finalized already; no block; a copy of the same feed is in the store; storage.
    pub fn stage_finalize(&mut self, store: &mut Store) -> Result<FeedKey, FeedError> {
        self.ready(store)?;
        if self.record.kind != Kind::Static {
            return self.record.key.ok_or(FeedError::NotFinalized);
        }
        self.check_writable()?;
        let hash = match &self.stage.appender {
            Some(appender) if appender.length() > 0 => appender.roots_hash(),
            None if self.head.length > 0 => self.committed_tree()?.roots_hash(),
            _ => return Err(FeedError::EmptyStatic),
        };
        let key = FeedKey::new(*hash.as_bytes());
        let id = public_id(&key);
        if let Some(slot) = store.find(&id)? {
            return Err(FeedError::Exists { slot });
        }
        self.stage.finalized = Some((key, id));
        Ok(key)
    }
}
