use std::sync::Arc;

use futures_lite::future::block_on;
use hyperfeed_storage::{RandomAccess, StorageError, conformance};
use hyperfeed_storage_random_access::FromRandomAccess;
use random_access_disk::RandomAccessDisk;
use random_access_memory::RandomAccessMemory;

#[test]
fn a_disk_file_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    conformance::random_access(|| {
        let disk = RandomAccessDisk::builder(&path).auto_sync(false).build();
        FromRandomAccess::new(block_on(disk).unwrap())
    });
}

#[test]
fn a_measured_disk_file_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    conformance::random_access(|| {
        let disk = RandomAccessDisk::builder(&path).auto_sync(false).build();
        let path = path.clone();
        FromRandomAccess::new(block_on(disk).unwrap())
            .with_measure(move || Ok(std::fs::metadata(&path)?.len()))
    });
}

/// Memory cannot be opened again, so each opening is a view of one value.
struct View {
    shared: Arc<std::sync::RwLock<FromRandomAccess<RandomAccessMemory>>>,
    closed: bool,
}

impl View {
    fn check(&self) -> Result<(), StorageError> {
        if self.closed {
            return Err(hyperfeed_storage::StorageErrorKind::Closed.into());
        }
        Ok(())
    }
}

impl RandomAccess for View {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), StorageError> {
        self.check()?;
        self.shared.read().unwrap().read(offset, into)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        self.check()?;
        self.shared.write().unwrap().write(offset, data)
    }

    fn len(&self) -> Result<u64, StorageError> {
        self.check()?;
        self.shared.read().unwrap().len()
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        self.check()?;
        self.shared.write().unwrap().truncate(len)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.check()?;
        self.shared.write().unwrap().sync()
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.closed = true;
        Ok(())
    }
}

#[test]
fn memory_keeps_the_contract_with_any_page_size() {
    for page in [500, 4096, 1 << 20] {
        let memory = FromRandomAccess::new(RandomAccessMemory::new(page));
        let shared = Arc::new(std::sync::RwLock::new(memory));
        conformance::random_access(|| View {
            shared: Arc::clone(&shared),
            closed: false,
        });
    }
}
