use crate::fields::Fields;
use crate::{Feed, FeedError, Slot, Store, layout};

impl Feed {
    /// Remembers that blocks up to `length` were signed somewhere, so that nothing is
    /// [appended](Self::stage_append) before they are held here: into the batch, for good.
    ///
    /// For an owner's copy that is known to be older than the feed: one from a backup, or from a store of which a part is
    /// gone. A length that is held or remembered already changes nothing.
    ///
    /// # Errors
    /// Storage.
    pub fn expect_length(&mut self, store: &mut Store, length: u64) -> Result<(), FeedError> {
        self.ready(store)?;
        if length <= self.head.length || Some(length) <= self.signed_beyond {
            return Ok(());
        }
        let mut record = vec![VERSION];
        record.extend_from_slice(&length.to_be_bytes());
        store.part.put(&layout::expected(self.record.slot), &record);
        store.keep_part();
        self.signed_beyond = Some(length);
        Ok(())
    }
}

/// The length that a feed has to reach; one that it has reached may still be there.
pub(crate) fn load_expected(store: &Store, slot: Slot) -> Result<Option<u64>, FeedError> {
    let Some(record) = store.kv().get(&layout::expected(slot))? else {
        return Ok(None);
    };
    let read = || {
        let mut fields = Fields::of_version(&record, VERSION)?;
        let length = fields.number()?;
        fields.end()?;
        Some(length)
    };
    let unreadable = || Feed::corrupt("expected length", slot.get().into(), "unreadable");
    read().map(Some).ok_or_else(unreadable)
}

const VERSION: u8 = 1;
