//! The catalogue of a store: its feeds by slot, id and alias.

use crate::{FeedError, FeedRecord, Slot, Store, layout};
use core::ops::ControlFlow;
use hyperfeed_types::PublicId;

impl Store {
    /// Names a feed, or takes its name away: into the batch.
    ///
    /// # Errors
    /// The alias cannot be one, or another feed has it; no such feed; storage.
    pub fn set_alias(&mut self, slot: Slot, alias: Option<&str>) -> Result<(), FeedError> {
        let mut record = self.record(slot)?.ok_or(FeedError::NotFound { slot })?;
        if let Some(alias) = alias {
            if alias.is_empty() || alias.len() > FeedRecord::MAX_ALIAS {
                return Err(FeedError::Alias { taken_by: None });
            }
            let taken_by = self.by_alias(alias)?;
            if taken_by.is_some_and(|other| other != slot) {
                return Err(FeedError::Alias { taken_by });
            }
        }
        if let Some(old) = record.alias.take() {
            self.batch.delete(&layout::alias(&old));
        }
        if let Some(alias) = alias {
            let number = slot.get().to_be_bytes();
            self.batch.put(&layout::alias(alias), &number);
        }
        record.alias = alias.map(str::to_owned);
        for created in &mut self.beside.records {
            if created.slot == slot {
                created.alias.clone_from(&record.alias);
            }
        }
        self.batch.put(&layout::record(slot), &record.encode());
        Ok(())
    }

    /// The feed with this id, if the store has it.
    ///
    /// # Errors
    /// Storage.
    pub fn find(&self, id: &PublicId) -> Result<Option<Slot>, FeedError> {
        if let Some(record) = self.beside.records.iter().find(|record| record.id == *id) {
            return Ok(Some(record.slot));
        }
        self.slot_at(&layout::id(id), "feed id")
    }

    /// The feed with this alias.
    ///
    /// # Errors
    /// Storage.
    pub fn by_alias(&self, alias: &str) -> Result<Option<Slot>, FeedError> {
        self.slot_at(&layout::alias(alias), "alias")
    }

    /// All feeds of the store, by slot.
    ///
    /// # Errors
    /// Storage; a record that cannot be read.
    pub fn feeds(&self) -> Result<Vec<FeedRecord>, FeedError> {
        let mut feeds = Vec::new();
        let mut damaged = None;
        self.kv.scan(layout::RECORDS, &mut |key, record| {
            let slot = layout::slot_of(key);
            match slot.and_then(|slot| FeedRecord::decode(slot, record)) {
                Some(record) => feeds.push(record),
                None => damaged = Some(slot.map_or(0, Slot::get)),
            }
            ControlFlow::Continue(())
        })?;
        match damaged {
            None => Ok(feeds),
            Some(slot) => Err(corrupt_record(slot)),
        }
    }

    /// The catalogue record of a feed.
    ///
    /// # Errors
    /// Storage; a record that cannot be read.
    pub fn record(&self, slot: Slot) -> Result<Option<FeedRecord>, FeedError> {
        if let Some(record) = self
            .beside
            .records
            .iter()
            .find(|record| record.slot == slot)
        {
            return Ok(Some(record.clone()));
        }
        let Some(record) = self.kv.get(&layout::record(slot))? else {
            return Ok(None);
        };
        let record = FeedRecord::decode(slot, &record).ok_or_else(|| corrupt_record(slot.get()))?;
        Ok(Some(record))
    }

    /// Puts a new feed into the catalogue: into the part.
    pub(crate) fn put_record(&mut self, record: &FeedRecord) {
        let number = record.slot.get().to_be_bytes();
        self.part.put(&layout::id(&record.id), &number);
        self.part
            .put(&layout::record(record.slot), &record.encode());
        self.part_beside.records.push(record.clone());
    }

    fn slot_at(&self, key: &[u8], what: &'static str) -> Result<Option<Slot>, FeedError> {
        let Some(number) = self.kv.get(key)? else {
            return Ok(None);
        };
        match <[u8; 4]>::try_from(number.as_slice()) {
            Ok(number) => Ok(Some(Slot::new(u32::from_be_bytes(number)))),
            Err(_) => Err(FeedError::Corrupt {
                what,
                at: 0,
                why: "no slot number",
            }),
        }
    }
}

const fn corrupt_record(slot: u32) -> FeedError {
    FeedError::Corrupt {
        what: "feed record",
        at: slot as u64,
        why: "unreadable",
    }
}
