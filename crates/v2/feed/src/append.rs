use crate::{Feed, FeedError, Kind, Store};
use bytes::Bytes;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::{AppendError, Appender, MAX_SIZE};
use hyperfeed_types::Hash;
use hyperfeed_v2_crypto::Sha256Tree;
use hyperfeed_v2_wire::limits::MAX_BLOCK;

impl Feed {
    /// Stages a block at the end of the feed, and gives its index. `leaf` is its
    /// [`leaf_hash`](crate::leaf_hash()), computed wherever there is time for it. No reading or writing.
    ///
    /// # Errors
    /// As [`check_append`](Self::check_append). Nothing is staged then.
    pub fn stage_append(
        &mut self,
        store: &mut Store,
        block: Bytes,
        leaf: Hash,
    ) -> Result<BlockIndex, FeedError> {
        self.ready(store)?;
        self.check_append([block.len()])?;
        let bytes = block.len() as u64;
        if self.stage.appender.is_none() {
            self.stage.appender = Some(self.committed_tree()?);
        }
        let index = self.staged_length();
        let index = BlockIndex::new(index).ok_or(FeedError::OutOfBounds)?;
        let stage = &mut *self.stage;
        if let Some(appender) = &mut stage.appender {
            appender
                .push(leaf, bytes, &mut stage.grown)
                .map_err(append_error)?;
        }
        stage.appended.push(block);
        stage.bytes = stage.bytes.saturating_add(bytes);
        Ok(index)
    }

    /// Whether blocks of these sizes could be appended now, all of them.
    ///
    /// # Errors
    /// The feed is not ours to write, finalized, or [behind](FeedError::Behind); a block too large for any peer, or
    /// too many blocks or bytes.
    pub fn check_append(&self, sizes: impl IntoIterator<Item = usize>) -> Result<(), FeedError> {
        self.check_writable()?;
        let (mut length, mut bytes) = match &self.stage.appender {
            Some(appender) => (appender.length(), appender.byte_length()),
            None => (self.head.length, self.head.byte_length()),
        };
        for size in sizes {
            let size = size as u64;
            if size > MAX_BLOCK as u64 {
                return Err(FeedError::TooLarge {
                    bytes: size,
                    limit: MAX_BLOCK as u64,
                });
            }
            bytes = bytes.saturating_add(size);
            BlockIndex::new(length).ok_or(FeedError::OutOfBounds)?;
            length += 1;
        }
        if bytes > MAX_SIZE {
            return Err(FeedError::TooLarge {
                bytes,
                limit: MAX_SIZE,
            });
        }
        Ok(())
    }

    /// Whether it is ours to append, and safe.
    pub(crate) fn check_writable(&self) -> Result<(), FeedError> {
        let is_static = self.record.kind == Kind::Static;
        if (is_static && self.record.key.is_some()) || self.stage.finalized.is_some() {
            return Err(FeedError::Finalized);
        }
        if !self.is_writable() {
            return Err(FeedError::NotWritable);
        }
        let anchored = self.stage.anchor.as_ref().map_or(0, |anchor| anchor.length);
        let beyond = self.signed_beyond.unwrap_or(0);
        let signed = self.head.length.max(anchored).max(beyond);
        if self.head.contiguous < signed {
            return Err(FeedError::Behind {
                held: self.head.contiguous,
                signed,
            });
        }
        if self.stage.repaired.is_some() {
            return Err(FeedError::Repairing);
        }
        Ok(())
    }

    /// The committed tree, to append to.
    pub(crate) fn committed_tree(&self) -> Result<Appender<Sha256Tree>, FeedError> {
        let corrupt = |_| Self::corrupt("head", self.record.slot.get().into(), "no tree");
        Appender::from_roots(self.head.length, self.head.roots.clone()).map_err(corrupt)
    }
}

fn append_error(error: AppendError) -> FeedError {
    match error {
        AppendError::SizeOverflow { .. } => FeedError::TooLarge {
            bytes: MAX_SIZE.saturating_add(1),
            limit: MAX_SIZE,
        },
        _ => FeedError::OutOfBounds,
    }
}
