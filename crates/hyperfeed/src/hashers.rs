//! Threads that hash stored blocks.

use crate::unsynced::TrackedFile;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::RandomAccess;
use hyperfeed_types::Hash;
use hyperfeed_v2_feed::{Block, Finding, Placed, leaf_hash};
use std::thread;

/// A part of a feed, to be hashed.
#[derive(Default)]
pub(crate) struct Part {
    /// Where the hasher finds the blocks that are `placed`.
    pub(crate) file: Option<TrackedFile>,
    pub(crate) placed: Vec<Placed>,
    /// Other blocks, as the owner has read them.
    pub(crate) read: Vec<(BlockIndex, Option<Block>)>,
    /// What the owner found wrong with the nodes over them.
    pub(crate) findings: Vec<Finding>,
    /// Where the next part begins.
    pub(crate) next: u64,
    pub(crate) is_last: bool,
}

/// What was found in a part.
#[derive(Default)]
pub(crate) struct Checked {
    pub(crate) blocks: u64,
    pub(crate) bytes: u64,
    pub(crate) findings: Vec<Finding>,
    /// Blocks that are not counted yet. They were not as they must be in the file, which may have been written or
    /// closed at that moment: the owner has to read them again.
    pub(crate) doubtful: Vec<BlockIndex>,
}

/// Starts a thread for each core. They end when the sender is dropped.
pub(crate) fn start() -> (
    async_channel::Sender<Part>,
    async_channel::Receiver<Checked>,
) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (parts, queue) = async_channel::bounded::<Part>(2 * threads);
    let (checked, results) = async_channel::unbounded();
    for _ in 0..threads {
        let (queue, checked) = (queue.clone(), checked.clone());
        thread::spawn(move || {
            let mut room = Vec::new();
            while let Ok(part) = queue.recv_blocking() {
                if checked.send_blocking(part.check(&mut room)).is_err() {
                    return;
                }
            }
        });
    }
    (parts, results)
}

impl Part {
    /// Hashes it. `room` is for bytes that are read, and is kept from part to part.
    pub(crate) fn check(self, room: &mut Vec<u8>) -> Checked {
        let mut checked = Checked {
            findings: self.findings,
            ..Checked::default()
        };
        for (index, block) in self.read {
            checked.blocks += 1;
            checked.bytes += block.as_ref().map_or(0, |block| block.data.len() as u64);
            match block {
                Some(block) if block.is_intact() => {}
                Some(_) => checked
                    .findings
                    .push(Finding::block(index, "has another hash")),
                None => checked
                    .findings
                    .push(Finding::block(index, "cannot be read")),
            }
        }
        for placed in &self.placed {
            let (mut at, mut offset) = (placed.first, placed.offset);
            let mut rest = placed.leaves.as_slice();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(front(rest));
                let bytes = checked.piece(self.file.as_ref(), at, offset, piece, room);
                at += piece.len() as u64;
                offset = offset.saturating_add(bytes as u64);
                rest = after;
            }
        }
        checked
    }
}

impl Checked {
    /// Reads blocks of a file in one piece, and hashes them while they are in the cache. Gives their bytes.
    fn piece(
        &mut self,
        file: Option<&TrackedFile>,
        first: u64,
        offset: u64,
        leaves: &[(usize, Hash)],
        room: &mut Vec<u8>,
    ) -> usize {
        let bytes = leaves.iter().map(|(size, _)| size).sum();
        if room.len() < bytes {
            room.resize(bytes, 0);
        }
        let (mut data, _) = room.split_at_mut(bytes);
        let is_read = file.is_some_and(|file| file.read(offset, data).is_ok());
        for (at, (size, leaf)) in (first..).zip(leaves) {
            let (block, after) = data.split_at_mut(*size);
            data = after;
            if is_read && leaf_hash(block) == *leaf {
                self.blocks += 1;
                self.bytes += block.len() as u64;
            } else {
                self.doubtful.extend(BlockIndex::new(at));
            }
        }
        bytes
    }
}

/// How many blocks from the front are read together: one at least.
fn front(leaves: &[(usize, Hash)]) -> usize {
    let ends = leaves.iter().scan(0, |sum, (size, _)| {
        *sum += size;
        Some(*sum)
    });
    ends.take_while(|end| *end <= PIECE_BYTES).count().max(1)
}

/// Bytes read at once: they have to fit into the cache of a core with room to spare.
const PIECE_BYTES: usize = 256 << 10;
