use crate::{FeedError, Store};
use hyperfeed_storage::{Batch, Durability};

impl Store {
    /// Brings everything committed so far to a class of durability; the batch stays as it is.
    ///
    /// # Errors
    /// Storage. What was acknowledged before keeps its class.
    pub fn sync(&mut self, durability: Durability) -> Result<(), FeedError> {
        Ok(self.kv.commit(&Batch::new(), durability)?)
    }
}
