use core::fmt;
use hyperfeed_storage::{Durability, RandomAccess, StorageError};

/// Where the bytes of a feed's blocks are.
pub enum Blocks {
    /// In a file of their own, or what acts like one: the plain concatenation of the blocks, each at its byte offset.
    /// A block whose offset is not proven yet waits in the store.
    Attached(Box<dyn RandomAccess>),
    /// In the store, a value each.
    InStore,
}

impl Blocks {
    pub(crate) const fn is_attached(&self) -> bool {
        matches!(self, Self::Attached(_))
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attached(_) => "Attached(..)",
            Self::InStore => "InStore",
        })
    }
}

/// Writes blocks into a file, neighbours in one call.
pub(crate) struct Gather<'a> {
    file: &'a mut dyn RandomAccess,
    offset: u64,
    bytes: Vec<u8>,
}

impl<'a> Gather<'a> {
    /// `room` is for the bytes that are gathered, and is given back at the end: memory taken anew for each commit
    /// costs more than the copy.
    pub(crate) fn new(file: &'a mut dyn RandomAccess, room: Vec<u8>) -> Self {
        Self {
            file,
            offset: 0,
            bytes: room,
        }
    }

    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        let next = self.offset.saturating_add(self.bytes.len() as u64);
        if offset != next || self.bytes.len() + data.len() > GATHER {
            self.flush()?;
            self.offset = offset;
        }
        if data.len() >= LARGE {
            self.flush()?;
            self.file.write(offset, data)?;
            self.offset = offset.saturating_add(data.len() as u64);
        } else {
            self.bytes.extend_from_slice(data);
        }
        Ok(())
    }

    /// Writes what is left, and syncs if the class asks for it. Gives the room back.
    pub(crate) fn finish(mut self, durability: Durability) -> Result<Vec<u8>, StorageError> {
        self.flush()?;
        if durability == Durability::Power {
            self.file.sync()?;
        }
        Ok(self.bytes)
    }

    fn flush(&mut self) -> Result<(), StorageError> {
        if !self.bytes.is_empty() {
            self.file.write(self.offset, &self.bytes)?;
            self.offset = self.offset.saturating_add(self.bytes.len() as u64);
            self.bytes.clear();
        }
        Ok(())
    }
}

/// Bytes gathered for one write.
const GATHER: usize = 1 << 20;
/// Bytes from which on a block is written by itself: a call costs less than a copy.
const LARGE: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use hyperfeed_storage::MemoryFile;

    #[test]
    fn gathered_writes_arrive_at_their_places() {
        let file = MemoryFile::new();
        let mut handle = file.share();
        let mut gather = Gather::new(&mut handle, Vec::new());
        let large = vec![7; GATHER + 3];
        gather.write(0, b"ab").unwrap();
        gather.write(2, b"c").unwrap();
        gather.write(3, &large).unwrap();
        gather.write(3 + large.len() as u64, b"d").unwrap();
        gather.write(3 + large.len() as u64 + 10, b"e").unwrap();
        gather.finish(Durability::Power).unwrap();
        let mut all = vec![1; large.len() + 3 + 11];
        file.read(0, &mut all).unwrap();
        assert_eq!(&all[..4], b"abc\x07");
        assert_eq!(&all[large.len() + 3..], b"d\0\0\0\0\0\0\0\0\0e");
    }
}
