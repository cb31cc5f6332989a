//! A file of blocks for each feed, named by its slot.

use crate::Error;
use crate::unsynced::BlockFile;
use hyperfeed_storage::RandomAccess;
use hyperfeed_v2_feed::Slot;

#[cfg(feature = "disk")]
use crate::unsynced::Again;

#[cfg(feature = "disk")]
use hyperfeed_storage::{StorageError, StorageErrorKind};
#[cfg(feature = "disk")]
use hyperfeed_storage_disk::{FilePool, PooledFile};
#[cfg(feature = "disk")]
use std::sync::{Arc, OnceLock};

/// Where blocks lie that have no external storage.
#[derive(Clone)]
pub(crate) enum Files {
    /// A file for each feed; beside it, an empty marker for each feed whose blocks are elsewhere.
    #[cfg(feature = "disk")]
    Disk(FilePool),
    /// In the store itself.
    Store,
}

impl Files {
    /// Where the blocks of a feed that is about to be made go. Its slot, and with it the file's name, is known once it
    /// is made: tell [`NewBlocks::settle`] then.
    pub(crate) fn new_blocks(
        &self,
        external: Option<Box<dyn RandomAccess>>,
    ) -> (Option<BlockFile>, NewBlocks) {
        let settled = NewBlocks {
            #[cfg(feature = "disk")]
            kind: NewKind::Nothing,
        };
        match (self, external) {
            #[cfg(feature = "disk")]
            (Self::Disk(pool), Some(external)) => (
                Some(given(external)),
                NewBlocks {
                    kind: NewKind::External(pool.clone()),
                },
            ),
            #[cfg(feature = "disk")]
            (Self::Disk(pool), None) => {
                let slot = Arc::new(OnceLock::new());
                let late = LateFile {
                    pool: pool.clone(),
                    slot: Arc::clone(&slot),
                    file: OnceLock::new(),
                };
                (
                    Some(BlockFile {
                        storage: Box::new(late),
                        again: Some(again(pool, &slot)),
                    }),
                    NewBlocks {
                        kind: NewKind::Own(slot),
                    },
                )
            }
            (Self::Store, Some(external)) => (Some(given(external)), settled),
            (Self::Store, None) => (None, settled),
        }
    }

    /// The file of a stored feed whose blocks are attached; `None` if they are in external storage.
    pub(crate) fn blocks(&self, slot: Slot) -> Option<BlockFile> {
        match self {
            #[cfg(feature = "disk")]
            Self::Disk(pool) if pool.file(&marker(slot)).path().exists() => None,
            #[cfg(feature = "disk")]
            Self::Disk(pool) => Some(BlockFile {
                storage: Box::new(pool.file(&name(slot))),
                again: Some(again(pool, &Arc::new(OnceLock::from(slot)))),
            }),
            Self::Store => {
                let _ = slot;
                None
            }
        }
    }

    pub(crate) fn remove(&self, slot: Slot) -> Result<(), Error> {
        match self {
            #[cfg(feature = "disk")]
            Self::Disk(pool) => {
                pool.remove(&name(slot))?;
                pool.remove(&marker(slot))?;
            }
            Self::Store => {
                let _ = slot;
            }
        }
        Ok(())
    }
}

/// External storage.
pub(crate) fn given(storage: Box<dyn RandomAccess>) -> BlockFile {
    BlockFile {
        storage,
        again: None,
    }
}

/// The blocks of a feed that is being made.
#[must_use = "the file has no name before `settle`"]
pub(crate) struct NewBlocks {
    #[cfg(feature = "disk")]
    kind: NewKind,
}

#[cfg(feature = "disk")]
enum NewKind {
    External(FilePool),
    Nothing,
    Own(Arc<OnceLock<Slot>>),
}

impl NewBlocks {
    /// The feed is made, and in this slot.
    pub(crate) fn settle(self, slot: Slot) -> Result<(), Error> {
        #[cfg(feature = "disk")]
        match self.kind {
            NewKind::External(pool) => {
                let mut marker = pool.file(&marker(slot));
                marker.truncate(0)?;
                marker.close()?;
            }
            NewKind::Nothing => {}
            NewKind::Own(known) => drop(known.set(slot)),
        }
        let _ = slot;
        Ok(())
    }
}

#[cfg(feature = "disk")]
fn name(slot: Slot) -> String {
    format!("{:08x}", slot.get())
}

#[cfg(feature = "disk")]
fn marker(slot: Slot) -> String {
    format!("{:08x}-external", slot.get())
}

#[cfg(feature = "disk")]
fn again(pool: &FilePool, slot: &Arc<OnceLock<Slot>>) -> Again {
    let (pool, slot) = (pool.clone(), Arc::clone(slot));
    Box::new(move || {
        let file = pool.file(&name(*slot.get()?));
        Some(Box::new(file))
    })
}

/// A file that is named once the slot of its feed is known.
#[cfg(feature = "disk")]
struct LateFile {
    pool: FilePool,
    slot: Arc<OnceLock<Slot>>,
    file: OnceLock<PooledFile>,
}

#[cfg(feature = "disk")]
impl LateFile {
    fn file(&self) -> Result<&PooledFile, StorageError> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let slot = self.slot.get().ok_or_else(unnamed)?;
        let file = self.pool.file(&name(*slot));
        Ok(self.file.get_or_init(|| file))
    }

    fn file_mut(&mut self) -> Result<&mut PooledFile, StorageError> {
        self.file()?;
        self.file.get_mut().ok_or_else(unnamed)
    }
}

#[cfg(feature = "disk")]
impl RandomAccess for LateFile {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        self.file()?.read(offset, into)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        self.file_mut()?.write(offset, data)
    }

    fn len(&self) -> Result<u64, StorageError> {
        // Asked before it has a name, it has nothing in it.
        self.file().map_or(Ok(0), RandomAccess::len)
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        self.file_mut()?.truncate(len)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.file.get_mut().map_or(Ok(()), RandomAccess::sync)
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.file.get_mut().map_or(Ok(()), RandomAccess::close)
    }
}

#[cfg(feature = "disk")]
fn unnamed() -> StorageError {
    StorageError::new(
        StorageErrorKind::NotFound,
        "the block file of a feed that is not made yet",
    )
}
