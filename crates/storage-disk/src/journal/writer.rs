use hyperfeed_storage::{Durability, RandomAccess, StorageError};

use super::{Header, RecordHead, Replay};

/// Relaxed commits wait here before they are written together.
const BUFFER_BYTES: usize = 1 << 20;

/// The journal file in use: appends records, never changes one.
///
/// Invariant: the file holds whole records up to `end`, and nothing after it unless the journal is
/// doubtful.
pub(crate) struct Journal {
    file: Box<dyn RandomAccess>,
    salt: u64,
    end: u64,
    number: u64,
    written: u64,
    synced: u64,
    // Records of relaxed commits that are not in the file yet.
    buffer: Vec<u8>,
    doubtful: bool,
}

impl Journal {
    /// A journal that was just made durable and has this header and `records` after it.
    pub(crate) fn fresh(
        file: Box<dyn RandomAccess>,
        header: &Header,
        number: u64,
        end: u64,
    ) -> Self {
        Self {
            file,
            salt: header.salt,
            end,
            number,
            written: number,
            synced: number,
            buffer: Vec::new(),
            doubtful: false,
        }
    }

    /// Goes on after the last whole record of a journal that was read. What follows it is cut off.
    /// `number` is that of the last commit, which the backend may know better than the journal.
    pub(crate) fn resume(
        mut file: Box<dyn RandomAccess>,
        header: &Header,
        replay: &Replay,
        number: u64,
    ) -> Result<Self, StorageError> {
        if replay.tail > 0 {
            file.truncate(replay.end)?;
            file.sync()?;
        }
        Ok(Self {
            file,
            salt: header.salt,
            end: replay.end,
            number,
            written: number,
            synced: replay.floor.min(number),
            buffer: Vec::new(),
            doubtful: false,
        })
    }

    /// Goes on in a new file that starts with this header. Gives the old one, to which everything so
    /// far must have been written.
    pub(crate) fn go_on_in(
        &mut self,
        file: Box<dyn RandomAccess>,
        header: &Header,
    ) -> Box<dyn RandomAccess> {
        self.salt = header.salt;
        self.end = Header::BYTES as u64;
        std::mem::replace(&mut self.file, file)
    }

    /// Commits up to `number`, which another file has, are durable.
    pub(crate) fn note_synced(&mut self, number: u64) {
        self.synced = self.synced.max(number);
    }

    /// Commits up to this number are known to be durable.
    pub(crate) const fn synced(&self) -> u64 {
        self.synced
    }

    /// Number of the last commit.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Bytes of the file, with what waits to be written.
    pub(crate) const fn bytes(&self) -> u64 {
        self.end + self.buffer.len() as u64
    }

    /// Whether a write or a sync failed in a way that could not be undone. The file must then be
    /// replaced before the next commit.
    pub(crate) const fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    pub(crate) const fn doubt(&mut self) {
        self.doubtful = true;
    }

    /// Appends one commit. An error means that it is not in the journal, or that the journal is
    /// doubtful.
    pub(crate) fn append(
        &mut self,
        batch: &[u8],
        durability: Durability,
    ) -> Result<(), StorageError> {
        let before = self.buffer.len();
        let number = self.number + 1;
        let head = RecordHead::of(number, self.synced, batch);
        self.buffer.extend_from_slice(&head.encode(self.salt));
        self.buffer.extend_from_slice(batch);
        if durability == Durability::Relaxed && self.buffer.len() <= BUFFER_BYTES {
            self.number = number;
            return Ok(());
        }
        if let Err(error) = self.write_out(number) {
            self.buffer.truncate(before);
            self.cut();
            return Err(error);
        }
        if durability == Durability::Power {
            // On an error the record stays in the file, which is doubtful then.
            self.sync()?;
        }
        self.number = number;
        Ok(())
    }

    /// Brings every commit so far to the class `durability`.
    pub(crate) fn settle(&mut self, durability: Durability) -> Result<(), StorageError> {
        if durability == Durability::Relaxed {
            return Ok(());
        }
        if let Err(error) = self.write_out(self.number) {
            self.cut();
            return Err(error);
        }
        if durability == Durability::Power {
            self.sync()?;
        }
        Ok(())
    }

    /// Writes what waits. On an error it still waits, and the file must be cut.
    fn write_out(&mut self, newest: u64) -> Result<(), StorageError> {
        if !self.buffer.is_empty() {
            self.file.write(self.end, &self.buffer)?;
            self.end += self.buffer.len() as u64;
            self.buffer.clear();
            self.buffer.shrink_to(2 * BUFFER_BYTES);
        }
        self.written = newest;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        if self.synced == self.written && !self.doubtful {
            return Ok(());
        }
        if let Err(error) = self.file.sync() {
            // A later sync may succeed although what this one was to write is gone.
            self.doubtful = true;
            return Err(error);
        }
        self.synced = self.written;
        Ok(())
    }

    /// Takes back what a failed write left after `end`, and makes sure that no power loss brings
    /// it back behind a later commit.
    fn cut(&mut self) {
        let cut = self.file.truncate(self.end);
        match cut.and_then(|()| self.file.sync()) {
            Ok(()) => self.synced = self.written,
            Err(_) => self.doubtful = true,
        }
    }
}

impl Drop for Journal {
    /// An orderly end of the process need not lose relaxed commits. Nobody is told of a failure:
    /// they were allowed to be lost.
    fn drop(&mut self) {
        if !self.doubtful {
            let _ = self.write_out(self.number);
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("end", &self.end)
            .field("number", &self.number)
            .field("synced", &self.synced)
            .field("waiting", &self.buffer.len())
            .field("doubtful", &self.doubtful)
            .finish_non_exhaustive()
    }
}
