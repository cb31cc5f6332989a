//! Hashing everything again.

use crate::driver::Owner;
use crate::{Error, Feed};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_merkle::TreeHash;
use hyperfeed_v2_crypto::Sha256Tree;
use hyperfeed_v2_feed::{Block, Slot};
use std::ops::Range;
use std::thread;

/// What [`Feed::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Blocks looked at: all that are held.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blocks that are not what was verified when they were stored, or cannot be read. Ascending.
    pub corrupt: Vec<u64>,
}

impl VerifyReport {
    /// Whether every block is what it should be.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.corrupt.is_empty()
    }
}

/// Blocks read together: few enough that the owner soon has time for others, many enough to be worth a message.
struct Batch {
    blocks: Vec<(u64, Option<Block>)>,
    next: u64,
}

/// What a hashing thread found in a batch.
struct Checked {
    blocks: u64,
    bytes: u64,
    corrupt: Vec<u64>,
}

pub(crate) async fn verify(
    feed: &Feed,
    mut progress: impl FnMut(u64, u64),
) -> Result<VerifyReport, Error> {
    let slot = feed.slot()?;
    let total = feed.held_blocks();
    let (checks, results) = hashers();
    let mut report = VerifyReport::default();
    let mut next = 0;
    loop {
        let batch = feed
            .core()
            .call(move |owner| read(owner, slot, next))
            .await??;
        next = batch.next;
        let is_last = batch.blocks.is_empty();
        // A hasher that is gone has panicked: its batch is missed below.
        if is_last || checks.send(batch).await.is_err() {
            break;
        }
        while let Ok(checked) = results.try_recv() {
            report.add(checked);
            progress(report.blocks, total.max(report.blocks));
        }
    }
    drop(checks);
    while let Ok(checked) = results.recv().await {
        report.add(checked);
        progress(report.blocks, total.max(report.blocks));
    }
    report.corrupt.sort_unstable();
    Ok(report)
}

impl VerifyReport {
    fn add(&mut self, checked: Checked) {
        self.blocks += checked.blocks;
        self.bytes += checked.bytes;
        self.corrupt.extend(checked.corrupt);
    }
}

/// The held blocks from `start` on.
fn read(owner: &mut Owner, slot: Slot, start: u64) -> Result<Batch, Error> {
    let runs: Vec<Range<u64>> = owner
        .open_feed(slot)?
        .held()
        .runs(start..u64::MAX)
        .take(BATCH_BLOCKS)
        .collect();
    let mut batch = Batch {
        blocks: Vec::new(),
        next: start,
    };
    let mut bytes = 0;
    for block in runs.into_iter().flatten() {
        let Some(index) = BlockIndex::new(block) else {
            break;
        };
        let Some((feed, store)) = owner.replicator.feed_and_store(slot) else {
            break;
        };
        // What cannot be read is as bad as what is wrong.
        let read = feed.block(store, index).ok().flatten();
        bytes += read.as_ref().map_or(0, |block| block.data.len());
        batch.blocks.push((block, read));
        batch.next = block + 1;
        if batch.blocks.len() >= BATCH_BLOCKS || bytes >= BATCH_BYTES {
            break;
        }
    }
    Ok(batch)
}

/// A thread for each core, which ends when the sender is dropped.
fn hashers() -> (
    async_channel::Sender<Batch>,
    async_channel::Receiver<Checked>,
) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (checks, batches) = async_channel::bounded::<Batch>(threads);
    let (checked, results) = async_channel::unbounded();
    for _ in 0..threads {
        let (batches, checked) = (batches.clone(), checked.clone());
        thread::spawn(move || {
            while let Ok(batch) = batches.recv_blocking() {
                if checked.send_blocking(check(&batch)).is_err() {
                    return;
                }
            }
        });
    }
    (checks, results)
}

fn check(batch: &Batch) -> Checked {
    let sound = |block: &Block| Sha256Tree::leaf(&block.data) == block.leaf;
    let corrupt = batch
        .blocks
        .iter()
        .filter(|(_, block)| !block.as_ref().is_some_and(sound));
    Checked {
        blocks: batch.blocks.len() as u64,
        bytes: batch
            .blocks
            .iter()
            .flat_map(|(_, block)| block)
            .map(|block| block.data.len() as u64)
            .sum(),
        corrupt: corrupt.map(|(block, _)| *block).collect(),
    }
}

/// Blocks of one batch.
const BATCH_BLOCKS: usize = 1024;
/// Bytes after which a batch is full.
const BATCH_BYTES: usize = 1 << 20;
