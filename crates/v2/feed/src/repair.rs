//! Dropping what cannot be trusted, and writing again what can be worked out.

use crate::head::Head;
use crate::layout::{Numbered, PAGE_NODES};
use crate::node_page::NodePage;
use crate::seal_pages::put_page;
use crate::stage::Sealed;
use crate::{Feed, FeedError, Store};
use hyperfeed_bitfield::{Bitfield, Page};
use hyperfeed_flat_tree::NodeIndex;
use hyperfeed_merkle::Node;
use std::collections::BTreeMap;

impl Feed {
    /// Puts a staged repair into the batch: all bitmap pages that differ, the nodes, and the head.
    pub(crate) fn seal_repair(&mut self, store: &mut Store) -> Result<(), FeedError> {
        let slot = self.record.slot;
        let Some(repaired) = &self.stage.repaired else {
            return Ok(());
        };
        store.note_resized();
        let mut head: Head = self.head.clone();
        head.contiguous = repaired.held.first_unset(0);
        head.held_blocks = repaired.held.count();
        head.held_bytes = repaired.held_bytes;
        for block in &repaired.dropped {
            store.part.delete(&Numbered::Block.key(slot, block.get()));
        }
        for length in &repaired.signatures {
            store.part.delete(&Numbered::Signature.key(slot, *length));
        }
        for node in &repaired.rewritten {
            for root in head
                .roots
                .iter_mut()
                .filter(|root| root.index == node.index)
            {
                *root = *node;
            }
        }
        let mut pages: BTreeMap<u64, Vec<(NodeIndex, Option<Node>)>> = BTreeMap::new();
        let dropped = repaired.dropped_nodes.iter().map(|node| (*node, None));
        let rewritten = repaired
            .rewritten
            .iter()
            .map(|node| (node.index, Some(*node)));
        for (index, node) in dropped.chain(rewritten) {
            let page = pages.entry(index.get() / PAGE_NODES).or_default();
            page.push((index, node));
        }
        for (number, changes) in pages {
            let mut page = match store.page(slot, number) {
                // What else was on it is lost, and found missing.
                Err(FeedError::Corrupt { .. }) => NodePage::new(),
                found => found?,
            };
            for (index, node) in changes {
                let place = index.get() % PAGE_NODES;
                match node {
                    Some(node) => page.set(place, node.size, &node.hash),
                    None => page.clear(place),
                }
            }
            store.put_page(slot, number, page);
        }
        let gaps = |held: &Bitfield, contiguous| {
            let mut gaps = held.clone();
            gaps.remove_range(0..contiguous);
            gaps
        };
        let before = gaps(&self.held, self.head.contiguous);
        let after = gaps(&repaired.held, head.contiguous);
        put_pages(
            store,
            |page| Numbered::Held.key(slot, page),
            &before,
            &after,
        );
        let (before, after) = (self.tree.bits(), repaired.tree.bits());
        put_pages(store, |page| Numbered::Tree.key(slot, page), before, after);
        let sealed = Sealed {
            head,
            record: None,
            waiting: Vec::new(),
            placed: Vec::new(),
            cursor: None,
        };
        self.finish_seal(store, sealed);
        Ok(())
    }
}

fn put_pages(
    store: &mut Store,
    key: impl Fn(u64) -> [u8; 13],
    before: &Bitfield,
    after: &Bitfield,
) {
    for (page, bits) in after.pages() {
        if before.page(page) != bits {
            put_page(store, &key(page), bits);
        }
    }
    for (page, _) in before.pages() {
        if after.page(page) == Page::Empty {
            put_page(store, &key(page), Page::Empty);
        }
    }
}
