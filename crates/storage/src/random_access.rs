use crate::StorageError;

/// A growing array of bytes, read and written at any place: a file, or what acts like one.
///
/// A finished [`write`](Self::write) or [`truncate`](Self::truncate) is visible to every later read
/// and survives the death of the process
/// ([`Durability::Process`](crate::Durability::Process)). It survives a power loss only after a
/// [`sync`](Self::sync); until then any un-synced write may be lost, in any order and in part.
/// There is no atomicity: whoever needs it commits to a [`KeyValue`](crate::KeyValue) afterwards
/// what the bytes mean.
///
/// Bytes that were never written, but lie before the end, read as zeros.
///
/// Prove an implementation with
/// [`conformance::random_access`](crate::conformance::random_access).
pub trait RandomAccess: Send + Sync {
    /// Fills `into` with the bytes at `offset`, all of them or an error. Reading nothing succeeds
    /// at every offset.
    ///
    /// # Errors
    /// [`OutOfBounds`](crate::StorageErrorKind::OutOfBounds) when a byte of the range lies past
    /// the end. After any error the content of `into` is unspecified.
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError>;

    /// Writes `data` at `offset` and grows the file if need be; a hole before it reads as zeros.
    /// Writing nothing changes nothing, not even the length.
    ///
    /// # Errors
    /// [`OutOfBounds`](crate::StorageErrorKind::OutOfBounds) when the end cannot be addressed;
    /// otherwise a failure of the device, after which a part of the range may have been written.
    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError>;

    /// Length in bytes: one past the last byte that can be read.
    ///
    /// # Errors
    /// When the device fails.
    fn len(&self) -> Result<u64, StorageError>;

    /// Whether there is no byte.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    fn is_empty(&self) -> Result<bool, StorageError> {
        Ok(self.len()? == 0)
    }

    /// Makes the length `len`: cuts what lies past it, or grows with zeros.
    ///
    /// # Errors
    /// [`OutOfBounds`](crate::StorageErrorKind::OutOfBounds) when the device cannot address it;
    /// otherwise a failure of the device, after which the length is the old or the new one.
    fn truncate(&mut self, len: u64) -> Result<(), StorageError>;

    /// Makes every finished write durable against a power loss.
    ///
    /// # Errors
    /// When the device does not confirm. The un-synced writes may then be lost for good, even if a
    /// later `sync` succeeds.
    fn sync(&mut self) -> Result<(), StorageError>;

    /// Syncs and lets go. Later calls fail with
    /// [`Closed`](crate::StorageErrorKind::Closed); closing again does nothing.
    ///
    /// # Errors
    /// As [`sync`](Self::sync). The file counts as closed all the same.
    fn close(&mut self) -> Result<(), StorageError>;
}

impl<T: RandomAccess + ?Sized> RandomAccess for Box<T> {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        (**self).read(offset, into)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        (**self).write(offset, data)
    }

    fn len(&self) -> Result<u64, StorageError> {
        (**self).len()
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        (**self).truncate(len)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        (**self).sync()
    }

    fn close(&mut self) -> Result<(), StorageError> {
        (**self).close()
    }
}
