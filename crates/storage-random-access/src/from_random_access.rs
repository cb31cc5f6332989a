use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_lite::future::block_on;
use hyperfeed_storage::{RandomAccess, StorageError, StorageErrorKind};
use random_access_storage::{RandomAccess as Foreign, RandomAccessError};

/// No single read asks for more: implementations allocate what they are asked for, and some stop
/// reading after 2 MiB without saying so.
const PIECE_BYTES: usize = 1 << 20;

type Measure = Box<dyn Fn() -> io::Result<u64> + Send + Sync>;

/// A [`RandomAccess`] over any implementation of the trait of `random-access-storage` 5.
///
/// The other trait takes `&mut self` to read, so reads wait for each other here. Its futures are
/// driven on the calling thread until they are done.
///
/// ```
/// use hyperfeed_storage::RandomAccess;
/// use hyperfeed_storage_random_access::FromRandomAccess;
/// use random_access_memory::RandomAccessMemory;
///
/// let mut file = FromRandomAccess::new(RandomAccessMemory::new(4096));
/// file.write(6, b"world")?;
/// let mut word = [0; 5];
/// file.read(6, &mut word)?;
/// assert_eq!(&word, b"world");
/// # Ok::<(), hyperfeed_storage::StorageError>(())
/// ```
pub struct FromRandomAccess<T> {
    // `None` once closed.
    inner: Option<Mutex<T>>,
    limit: u64,
    measure: Option<Measure>,
}

impl<T> FromRandomAccess<T> {
    /// Default of [`with_limit`](Self::with_limit): the largest offset that files have.
    pub const LIMIT: u64 = i64::MAX as u64;

    /// Wraps `inner`, with whatever it holds.
    #[must_use]
    pub const fn new(inner: T) -> Self {
        Self {
            inner: Some(Mutex::new(inner)),
            limit: Self::LIMIT,
            measure: None,
        }
    }

    /// Refuses what ends past `limit`, in bytes, as out of bounds. `random-access-memory` takes a
    /// time proportional to the length it is given, so an untrusted length calls for a limit.
    #[must_use]
    pub const fn with_limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Asks `measure` for the true length before each read. `random-access-disk` measures its file
    /// once, and later reads what somebody else has cut off as zeros; with the length of the file
    /// from the system this is an error here.
    #[must_use]
    pub fn with_measure(
        mut self,
        measure: impl Fn() -> io::Result<u64> + Send + Sync + 'static,
    ) -> Self {
        self.measure = Some(Box::new(measure));
        self
    }

    /// The wrapped value; `None` if it was closed.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        let inner = self.inner?.into_inner();
        Some(inner.unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self) -> Result<MutexGuard<'_, T>, StorageError> {
        let inner = self.inner.as_ref().ok_or_else(closed)?;
        Ok(inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn inner_mut(&mut self) -> Result<&mut T, StorageError> {
        let inner = self.inner.as_mut().ok_or_else(closed)?;
        Ok(inner.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    fn end(&self, offset: u64, length: usize) -> Result<u64, StorageError> {
        match offset.checked_add(length as u64) {
            Some(end) if end <= self.limit => Ok(end),
            _ => Err(out_of_bounds(offset, length, self.limit)),
        }
    }
}

impl<T: Foreign> FromRandomAccess<T> {
    fn true_len(&self, inner: &mut T) -> Result<u64, StorageError> {
        let len = block_on(inner.len()).map_err(failed)?;
        match &self.measure {
            Some(measure) => {
                let measured = measure().map_err(|e| StorageError::io(e, "measuring the file"))?;
                Ok(len.min(measured))
            }
            None => Ok(len),
        }
    }
}

impl<T> fmt::Debug for FromRandomAccess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromRandomAccess")
            .field("limit", &self.limit)
            .field("measured", &self.measure.is_some())
            .field("closed", &self.inner.is_none())
            .finish_non_exhaustive()
    }
}

impl<T: Foreign + Send> RandomAccess for FromRandomAccess<T> {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        let mut inner = self.lock()?;
        if into.is_empty() {
            return Ok(());
        }
        let end = self.end(offset, into.len())?;
        let len = self.true_len(&mut inner)?;
        if end > len {
            return Err(out_of_bounds(offset, into.len(), len));
        }
        let mut at = offset;
        for piece in into.chunks_mut(PIECE_BYTES) {
            let wanted = piece.len() as u64;
            let bytes = block_on(inner.read(at, wanted)).map_err(failed)?;
            if bytes.len() != piece.len() {
                return Err(StorageError::new(
                    StorageErrorKind::Io,
                    format!("asked for {wanted} bytes at {at}, got {}", bytes.len()),
                ));
            }
            piece.copy_from_slice(&bytes);
            at += wanted;
        }
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        let end = self.end(offset, data.len());
        let inner = self.inner_mut()?;
        let Some(last) = data.last() else {
            return Ok(());
        };
        let end = end?;
        block_on(inner.write(offset, data)).map_err(failed)?;
        // An asynchronous file keeps bytes back until something else is asked of it, and its
        // errors too: reading one of them makes both come out. See the tests for the proof.
        match block_on(inner.read(end - 1, 1)).map_err(failed)?.as_slice() {
            [byte] if byte == last => Ok(()),
            _ => Err(StorageError::new(
                StorageErrorKind::Io,
                format!("what was written at {offset} does not read back"),
            )),
        }
    }

    fn len(&self) -> Result<u64, StorageError> {
        let mut inner = self.lock()?;
        self.true_len(&mut inner)
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        let end = self.end(len, 0);
        let inner = self.inner_mut()?;
        block_on(inner.truncate(end?)).map_err(failed)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        block_on(self.inner_mut()?.sync_all()).map_err(failed)
    }

    fn close(&mut self) -> Result<(), StorageError> {
        if self.inner.is_none() {
            return Ok(());
        }
        let synced = self.sync();
        self.inner = None;
        synced
    }
}

fn failed(error: RandomAccessError) -> StorageError {
    match error {
        RandomAccessError::OutOfBounds { .. } => {
            StorageError::new(StorageErrorKind::OutOfBounds, "external storage").with_source(error)
        }
        RandomAccessError::IO {
            context, source, ..
        } => StorageError::io(source, context.unwrap_or_default()).within("external storage"),
    }
}

fn out_of_bounds(offset: u64, length: usize, len: u64) -> StorageError {
    StorageError::new(
        StorageErrorKind::OutOfBounds,
        format!("{length} bytes at {offset} of external storage of {len}"),
    )
}

fn closed() -> StorageError {
    StorageError::new(StorageErrorKind::Closed, "external storage")
}
