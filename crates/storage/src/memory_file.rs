use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{RandomAccess, StorageError, StorageErrorKind};

const PAGE_BYTES: usize = 16 * 1024;

/// A [`RandomAccess`] in memory. Holes cost nothing: only pages that were written exist.
///
/// The content lives as long as a handle to it: [`share`](Self::share) gives another handle to the
/// same content, which is how a test "opens the same file again"; `clone` copies the content.
#[derive(Default)]
pub struct MemoryFile {
    place: Arc<RwLock<Pages>>,
    closed: bool,
}

#[derive(Clone, Default)]
struct Pages {
    len: u64,
    // Invariant: bytes of a page at or past `len` are zero.
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl MemoryFile {
    /// An empty file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another open handle to the same content, even when this one is closed.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            place: Arc::clone(&self.place),
            closed: false,
        }
    }

    fn pages(&self) -> Result<RwLockReadGuard<'_, Pages>, StorageError> {
        self.check_open()?;
        Ok(self.place.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn pages_mut(&self) -> Result<RwLockWriteGuard<'_, Pages>, StorageError> {
        self.check_open()?;
        Ok(self.place.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn check_open(&self) -> Result<(), StorageError> {
        if self.closed {
            return Err(StorageError::new(
                StorageErrorKind::Closed,
                "file in memory",
            ));
        }
        Ok(())
    }
}

/// An open file with a copy of the content.
impl Clone for MemoryFile {
    fn clone(&self) -> Self {
        let pages = self.place.read().unwrap_or_else(PoisonError::into_inner);
        Self {
            place: Arc::new(RwLock::new(pages.clone())),
            closed: false,
        }
    }
}

impl fmt::Debug for MemoryFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages = self.place.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("MemoryFile")
            .field("len", &pages.len)
            .field("pages", &pages.pages.len())
            .field("closed", &self.closed)
            .finish()
    }
}

impl RandomAccess for MemoryFile {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        self.pages()?.read(offset, into)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        self.pages_mut()?.write(offset, data)
    }

    fn len(&self) -> Result<u64, StorageError> {
        Ok(self.pages()?.len)
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        self.pages_mut()?.truncate(len);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.check_open()
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.closed = true;
        Ok(())
    }
}

impl Pages {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        if into.is_empty() {
            return Ok(());
        }
        if range_end(offset, into.len())? > self.len {
            return Err(StorageError::new(
                StorageErrorKind::OutOfBounds,
                format!(
                    "read of {} bytes at {offset} of a file of {}",
                    into.len(),
                    self.len
                ),
            ));
        }
        for_each_page(offset, into.len(), |number, in_page, in_data| {
            match self.pages.get(&number) {
                Some(page) => into[in_data].copy_from_slice(&page[in_page]),
                None => into[in_data].fill(0),
            }
        });
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        if data.is_empty() {
            return Ok(());
        }
        let end = range_end(offset, data.len())?;
        for_each_page(offset, data.len(), |number, in_page, in_data| {
            let page = self.pages.entry(number).or_insert_with(empty_page);
            page[in_page].copy_from_slice(&data[in_data]);
        });
        self.len = self.len.max(end);
        Ok(())
    }

    fn truncate(&mut self, len: u64) {
        if len < self.len {
            let (number, within) = place_of(len);
            self.pages.split_off(&(number + 1));
            if within == 0 {
                self.pages.remove(&number);
            } else if let Some(page) = self.pages.get_mut(&number) {
                page[within..].fill(0);
            }
        }
        self.len = len;
    }
}

fn empty_page() -> Box<[u8]> {
    vec![0; PAGE_BYTES].into_boxed_slice()
}

/// Page number and offset within the page.
fn place_of(offset: u64) -> (u64, usize) {
    let page = PAGE_BYTES as u64;
    ((offset / page), (offset % page) as usize)
}

fn range_end(offset: u64, length: usize) -> Result<u64, StorageError> {
    offset.checked_add(length as u64).ok_or_else(|| {
        StorageError::new(
            StorageErrorKind::OutOfBounds,
            format!("{length} bytes at {offset} end past the largest offset"),
        )
    })
}

/// Cuts a range that was checked by [`range_end`] at page borders: page number, bytes of the page,
/// bytes of the caller's data.
fn for_each_page(
    offset: u64,
    length: usize,
    mut each: impl FnMut(u64, std::ops::Range<usize>, std::ops::Range<usize>),
) {
    let mut done = 0;
    while done < length {
        let (number, within) = place_of(offset + done as u64);
        let step = (PAGE_BYTES - within).min(length - done);
        each(number, within..within + step, done..done + step);
        done += step;
    }
}
