use std::ops::ControlFlow;

use crate::{Batch, Durability, StorageError};

/// An ordered map from bytes to bytes that changes by whole batches.
///
/// One owner writes (`&mut self`); reads take `&self` and may come from several threads between
/// commits. A store holds nothing but what was committed: no clock, no expiry, no defaults.
///
/// **After a failed commit** the store can still be read, and shows the state before the batch or
/// the state after it, never a part of it. Which of the two a later opening will find is unspecified
/// until a later commit succeeds; from then on it is what the reads showed when that commit was
/// made. So after an error read again what matters, and do not assume that the batch is gone.
///
/// Prove an implementation with [`conformance::key_value`](crate::conformance::key_value).
pub trait KeyValue: Send + Sync {
    /// The value of `key`, or `None`.
    ///
    /// # Errors
    /// When the device fails, or what it returns is known to be wrong.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// Puts the value of `key` into `into`, in place of what is there, and tells whether there is one. As
    /// [`get`](Self::get), for whoever has memory to spare from the last time; without a value its content is unspecified.
    ///
    /// # Errors
    /// As `get`.
    fn get_into(&self, key: &[u8], into: &mut Vec<u8>) -> Result<bool, StorageError> {
        let found = self.get(key)?;
        Ok(found.map(|value| *into = value).is_some())
    }

    /// Hands each key that starts with `prefix`, and its value, to `each`: ascending by key, until
    /// it breaks. An empty prefix means everything.
    ///
    /// The callback sees one state of the store and may read from the same store.
    ///
    /// # Errors
    /// When the device fails. What was handed out until then was right.
    #[expect(
        clippy::type_complexity,
        reason = "an alias would hide what the callback is"
    )]
    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError>;

    /// Applies the batch, all or nothing. Of several operations on one key the last wins.
    ///
    /// `Ok` means: visible to every later read, and durable in the class named, as is every
    /// earlier commit. So an empty batch is a sync: it changes nothing, and brings all that came
    /// before to its class.
    ///
    /// # Errors
    /// When the batch could not be made durable; see the trait's words on failed commits.
    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), StorageError>;

    /// Makes everything durable ([`Durability::Power`]) and lets go of the place. Later calls fail
    /// with [`Closed`](crate::StorageErrorKind::Closed); closing again does nothing.
    ///
    /// # Errors
    /// When the last commits could not be made durable. The store counts as closed all the same.
    fn close(&mut self) -> Result<(), StorageError>;
}

impl<T: KeyValue + ?Sized> KeyValue for Box<T> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        (**self).get(key)
    }

    fn get_into(&self, key: &[u8], into: &mut Vec<u8>) -> Result<bool, StorageError> {
        (**self).get_into(key, into)
    }

    fn scan(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        (**self).scan(prefix, each)
    }

    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), StorageError> {
        (**self).commit(batch, durability)
    }

    fn close(&mut self) -> Result<(), StorageError> {
        (**self).close()
    }
}
