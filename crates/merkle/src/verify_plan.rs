use crate::{Anchor, MAX_SIZE, Node, TreeHash, Verified, VerifyError};
use alloc::vec::Vec;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};

/// How to verify a block: the way up from its leaf, worked out from indices alone (spec section 9).
///
/// First the plan, which says what stored nodes it [`reads`](Self::reads); then [`run`](Self::run), with these at hand.
/// Two rules are stricter than upstream's, and refuse nothing that an honest peer sends:
/// - The roots that are vouched for must be made from the block. Upstream takes any data for a block if only the proof
///   has the roots of a signed length.
/// - A node of the proof that is held already must have the same hash. Upstream replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyPlan {
    block: BlockIndex,
    /// Levels to climb.
    levels: u32,
    /// Bit k: the proof has the sibling at level k.
    given: u64,
    /// Bit k: the sibling at level k is held, and read.
    held: u64,
    end: End,
    reads: Vec<NodeIndex>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// At a node that is held.
    Held,
    /// At a root. Bit k: the k-th root is held, and read.
    Roots { length: u64, held: u64 },
}

impl VerifyPlan {
    /// Plans the verification of a block with a proof of these nodes. `held` tells which nodes are stored.
    ///
    /// # Errors
    /// The proof cannot be good, whatever is in its nodes.
    pub fn new(
        held: impl Fn(NodeIndex) -> bool,
        block: BlockIndex,
        proof_nodes: &[NodeIndex],
    ) -> Result<Self, VerifyError> {
        let mut plan = Self {
            block,
            levels: 0,
            given: 0,
            held: 0,
            end: End::Held,
            reads: Vec::new(),
        };
        let mut top = NodeIndex::leaf(block);
        let mut rest = proof_nodes;
        while !held(top) {
            let sibling = top.sibling();
            let after = after_first(rest, sibling);
            let is_held = held(sibling);
            if after.is_none() && !is_held {
                plan.end_at_roots(held, top, rest, proof_nodes)?;
                return Ok(plan);
            }
            plan.given |= u64::from(after.is_some()) << plan.levels;
            plan.held |= u64::from(is_held) << plan.levels;
            if is_held {
                plan.reads.push(sibling);
            }
            rest = after.unwrap_or(rest);
            plan.levels += 1;
            top = top.parent();
        }
        plan.reads.push(top);
        Ok(plan)
    }

    /// The stored nodes that [`run`](Self::run) needs, in the order it needs them. All are held.
    #[must_use]
    pub fn reads(&self) -> &[NodeIndex] {
        &self.reads
    }

    /// The first of the [`reads`](Self::reads): those whose size enters a hash.
    ///
    /// If one of them is not proven, a failure may be the fault of whoever sent that one, not of this proof.
    #[must_use]
    pub fn sized_reads(&self) -> &[NodeIndex] {
        let used = self.held & !self.given;
        // Up to the last one used, the siblings that are only compared counted too.
        let below = u64::MAX.checked_shr(used.leading_zeros()).unwrap_or(0);
        let count = (self.held & below).count_ones() as usize;
        self.reads.get(..count).unwrap_or_default()
    }

    /// Verifies.
    ///
    /// `leaf` is made of the block's data, `proof` has the nodes the plan was made for, `stored` those of
    /// [`reads`](Self::reads). The result counts only once its [anchor](Verified::anchor) is good. Costs a parent hash
    /// a level, and a roots hash if it ends there.
    ///
    /// # Errors
    /// The block is not what the proof proves, or the nodes handed in are not those planned for.
    pub fn run<T: TreeHash>(
        &self,
        leaf: Node,
        proof: &[Node],
        stored: &[Node],
    ) -> Result<Verified, VerifyError> {
        let (mut proof, mut stored) = (Nodes(proof), Nodes(stored));
        let mut top = leaf;
        if top.index != NodeIndex::leaf(self.block) {
            return Err(VerifyError::MissingNode {
                node: NodeIndex::leaf(self.block),
            });
        }
        let mut nodes = Vec::with_capacity(2 * self.levels as usize + 1);
        nodes.push(top);
        for level in 0..self.levels {
            let index = top.index.sibling();
            let held = bit(self.held, level)
                .then(|| stored.take(index))
                .transpose()?;
            let sibling = if bit(self.given, level) {
                let given = proof.take(index)?;
                check_equal(held.as_ref(), &given)?;
                given
            } else {
                held.ok_or(VerifyError::MissingNode { node: index })?
            };
            let parent = top.join::<T>(&sibling);
            top = parent.ok_or_else(|| VerifyError::SizeOverflow {
                node: index.parent(),
            })?;
            nodes.extend([sibling, top]);
        }
        let proven = nodes.len();
        let anchor = match self.end {
            End::Held => {
                check_equal(Some(&stored.take(top.index)?), &top)?;
                Anchor::Held
            }
            End::Roots { length, held } => {
                let roots = collect_roots(length, held, &top, &mut proof, &mut stored, &mut nodes)?;
                Anchor::Roots {
                    length,
                    hash: T::roots(&roots),
                    roots,
                    unread: proof.0.len(),
                }
            }
        };
        Ok(Verified {
            nodes,
            proven,
            anchor,
        })
    }

