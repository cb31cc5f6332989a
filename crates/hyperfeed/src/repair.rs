//! Verifying and repairing, until there is nothing left to do.

use crate::{Error, Feed, VerifyReport};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_v2_feed::{Finding, OnlyCopy};
use std::collections::BTreeSet;

/// What [`Feed::repair`] found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RepairReport {
    /// What was wrong at first.
    pub found: VerifyReport,
    /// Nodes of the tree that were worked out again from the blocks beneath them. Ascending.
    pub mended: Vec<NodeIndex>,
    /// Blocks that are held no longer: peers can send them again. Ascending.
    pub dropped: Vec<u64>,
    /// Blocks that are damaged and were kept, being perhaps the only copy. Ascending.
    pub kept: Vec<u64>,
    /// What is still wrong. Nothing, unless blocks were kept.
    pub left: Vec<Finding>,
}

impl RepairReport {
    /// Whether all that is held is as it should be. What was dropped may be missing.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.left.is_empty()
    }
}

/// What a repair drops can leave something else without a root, so it is followed by another look.
pub(crate) async fn repair(
    feed: &Feed,
    only_copy: OnlyCopy,
    mut progress: impl FnMut(u64, u64),
) -> Result<RepairReport, Error> {
    let found = crate::verify::verify(feed, &mut progress).await?;
    let mut report = RepairReport {
        left: found.findings.clone(),
        found,
        ..RepairReport::default()
    };
    let slot = feed.slot()?;
    let (mut mended, mut dropped) = (BTreeSet::new(), BTreeSet::new());
    while !report.left.is_empty() {
        let findings = report.left.clone();
        let done = feed
            .core()
            .call(move |owner| owner.repair(slot, &findings, only_copy))
            .await??;
        mended.extend(done.mended);
        dropped.extend(done.dropped.into_iter().map(BlockIndex::get));
        report.kept = done.kept.into_iter().map(BlockIndex::get).collect();
        let now = crate::verify::verify(feed, &mut progress).await?;
        let is_same = now.findings == report.left;
        report.left = now.findings;
        if is_same {
            break;
        }
    }
    report.mended = mended.into_iter().collect();
    report.dropped = dropped.into_iter().collect();
    Ok(report)
}
