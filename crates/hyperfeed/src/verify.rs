//! Hashing everything again.

use crate::driver::Owner;
use crate::{Error, Feed};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_v2_feed::{self as v2, Block, Finding, Slot, Suspect};
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
    /// All that is wrong: these blocks, and nodes and signatures of the tree over them.
    pub findings: Vec<Finding>,
}

impl VerifyReport {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, checked: Checked) {
        self.blocks += checked.blocks;
        self.bytes += checked.bytes;
        self.findings.extend(checked.findings);
    }
}

/// Blocks read together: few enough that the owner soon has time for others, many enough to be worth a message.
#[derive(Default)]
struct Batch {
    blocks: Vec<(BlockIndex, Option<Block>)>,
    /// What the owner found wrong with the nodes over them.
    findings: Vec<Finding>,
    next: u64,
    is_last: bool,
}

/// What a hashing thread found in a batch.
struct Checked {
    blocks: u64,
    bytes: u64,
    findings: Vec<Finding>,
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
        let is_last = batch.is_last;
        // A hasher that is gone has panicked: its batch is missed below.
        if checks.send(batch).await.is_err() || is_last {
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
    report.findings.sort_unstable();
    let block = |finding: &Finding| match finding.what {
        Suspect::Block(block) => Some(block.get()),
        _ => None,
    };
    report.corrupt = report.findings.iter().filter_map(block).collect();
    Ok(report)
}

/// The held blocks from `start` on, and what is wrong with the nodes over this part of the feed.
fn read(owner: &mut Owner, slot: Slot, start: u64) -> Result<Batch, Error> {
    let (feed, store) = owner.feed_and_store(slot)?;
    let runs: Vec<Range<u64>> = feed
        .held()
        .runs(start..u64::MAX)
        .take(BATCH_BLOCKS)
        .collect();
    let mut batch = Batch {
        next: feed.length(),
        is_last: true,
        ..Batch::default()
    };
    let mut bytes = 0;
    'runs: for run in runs {
        let mut at = run.start;
        while at < run.end {
            let room = BATCH_BLOCKS.saturating_sub(batch.blocks.len()) as u64;
            if room == 0 || bytes >= BATCH_BYTES {
                (batch.next, batch.is_last) = (at, false);
                break 'runs;
            }
            let read = piece(feed, store, at..run.end.min(at + room), BATCH_BYTES - bytes);
            at += read.len().max(1) as u64;
            bytes += read.iter().map(|(_, block)| size(block)).sum::<usize>();
            batch.blocks.extend(read);
        }
    }
    batch.findings = feed.check_nodes(store, start..batch.next)?;
    if batch.is_last {
        batch.findings.extend(feed.check_head(store)?);
    }
    Ok(batch)
}

/// Held blocks from the front of a piece, about `max_bytes` of them: read together, or one by one if one of them cannot
/// be read, for that alone tells which. What cannot be read is as bad as what is wrong.
fn piece(
    feed: &mut v2::Feed,
    store: &mut v2::Store,
    piece: Range<u64>,
    max_bytes: usize,
) -> Vec<(BlockIndex, Option<Block>)> {
    let indices = piece.clone().filter_map(BlockIndex::new);
    match feed.blocks(store, piece, max_bytes) {
        Ok(blocks) if !blocks.is_empty() => indices.zip(blocks.into_iter().map(Some)).collect(),
        _ => {
            let mut bytes = 0;
            let mut read = Vec::new();
            for index in indices {
                let block = feed.block(store, index).ok().flatten();
                bytes += size(&block);
                read.push((index, block));
                if bytes >= max_bytes {
                    break;
                }
            }
            read
        }
    }
}

fn size(block: &Option<Block>) -> usize {
    block.as_ref().map_or(0, |block| block.data.len())
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
                if checked.send_blocking(check(batch)).is_err() {
                    return;
                }
            }
        });
    }
    (checks, results)
}

fn check(batch: Batch) -> Checked {
    let mut checked = Checked {
        blocks: batch.blocks.len() as u64,
        bytes: batch
            .blocks
            .iter()
            .flat_map(|(_, block)| block)
            .map(|block| block.data.len() as u64)
            .sum(),
        findings: batch.findings,
    };
    for (index, block) in batch.blocks {
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
    checked
}

/// Blocks of one batch.
const BATCH_BLOCKS: usize = 1024;
/// Bytes after which a batch is full.
const BATCH_BYTES: usize = 1 << 20;
