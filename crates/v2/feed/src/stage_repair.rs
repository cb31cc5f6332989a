//! What to do about findings.

use crate::mend::Work;
use crate::stage::Repaired;
use crate::{Feed, FeedError, Finding, Store, Suspect};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};

/// Whether a repair may drop blocks of a feed that is written here: there may be no other copy of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlyCopy {
    /// Drop them as any others. The feed takes no more appends until they have been fetched again.
    Drop,
    /// Leave them as they are.
    Keep,
}

/// What a repair does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repair {
    /// Nodes that could be worked out again, ascending.
    pub mended: Vec<NodeIndex>,
    /// Blocks that are held no longer: peers can send them again. Ascending.
    pub dropped: Vec<BlockIndex>,
    /// Blocks that are damaged and were left, being the only copy. Ascending.
    pub kept: Vec<BlockIndex>,
}

impl Feed {
    /// Stages a repair of what was found: nodes are worked out again from what is beneath them, if the result fits what
    /// is above them; blocks and nodes that cannot be trusted are dropped. Nothing else can be staged beside it.
    ///
    /// What a repair drops can leave something else without a root: check again, until there are no findings.
    ///
    /// # Errors
    /// Something is staged; storage.
    pub fn stage_repair(
        &mut self,
        store: &mut Store,
        findings: &[Finding],
        only_copy: OnlyCopy,
    ) -> Result<Repair, FeedError> {
        self.ready(store)?;
        let mut work = Work::default();
        for finding in findings {
            match finding.what {
                Suspect::Node(node) => self.mend(store, node, &mut work)?,
                Suspect::Signature { length } => self.distrust_length(length, &mut work),
                Suspect::Block(_) => {}
            }
        }
        for finding in findings {
            if let Suspect::Block(block) = finding.what
                && !self.is_intact(store, block, &mut work)?
            {
                work.blocks.insert(block);
            }
        }
        self.stage_work(store, work, only_copy)
    }

    /// Stages the dropping of blocks, damaged or not. Their nodes stay, so they need no proof to come back.
    ///
    /// # Errors
    /// Something is staged; storage.
    pub fn stage_drop(
        &mut self,
        store: &mut Store,
        blocks: impl IntoIterator<Item = BlockIndex>,
        only_copy: OnlyCopy,
    ) -> Result<Repair, FeedError> {
        self.ready(store)?;
        let held = blocks.into_iter().filter(|block| self.has(*block));
        let work = Work {
            blocks: held.collect(),
            ..Work::default()
        };
        self.stage_work(store, work, only_copy)
    }

    fn stage_work(
        &mut self,
        store: &mut Store,
        mut work: Work,
        only_copy: OnlyCopy,
    ) -> Result<Repair, FeedError> {
        if !self.stage.is_empty() {
            return Err(FeedError::Repairing);
        }
        let mut repair = Repair::default();
        if self.record.writable && only_copy == OnlyCopy::Keep {
            // Without its nodes a block is worth nothing, but with a new signature of its owner it would be.
            repair.kept = core::mem::take(&mut work.blocks).into_iter().collect();
            work.nodes.clear();
        }
        work.mended.retain(|node, _| !work.nodes.contains(node));
        repair.dropped = work.blocks.iter().copied().collect();
        repair.mended = work.mended.keys().copied().collect();
        let (mut held, mut tree) = (self.held.clone(), self.tree.clone());
        for block in &repair.dropped {
            held.remove(block.get());
        }
        // What was counted for a damaged leaf may be wrong: count again.
        let mut held_bytes = 0u64;
        for block in held
            .runs(0..self.head.length)
            .flatten()
            .filter_map(BlockIndex::new)
        {
            let leaf = self.now(store, NodeIndex::leaf(block), &work)?;
            held_bytes = held_bytes.saturating_add(leaf.map_or(0, |leaf| leaf.size));
        }
        // The tree index implies no more than the blocks held without a gap.
        if let Some(first) = BlockIndex::new(held.first_unset(0)).map(NodeIndex::leaf)
            && tree.remove(first)
            && !work.nodes.contains(&first)
        {
            tree.insert(first);
        }
        for node in &work.nodes {
            tree.remove(*node);
        }
        for node in &work.marked {
            tree.insert(*node);
        }
        self.stage.repaired = Some(Repaired {
            held,
            tree,
            dropped: repair.dropped.clone(),
            dropped_nodes: work.nodes.into_iter().collect(),
            rewritten: work.mended.into_values().collect(),
            signatures: work.signatures,
            held_bytes,
        });
        Ok(repair)
    }
}
