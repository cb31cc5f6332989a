//! Hashing everything again.

use crate::driver::Owner;
use crate::hashers::{self, Checked, Part};
use crate::{Error, Feed};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_v2_feed::{self as v2, Finding, Slot, Suspect};
use std::ops::Range;

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

    fn add(&mut self, checked: Checked) -> Vec<BlockIndex> {
        self.blocks += checked.blocks;
        self.bytes += checked.bytes;
        self.findings.extend(checked.findings);
        checked.doubtful
    }
}

pub(crate) async fn verify(
    feed: &Feed,
    mut progress: impl FnMut(u64, u64),
) -> Result<VerifyReport, Error> {
    let slot = feed.slot()?;
    let total = feed.held_blocks();
    let mut report = VerifyReport::default();
    let mut doubtful = Vec::new();
    let mut add = |checked: Checked| {
        let doubtful = report.add(checked);
        progress(report.blocks, total.max(report.blocks));
        doubtful
    };
    let (parts, results) = hashers::start();
    let mut next = 0;
    loop {
        let part = feed
            .core()
            .call(move |owner| read(owner, slot, next))
            .await??;
        next = part.next;
        let is_last = part.is_last;
        // A hasher that is gone has panicked: its part is missed below.
        if parts.send(part).await.is_err() || is_last {
            break;
        }
        while let Ok(checked) = results.try_recv() {
            doubtful.extend(add(checked));
        }
    }
    drop(parts);
    while let Ok(checked) = results.recv().await {
        doubtful.extend(add(checked));
    }
    while !doubtful.is_empty() {
        let (part, left) = feed
            .core()
            .call(move |owner| read_again(owner, slot, doubtful))
            .await??;
        add(part.check(&mut Vec::new()));
        doubtful = left;
    }
    report.findings.sort_unstable();
    let block = |finding: &Finding| match finding.what {
        Suspect::Block(block) => Some(block.get()),
        _ => None,
    };
    report.corrupt = report.findings.iter().filter_map(block).collect();
    Ok(report)
}

/// The held blocks from `start` on, and what is wrong with the nodes over this part of the feed. Blocks in a file are
/// left to the hashers: reading them there, next to the hashing, spares a core the bytes that another has read.
fn read(owner: &mut Owner, slot: Slot, start: u64) -> Result<Part, Error> {
    let file = owner.file(slot);
    let (feed, store) = owner.feed_and_store(slot)?;
    let runs: Vec<Range<u64>> = feed
        .held()
        .runs(start..u64::MAX)
        .take(PART_BLOCKS as usize)
        .collect();
    let mut part = Part {
        file,
        next: feed.length(),
        is_last: true,
        ..Part::default()
    };
    let (mut blocks, mut placed_bytes, mut read_bytes) = (0, 0, 0);
    'runs: for run in runs {
        let mut at = run.start;
        while at < run.end {
            if blocks >= PART_BLOCKS || placed_bytes >= PLACED_BYTES || read_bytes >= READ_BYTES {
                (part.next, part.is_last) = (at, false);
                break 'runs;
            }
            let ahead = at..run.end.min(at + PART_BLOCKS - blocks);
            let next = match feed.placed(store, ahead, PLACED_BYTES - placed_bytes) {
                Ok(Some(placed)) if part.file.is_some() => {
                    let end = placed.end();
                    placed_bytes += placed.bytes();
                    part.placed.push(placed);
                    end
                }
                _ => {
                    if let Some(index) = BlockIndex::new(at) {
                        read_bytes += part.read(index, feed, store);
                    }
                    at + 1
                }
            };
            blocks += next - at;
            at = next;
        }
    }
    part.findings = feed.check_nodes(store, start..part.next)?;
    if part.is_last {
        part.findings.extend(feed.check_head(store)?);
    }
    Ok(part)
}

/// Blocks that were not as they must be when a hasher read them, and what is left of them for the next part. Here
/// nothing changes while they are read.
fn read_again(
    owner: &mut Owner,
    slot: Slot,
    mut blocks: Vec<BlockIndex>,
) -> Result<(Part, Vec<BlockIndex>), Error> {
    let (feed, store) = owner.feed_and_store(slot)?;
    let (mut part, mut bytes, mut count) = (Part::default(), 0, 0);
    for index in &blocks {
        if bytes >= READ_BYTES || part.read.len() as u64 >= PART_BLOCKS {
            break;
        }
        count += 1;
        // What a repair has dropped meanwhile is held no longer.
        if feed.has(*index) {
            bytes += part.read(*index, feed, store);
        }
    }
    Ok((part, blocks.split_off(count)))
}

impl Part {
    /// Reads a block here, and gives its bytes. What cannot be read is as bad as what is wrong.
    fn read(&mut self, index: BlockIndex, feed: &mut v2::Feed, store: &mut v2::Store) -> usize {
        let block = feed.block(store, index).ok().flatten();
        let bytes = block.as_ref().map_or(0, |block| block.data.len());
        self.read.push((index, block));
        bytes
    }
}

/// Blocks of one part: few enough that the owner soon has time for others, many enough to be worth a message.
const PART_BLOCKS: u64 = 1024;
/// Bytes of blocks in a file after which a part is full: a hasher is busy with them for some milliseconds, in which it
/// may wait for a core to ask for the next part.
const PLACED_BYTES: usize = 16 << 20;
/// Bytes read by the owner after which a part is full: they are in memory until a hasher is done with them.
const READ_BYTES: usize = 1 << 20;
