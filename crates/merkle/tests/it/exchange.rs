//! Honest holders of parts of a growing feed, who ask one another.

use crate::holder::{Answer, Holder};
use crate::recursive::{Tree, block_data};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// The writer adds blocks and signs the new length.
    Append(u64),
    /// One asks another for a block, and the answer goes on its way.
    Ask {
        who: usize,
        whom: usize,
        block: u64,
        careful: bool,
    },
    /// The answer that came up first or last arrives.
    Deliver { last: bool },
    /// One lets the index know how far it is whole.
    Settle(usize),
}

pub(crate) const CLONES: usize = 3;

pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    let ask = (0..CLONES, 0..=CLONES, any::<u64>(), any::<bool>());
    prop_oneof![
        2 => (1_u64..8).prop_map(Step::Append),
        8 => ask.prop_map(|(who, whom, block, careful)| Step::Ask { who, whom, block, careful }),
        6 => any::<bool>().prop_map(|last| Step::Deliver { last }),
        1 => (0..CLONES).prop_map(Step::Settle),
    ]
}

/// The writer, last, and some clones.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) tree: Tree,
    pub(crate) holders: Vec<Holder>,
    pub(crate) under_way: Vec<(usize, Answer)>,
}

impl World {
    pub(crate) fn after(first: u64, steps: &[Step]) -> Self {
        let mut world = Self {
            holders: vec![Holder::default(); CLONES + 1],
            ..Self::default()
        };
        world.step(Step::Append(first));
        for step in steps {
            world.step(*step);
        }
        world
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Append(blocks) => {
                for _ in 0..blocks {
                    self.tree.push(block_data(self.tree.length()));
                }
                self.holders[CLONES] = Holder::writer(&self.tree, self.tree.length());
            }
            Step::Ask {
                who,
                whom,
                block,
                careful,
            } => {
                let block = block % self.tree.length();
                let asker = &self.holders[who];
                let digest = if careful {
                    asker.careful_digest(block)
                } else {
                    asker.digest(block)
                };
                let answer = self.holders[whom].answer(block, digest);
                self.under_way.extend(answer.map(|answer| (who, answer)));
            }
            Step::Deliver { last } => {
                if self.under_way.is_empty() {
                    return;
                }
                let at = if last { self.under_way.len() - 1 } else { 0 };
                let (who, answer) = self.under_way.remove(at);
                assert_eq!(self.holders[who].put(&answer), Ok(()), "{answer:?}");
                self.holders[who].assert_consistent();
            }
            Step::Settle(who) => {
                self.holders[who].settle();
                self.holders[who].assert_consistent();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_honest_holders_send_is_accepted_and_true(
        first in 1_u64..20,
        steps in prop::collection::vec(any_step(), 0..80),
    ) {
        let mut world = World::after(first, &steps);
        for who in 0..CLONES {
            for block in 0..world.tree.length() {
                world.step(Step::Ask { who, whom: CLONES, block, careful: false });
            }
        }
        while !world.under_way.is_empty() {
            world.step(Step::Deliver { last: world.under_way.len().is_multiple_of(2) });
        }
        for mut holder in world.holders {
            holder.settle();
            holder.assert_consistent();
            prop_assert!(holder.index.bits().is_empty());
            prop_assert_eq!(holder.nodes.len(), world.tree.nodes.len());
            for (index, (node, is_proven)) in holder.nodes {
                prop_assert!(is_proven, "{}", index);
                prop_assert_eq!(node, world.tree.nodes[&index]);
            }
        }
    }
}
