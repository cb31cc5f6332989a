//! Blocks into a feed, and out of it.

use crate::driver::Waiting;
use crate::feed::bounds;
use crate::hashing::Hashing;
use crate::inbox::Message;
use crate::{Download, Error, Feed, Get, ReadStream, WriteStream};
use bytes::Bytes;
use hyperfeed_storage::Durability;
use hyperfeed_types::FeedKey;
use std::ops::{Range, RangeBounds};

impl Feed {
    /// Appends one block and gives its index. See [`append_with`](Self::append_with).
    ///
    /// # Errors
    /// As `append_with`.
    pub async fn append(&self, block: impl Into<Bytes>) -> Result<u64, Error> {
        Ok(self.append_hashing([block.into()], None).await?.start)
    }

    /// Appends blocks in one commit, all or none, and gives their indices. See [`append_with`](Self::append_with).
    ///
    /// # Errors
    /// As `append_with`.
    pub async fn append_batch<B: Into<Bytes>>(
        &self,
        blocks: impl IntoIterator<Item = B>,
    ) -> Result<Range<u64>, Error> {
        self.append_hashing(blocks.into_iter().map(Into::into), None)
            .await
    }

    /// Appends blocks in one commit that is durable in `durability` when this returns; peers learn of them after that.
    ///
    /// Appends of many tasks share commits: the more are waiting, the less each costs. The blocks are hashed in the
    /// calling task, many of them by the owner too. If the future is dropped after it was first polled, the blocks are
    /// appended all the same.
    ///
    /// # Errors
    /// `NotWritable`: the secret key is not here. `Finalized`: the static feed is sealed. `Behind`: blocks signed by
    /// this key exist that are not here. `InvalidInput`: a block is too large. `Full`, `Io`: nothing was appended.
    pub async fn append_with<B: Into<Bytes>>(
        &self,
        blocks: impl IntoIterator<Item = B>,
        durability: Durability,
    ) -> Result<Range<u64>, Error> {
        self.append_hashing(blocks.into_iter().map(Into::into), Some(durability))
            .await
    }

    /// The block, waiting for it if it is not held: peers are asked for it first. There is no limit to the wait; drop
    /// the future to stop it, and with it the asking. The request is on its way when this returns.
    ///
    /// The bytes are hashed again in the task that awaits.
    ///
    /// # Errors (of the future)
    /// `PastEnd`: the feed has ended before this block. `Corrupt`: the stored bytes have changed; see
    /// [`repair`](Self::repair). `Closed`, `Io`.
    pub fn get(&self, block: u64) -> Get {
        Get::start(self.clone(), block, true)
    }

    /// The block, or `None` if it is not held.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn try_get(&self, block: u64) -> Result<Option<Bytes>, Error> {
        Get::start(self.clone(), block, false).found().await
    }

    /// Downloads a range, before what nobody waits for. An open end means all that is known to exist: it ends when the
    /// feed is complete.
    ///
    /// The result is a future with a [`progress`](Download::progress); dropping it takes the wish back.
    pub fn download(&self, range: impl RangeBounds<u64>) -> Download {
        let range = bounds(&range);
        Download::start(self, range.start..range.end.unwrap_or(u64::MAX))
    }

    /// A stream of blocks in order, some fetched ahead. See [`ReadStream`].
    pub fn read_stream(&self, range: impl RangeBounds<u64>) -> ReadStream {
        let range = bounds(&range);
        ReadStream::new(self.clone(), range.start, range.end)
    }

    /// A sink of blocks, and a writer that cuts bytes into blocks. See [`WriteStream`].
    pub fn write_stream(&self) -> WriteStream {
        WriteStream::new(self.clone())
    }

    /// The block that holds byte `byte` of the feed, and the byte's place in it. `None` past the end, or where the
    /// sizes are not known here.
    ///
    /// # Errors
    /// `Closed`, `Io`, `Corrupt`.
    pub async fn seek(&self, byte: u64) -> Result<Option<(u64, u64)>, Error> {
        let slot = self.slot()?;
        let found = self
            .core()
            .call(move |owner| owner.replicator.seek(slot, byte))
            .await??;
        Ok(found.map(|(block, offset)| (block.get(), offset)))
    }

    /// Seals a static feed: it gets its key, and no block can follow. A live feed only gives its key.
    ///
    /// # Errors
    /// `Finalized`: it was sealed before. `InvalidInput`: it has no blocks. `Closed`, `Full`, `Io`.
    pub async fn finalize(&self) -> Result<FeedKey, Error> {
        let slot = self.slot()?;
        self.core()
            .command(
                |reply| Waiting::Finalize { slot, reply },
                |token, waiting| Message::Finalize {
                    slot,
                    token,
                    waiting,
                },
            )?
            .await
    }

    /// Waits until everything appended so far is on the device, whatever its class was.
    ///
    /// # Errors
    /// `Closed`, `Full`, `Io`.
    pub async fn flush(&self) -> Result<(), Error> {
        self.slot()?;
        self.core()
            .command(Waiting::Flush, |token, waiting| Message::Flush {
                token,
                waiting,
            })?
            .await
    }

    pub(crate) async fn append_hashing(
        &self,
        blocks: impl IntoIterator<Item = Bytes>,
        durability: Option<Durability>,
    ) -> Result<Range<u64>, Error> {
        let slot = self.slot()?;
        let hashing = Hashing::new(blocks);
        if !hashing.is_shared() {
            hashing.hash();
        }
        let blocks = hashing.clone();
        let appended = self.core().command(
            |reply| Waiting::Append { slot, reply },
            |token, waiting| Message::Append {
                slot,
                blocks,
                durability,
                token,
                waiting,
            },
        )?;
        // Those that are not hashed: the owner is at them too now.
        hashing.hash();
        drop(hashing);
        appended.await
    }
}