    /// Ends the climb at `top`: plans where the other roots come from.
    fn end_at_roots(
        &mut self,
        is_held: impl Fn(NodeIndex) -> bool,
        top: NodeIndex,
        mut rest: &[NodeIndex],
        proof_nodes: &[NodeIndex],
    ) -> Result<(), VerifyError> {
        let last = proof_nodes.last().copied().unwrap_or(top);
        let length = top.blocks().end.max(last.blocks().end);
        if length > BlockIndex::MAX.get() + 1 {
            return Err(VerifyError::TooFar { node: last });
        }
        let mut held = 0;
        let mut is_bound = false;
        for (root, place) in full_roots(length).zip(0_u32..) {
            if root == top {
                is_bound = true;
                continue;
            }
            let after = after_first(rest, root);
            rest = after.unwrap_or(rest);
            if is_held(root) {
                held |= 1 << place;
                self.reads.push(root);
            } else if after.is_none() {
                return Err(VerifyError::MissingNode { node: root });
            }
        }
        if !is_bound {
            return Err(VerifyError::Unbound { block: self.block });
        }
        self.end = End::Roots { length, held };
        Ok(())
    }
}

/// The full roots of a length. Those that were not held go to `nodes` as well.
fn collect_roots(
    length: u64,
    held: u64,
    top: &Node,
    proof: &mut Nodes<'_>,
    stored: &mut Nodes<'_>,
    nodes: &mut Vec<Node>,
) -> Result<Vec<Node>, VerifyError> {
    let indices = full_roots(length);
    let mut roots = Vec::with_capacity(indices.len());
    for (index, place) in indices.zip(0_u32..) {
        if index == top.index {
            roots.push(*top);
            continue;
        }
        let given = proof.take(index);
        if bit(held, place) {
            let root = stored.take(index)?;
            if let Ok(given) = given {
                check_equal(Some(&root), &given)?;
            }
            roots.push(root);
        } else {
            let root = given?;
            if root.size > MAX_SIZE {
                return Err(VerifyError::SizeOverflow { node: index });
            }
            nodes.push(root);
            roots.push(root);
        }
    }
    Ok(roots)
}

/// Nodes handed in, to be used in order.
struct Nodes<'a>(&'a [Node]);

impl Nodes<'_> {
    /// The next one, if it is this one.
    fn take(&mut self, index: NodeIndex) -> Result<Node, VerifyError> {
        match self.0.split_first() {
            Some((node, rest)) if node.index == index => {
                self.0 = rest;
                Ok(*node)
            }
            _ => Err(VerifyError::MissingNode { node: index }),
        }
    }
}

fn check_equal(held: Option<&Node>, node: &Node) -> Result<(), VerifyError> {
    match held {
        Some(held) if held.hash != node.hash => {
            Err(VerifyError::ChecksumMismatch { node: node.index })
        }
        _ => Ok(()),
    }
}

/// What comes after the first node, if that is this one.
fn after_first(nodes: &[NodeIndex], first: NodeIndex) -> Option<&[NodeIndex]> {
    match nodes.split_first() {
        Some((node, rest)) if *node == first && first <= NodeIndex::MAX => Some(rest),
        _ => None,
    }
}

const fn bit(bits: u64, place: u32) -> bool {
    bits >> place & 1 == 1
}
