//! A core on a store of one's own: everything but secret keys in an ordered map behind a lock, which could as well be a
//! database: `cargo run -p hyperfeed --example custom_store`.

use hyperfeed::{Batch, Core, Durability, KeyValue, Op, StorageError};
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

/// The map, shared with the rest of the program.
#[derive(Clone, Default)]
struct MapStore(Arc<RwLock<BTreeMap<Vec<u8>, Vec<u8>>>>);

impl KeyValue for MapStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned())
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        // One state for the whole scan, without holding the lock while the callback reads.
        let map = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for (key, value) in map
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
        {
            if each(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// All of the batch or nothing: here by the lock, in a database by its transaction.
    fn commit(&mut self, batch: &Batch, _: Durability) -> Result<(), StorageError> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for op in batch.iter() {
            match op {
                Op::Put { key, value } => drop(map.insert(key.to_vec(), value.to_vec())),
                Op::Delete { key } => drop(map.remove(key)),
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    futures::executor::block_on(async {
        let store = MapStore::default();
        let core = Core::builder().store(store.clone()).open().await?;
        let feed = core.create_feed().await?;
        feed.append_batch(["kept", "in", "a", "map"]).await?;
        let (key, id) = (feed.key().ok_or("a live feed has a key")?, feed.public_id());
        // The secret key is not in the store: take it along, or the feed can only be read from now on.
        let secret = core
            .secret_key(&id)
            .await?
            .ok_or("the feed was written here")?;
        core.close().await?;

        let entries = store.0.read().unwrap_or_else(PoisonError::into_inner).len();
        println!("{entries} entries in the map");

        let core = Core::builder().store(store).open().await?;
        let feed = core
            .open_feed_with(&key, hyperfeed::FeedOptions::new().secret(secret))
            .await?;
        println!("appended block {}", feed.append("again").await?);
        Ok(())
    })
}
